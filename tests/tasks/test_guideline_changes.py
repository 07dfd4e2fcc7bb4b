"""What changed in a guideline, as its reader sees it: marked inside blocks, whole where it must be, and never anything but text."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.differences import of_text
from tasks.guideline_changes import EntryChange, of_entries
from tests.foundation.test_markdown import HOSTILE, _elements

ENTRY = {"label": "b", "definition": "A colour.", "use_when": "", "do_not_use_when": "", "examples": []}
EXAMPLE = {"right": True, "text": "<b>red</b>", "image": "", "alt": "", "explanation": "Names *it*."}


def shown(old, new):
    return [(part.kind, str(part.html).strip()) for part in of_text(old, new)]


def test_words_are_marked_inside_a_paragraph_whose_elements_stayed():
    assert shown("Choose the **red** ball.", "Choose the **blue** ball.") == [
        ("changed", "<p>Choose the <strong><del>red</del><ins>blue</ins></strong> ball.</p>")
    ]


def test_blocks_that_came_and_went_are_shown_whole_and_in_place():
    assert shown("One.\n\nTwo.\n\nThree.", "One.\n\nThree.\n\nFour.") == [
        ("same", "<p>One.</p>"),
        ("removed", "<p>Two.</p>"),
        ("same", "<p>Three.</p>"),
        ("added", "<p>Four.</p>"),
    ]


def test_items_of_a_list_are_compared_one_by_one():
    [(kind, html)] = shown("- one\n- two\n- three\n- four\n", "- one\n- two b\n- four\n- five\n")
    assert kind == "changed"
    assert html.replace("\n", "") == (
        '<ul><li>one</li><li>two<ins> b</ins></li><li class="removed"><del>three</del></li><li>four</li>'
        '<li class="added"><ins>five</ins></li></ul>'
    )


def test_rows_of_a_table_are_compared_one_by_one_where_they_stand():
    [(kind, html)] = shown("| a | b |\n|--|--|\n| 1 | 2 |\n", "| a | b |\n|--|--|\n| 1 | 3 |\n| 4 | 5 |\n")
    assert kind == "changed"
    assert "<td><del>2</del><ins>3</ins></td>" in html
    assert re.search(r'<tr class="added">\s*<td><ins>4</ins></td>\s*<td><ins>5</ins></td>\s*</tr>\s*</tbody>', html)


def test_a_block_whose_elements_changed_is_shown_as_it_was_and_as_it_is():
    [(kind, html)] = shown("Choose the red ball now.", "Choose the *red* ball now.")
    assert kind == "changed"
    assert html == (
        '<div class="removed"><p>Choose the red ball now.</p>\n</div><div class="added"><p>Choose the <em>red</em> ball now.</p>\n</div>'
    )


def test_a_list_in_a_list_is_shown_whole():
    [(kind, html)] = shown("- a b c\n  - x y\n", "- a b c\n  - x y\n  - z\n")
    assert kind == "changed"
    assert html.count('<div class="removed">') == html.count('<div class="added">') == 1


def test_nothing_changed_is_all_the_same():
    text = "# A\n\n- b\n\n| c |\n|--|\n"
    assert {part.kind for part in of_text(text, text)} == {"same"}


def test_pictures_are_signed_and_no_change_by_it():
    count = iter(range(100))
    address = "/files/0190a0a0-1111-7111-8111-123456789abc/cat.png"
    parts = of_text(f"![x]({address})", f"![x]({address})", sign=lambda one: f"{one}?for={next(count)}")
    assert [part.kind for part in parts] == ["same"]
    assert f'src="{address}?for=' in parts[0].html


def test_entries_that_changed_came_or_went_are_named_by_label():
    old = [ENTRY, ENTRY | {"label": "c"}, ENTRY | {"label": "d"}]
    new = [
        ENTRY | {"label": "a", "use_when": "Now."},
        ENTRY | {"definition": "A named colour.", "examples": [EXAMPLE]},
        ENTRY | {"label": "d"},
    ]
    changes = of_entries(old, new)
    assert [(change.label, change.kind) for change in changes] == [("a", "added"), ("b", "changed"), ("c", "removed")]
    html = "".join(part.html for part in changes[1].parts)
    assert "A <ins>named </ins>colour." in html
    assert "&lt;b&gt;red&lt;/b&gt;" in html
    assert "<em>it</em>" in html
    assert isinstance(changes[0], EntryChange)
    assert of_entries(old, old) == []


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("other", ["", "Plain words of another kind.", "[x](https://ok.example) <b>x</b>"])
def test_nothing_hostile_comes_through_a_comparison(text, other):
    example = EXAMPLE | {"text": text, "explanation": text}
    entry = ENTRY | {"definition": text, "examples": [example]}
    for old, new in ((text, other), (other, text), (text, f"{text} more")):
        html = "".join(part.html for part in of_text(old, new))
        html += "".join(part.html for change in of_entries([ENTRY], [entry]) for part in change.parts)
        for tag, attributes in _elements(html):
            assert tag not in {"script", "style", "iframe", "svg", "math", "form", "button", "details", "b"}
            assert not [name for name in attributes if name.startswith("on") or name in ("style", "srcdoc")]
            assert attributes.get("href", "https:").startswith(("https:", "http:", "mailto:"))
            assert attributes.get("src", "/files/").startswith("/files/")


WORDS = st.lists(st.sampled_from(["one", "*two*", "three", "- four\n", "\n\n", "# five", "`six`", "<b>", "&amp;"]), max_size=25)


@settings(max_examples=80, deadline=None)
@given(WORDS, WORDS)
def test_without_what_went_a_comparison_says_what_is_new_and_without_what_came_what_was(old_words, new_words):
    """The words of the old text are all there as kept or gone, those of the new as kept or come."""
    old, new = " ".join(old_words), " ".join(new_words)
    parts = of_text(old, new)
    text = "".join(
        f'<div class="{part.kind}">{part.html}</div>' if part.kind in ("added", "removed") else part.html for part in parts
    )

    def without(tag: str, name: str) -> list[str]:
        left = re.sub(rf'<div class="{name}">.*?</div>|<li class="{name}">.*?</li>|<{tag}>.*?</{tag}>', " ", text, flags=re.S)
        return re.findall(r"one|two|three|four|five|six", left)

    assert sorted(without("del", "removed")) == sorted(re.findall(r"one|two|three|four|five|six", new))
    assert sorted(without("ins", "added")) == sorted(re.findall(r"one|two|three|four|five|six", old))
