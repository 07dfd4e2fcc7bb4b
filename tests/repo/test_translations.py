"""The second language is whole: everything that can be said is said in it, with the same values."""

import importlib.util

import pytest
from django.conf import settings

from tasks import media
from workforce import limits

SPEC = importlib.util.spec_from_file_location("messages", settings.BASE_DIR / "tools" / "messages.py")


def the_tool():
    assert SPEC
    assert SPEC.loader
    tool = importlib.util.module_from_spec(SPEC)
    SPEC.loader.exec_module(tool)
    return tool


def test_the_second_language_is_complete():
    tool = the_tool()
    assert len(list(tool.template_catalog())) > 500
    assert tool.complaints() == []


def test_what_a_limit_counts_and_the_way_out_are_translated():
    found = {message for _, message, _ in the_tool().messages()}
    assert {str(words) for pair in limits.KINDS.values() for words in pair} <= found
    assert media.ENDED in found


def test_messages_are_found_where_they_are_said(tmp_path):
    tool = the_tool()
    module = tmp_path / "errors.py"
    module.write_text(
        "from django.utils.translation import gettext as _, ngettext, pgettext\n"
        'class Full(Conflict):\n    message = "There is no room left."\n'
        'def f(n):\n    _("One")\n    ngettext("%(n)d task", "%(n)d tasks", n)\n    pgettext("of a list", "Next")\n'
        '    raise BadRow("A row is wrong.", field="row")\n    raise OSError("Not one of ours.")\n'
    )
    found = set(tool.of_python(module))
    assert found == {
        ("There is no room left.", None),
        ("One", None),
        (("%(n)d task", "%(n)d tasks"), None),
        ("Next", "of a list"),
        ("A row is wrong.", None),
    }
    module = tmp_path / "paging.py"
    module.write_text(
        'class BadPage(Invalid):\n    code = "bad_page"\n    message = "There is no such page."\n'
        'class Note:\n    message = "No refusal at all."\n'
    )
    assert set(tool.of_python(module)) == {("There is no such page.", None)}
    template = "{% load i18n %}{% translate 'Menu' %} {% blocktranslate count n=m %}{{ n }} job{% plural %}{{ n }} jobs{% endblocktranslate %}"
    assert set(tool.of_template(template)) == {("Menu", None), (("%(n)s job", "%(n)s jobs"), None)}


def test_a_translation_that_names_other_values_is_told(tmp_path, monkeypatch):
    tool = the_tool()
    monkeypatch.setattr(tool, "LOCALES", tmp_path)
    monkeypatch.setattr(tool, "messages", lambda: iter([("x.html", "Until %(until)s", None), ("x.html", "Stop", None)]))
    tool.update()
    assert tool.complaints() == ["es: not translated: 'Until %(until)s'", "es: not translated: 'Stop'"]
    path = tool.path_of("es")
    path.write_text(
        path.read_text()
        .replace('"Until %(until)s"\nmsgstr ""', '"Until %(until)s"\nmsgstr "Hasta %(fin)s"')
        .replace('"Stop"\nmsgstr ""', '"Stop"\nmsgstr "Alto"')
    )
    assert tool.complaints() == ["es: names other values: 'Until %(until)s'"]


def test_check_fails_only_when_something_is_lacking(monkeypatch):
    tool = the_tool()
    monkeypatch.setattr("sys.argv", ["messages.py", "check"])
    for found, said in ([], None), (["es: missing: 'Stop'"], "es: missing: 'Stop'"):
        monkeypatch.setattr(tool, "complaints", lambda found=found: found)
        with pytest.raises(SystemExit) as left:
            tool.main()
        assert left.value.code == said
