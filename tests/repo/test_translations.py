"""The second language is whole: everything that can be said is said in it, with the same values."""

import asyncio
import importlib.util

import orjson
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.conf import settings
from django.test import Client
from django.utils.translation import override

from config.serving.application import Application
from foundation.errors import told_again
from tasks import media
from tasks.errors import BadGuideline
from tests.browser import scenes as pages
from tests.tasks import scenes
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


# ---- refusals with values ----


def test_no_refusal_is_put_together_where_it_is_made(tmp_path):
    tool = the_tool()
    assert tool.patched() == []
    module = tmp_path / "sample.py"
    module.write_text(
        "def f(limit):\n"
        '    raise NotFound(f"At most {limit}.")\n'
        '    return NotFound("At most " + limit)\n'
        '    raise self.refuse(f"{limit}.x", "At most {}.".format(limit))\n'
        '    message = f"At most {limit}."\n'
        "    return NotFound(str(error))\n"
        '    message = _("At most %(limit)s.") % {"limit": limit}\n'
        '    raise self.refuse(f"{limit}.x", "At most %(limit)s.", limit=limit)\n'
    )
    assert sorted(tool.patched([module])) == [f"sample.py:{n}" for n in (2, 3, 4, 5, 6)]


def test_what_is_said_with_values_is_found(tmp_path):
    module = tmp_path / "sample.py"
    module.write_text(
        "def f(self, many):\n"
        '    raise self.refuse(where, "start of %(control)s is a number.")\n'
        '    message = "Too many." if many else "There are none."\n'
        '    return NotFound("<%(tag)s> is not here.", tag="x")\n'
    )
    found = {text for text, _ in the_tool().of_python(module)}
    assert found == {"start of %(control)s is a number.", "Too many.", "There are none.", "<%(tag)s> is not here."}


SPANISH = {
    "At most %(limit)s characters.": "%(limit)s caracteres como máximo.",
    "A rating is a whole number from 1 to %(most)s.": "Una valoración es un número entero de 1 a %(most)s.",
    "The body arrived too slowly; send at least %(limit)s bytes a second without long gaps. Nothing was kept.": "Demasiado lento: %(limit)s.",
    "Use one of %(known)s.": "Use uno de %(known)s.",
}


@pytest.fixture
def spanish(tmp_path, settings):
    """A second language in which a few messages are said."""
    folder = tmp_path / "es" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    catalog = Catalog(locale="es")
    for english, other in SPANISH.items():
        catalog.add(english, other)
    with (folder / "django.mo").open("wb") as stream:
        write_mo(stream, catalog)
    settings.LOCALE_PATHS = [str(tmp_path)]
    yield
    settings.LOCALE_PATHS = []


def test_a_refusal_is_told_with_its_values_in_the_language_of_who_reads_it(spanish):
    refusal = BadGuideline("At most %(limit)s characters.", field="text", limit=5, got=9)
    assert (refusal.message, str(refusal)) == ("At most 5 characters.",) * 2
    kept = refusal.kept() | {"line": 3}
    with override("es"):
        assert refusal.told() == "5 caracteres como máximo."
        assert told_again(kept) == {
            "line": 3,
            "code": "bad_guideline",
            "message": "5 caracteres como máximo.",
            "details": refusal.details,
        }
    assert told_again(kept)["message"] == refusal.message
    assert (
        told_again({"code": "x", "message": "Kept before: 7 %(limit)s", "details": {}})["message"] == "Kept before: 7 %(limit)s"
    )


def test_what_a_detail_says_is_not_read_as_a_message():
    refusal = BadGuideline("%(got)s is no label; nor is %(other)s.", got="%(limit)s and 100%", limit=5)
    assert refusal.message == "%(limit)s and 100% is no label; nor is %(other)s."


def test_the_bad_rows_of_an_upload_are_told_in_the_language_of_who_reads_them(spanish, db, rita):
    stars = '<View><Text name="t" value="$text"/><Rating name="stars" toName="t" maxRating="7"/></View>'
    batch = scenes.draft(rita, tasks=0, of=pages.project(rita, stars))
    rows = b'{"payload": {"text": "x"}, "solution": {"stars": 99}}'
    in_english = rita.upload(f"batches/{batch.id}/gold", rows).json()["errors"][0]
    assert in_english["message"] == "A rating is a whole number from 1 to 7."
    assert "template" not in in_english
    path = f"/api/v1/batches/{batch.id}/imports"
    listed = Client().get(path, headers=rita._headers(rita.now) | {"Accept-Language": "es"}).json()
    assert listed["results"][0]["errors"][0]["message"] == "Una valoración es un número entero de 1 a 7."


def test_what_is_refused_before_django_is_told_in_the_language_that_is_asked_for(spanish):
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "BREW",
        "path": "/",
        "headers": [(b"Accept-Language", b"es-MX,en;q=0.5")],
    }
    for language, said in ((b"es-MX,en;q=0.5", "Use uno de GET"), (b"xx", "Use one of GET"), (b"\xff, ;;", "Use one of GET")):
        sent: list[dict] = []

        async def send(message, sent=sent):
            sent.append(message)

        scope["headers"] = [(b"Accept-Language", language)]
        serve = Application(None, threads=1, max_bytes=1, admit=lambda headers: True, forwarded=False)
        asyncio.run(serve(scope, None, send))
        assert orjson.loads(sent[1]["body"])["message"].startswith(said)
