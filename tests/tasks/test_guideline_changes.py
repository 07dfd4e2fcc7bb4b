"""What changed in a guideline, as its reader sees it: marked inside blocks, whole where it must be, and never anything but text."""

import re
from difflib import SequenceMatcher

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation import differences, markdown
from foundation.differences import of_text
from tasks import guideline_changes
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


@settings(max_examples=80)
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


def paragraphs(words, n=600):
    return "\n\n".join(words.format(i=i, j=i * 7, k=i * 3) for i in range(n))


HEAVY = {
    "600 short paragraphs, all others": (
        paragraphs("Paragraph {i} says {j} and {k}"),
        paragraphs("Absatz {i} sagt nun {k} und {j}"),
    ),
    "one paragraph many times": ("a\n\n" * 16_000 + "b", "c\n\n" + "a\n\n" * 16_000),
    "paragraphs turned round": ("\n\n".join(map(str, range(4000))), "\n\n".join(map(str, reversed(range(4000))))),
    "two words": ("a b " * 1900 + "x", "y " + "b a " * 1900),
    "two words, of the greatest length": ("a b " * 24_000 + "x", "y " + "b a " * 24_000),
    "a list": ("\n".join(f"- item {i}" for i in range(3000)), "\n".join(f"- thing {i}" for i in range(3000))),
}


@pytest.mark.parametrize("name", HEAVY)
def test_a_comparison_takes_so_many_steps_and_no_more(name, monkeypatch):
    """Counted apart from the budget: the pairs of equal elements that difflib's searches really look at."""
    steps, search = [], SequenceMatcher.find_longest_match

    def counted(self, alo=0, ahi=None, blo=0, bhi=None):
        steps.append(sum(len(self.b2j.get(element, ())) for element in self.a[alo : len(self.a) if ahi is None else ahi]))
        return search(self, alo, ahi, blo, bhi)

    monkeypatch.setattr(SequenceMatcher, "find_longest_match", counted)
    old, new = HEAVY[name]
    parts = of_text(old, new)
    assert sum(steps) <= differences.WORK_MAX
    assert len(steps) <= differences.WORK_MAX // differences.WORK_OF_A_LOOK + 3 * len(new)
    shown = "".join(part.html for part in parts if part.kind != "removed")
    assert shown.count(new.split()[-1]) >= 1
    assert {part.kind for part in parts} - {"same"}


def test_what_can_be_compared_word_by_word_still_is():
    old, new = paragraphs("Paragraph {i} says {j} and {k}, as agreed"), paragraphs("Paragraph {i} says {j} or {k}, as agreed")
    parts = of_text(old, new)
    assert [part.kind for part in parts] == ["changed"] * 600
    assert all("<del>and</del><ins>or</ins>" in part.html for part in parts)


def test_what_both_texts_begin_and_end_with_needs_no_search():
    many = "\n\n".join(f"line {n % 50}" for n in range(900))
    parts = of_text(f"{many}\n\nold\n\n{many}", f"{many}\n\nnew\n\n{many}", budget=differences.Budget(2_000))
    assert [part.kind for part in parts if part.kind != "same"] == ["added", "removed"]
    assert len(parts) == 1_802


@pytest.mark.parametrize("block", ["*a* {}\n\n", "# {}\n", "- a {}\n", "> {}\r", "a {}\n"])
def test_a_comparison_reads_so_many_blocks_and_no_more(block, monkeypatch):
    """Counted apart from the budget: lines given to the reader, and pieces of HTML cleaned."""
    cleaned, read = [], []
    real, parse = markdown.safe, markdown._reader().parse
    for module in (markdown, differences):
        monkeypatch.setattr(module, "safe", lambda html: cleaned.append(1) or real(html))
    monkeypatch.setattr(markdown._reader(), "parse", lambda text, env: read.append(len(text.split())) or parse(text, env))
    old, new = ("".join(block.format(word) for _ in range(30_000))[:100_000] for word in "bc")
    parts = of_text(old, new)
    assert sum(read) <= 3 * differences.LINES_READ_MAX  # of at most three words
    assert len(cleaned) <= 3 * differences.LINES_READ_MAX
    assert {part.kind for part in parts} >= {"added"} or {part.kind for part in parts} & {"changed"}
    assert "".join(part.html for part in parts).count("c") >= new.count("c"), "nothing of it is lost"


def test_texts_beyond_the_budget_are_shown_as_they_were_written():
    budget = differences.Budget(lines=3)
    assert [part.kind for part in of_text("*a*\n\nb", "*a*", budget=budget)] == ["same", "removed"]
    parts = of_text("*a*", "*b* <i>", budget=budget)
    assert [(part.kind, part.html) for part in parts] == [("removed", "<pre>*a*</pre>"), ("added", "<pre>*b* &lt;i&gt;</pre>")]


def test_all_the_entries_of_a_guideline_share_one_budget(monkeypatch):
    spent = []

    class Counted(differences.Budget):
        def spend(self, steps):
            super().spend(steps)
            spent.append(steps)

    monkeypatch.setattr(guideline_changes, "Budget", Counted)
    before = [{"label": f"l{n}", "definition": "a b " * 400, "examples": []} for n in range(200)]
    after = [{"label": f"l{n}", "definition": "b a " * 400 + "c", "examples": []} for n in range(200)]
    changes = guideline_changes.of_entries(before, after)
    assert len(changes) == 200
    assert all(change.parts for change in changes)
    assert sum(spent) <= differences.WORK_MAX
