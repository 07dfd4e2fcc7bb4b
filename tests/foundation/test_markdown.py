"""Markdown becomes HTML that reads well and cannot do anything."""

from html.parser import HTMLParser

import pytest
from django.template import Context, Template

from foundation import markdown
from foundation.markdown import ATTRIBUTES, TAGS, Heading, html_of, outline_of, parts_of, safe

PICTURE = "/files/0190a0a0-1111-7111-8111-123456789abc/a%20cat.png"

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<details open ontoggle=alert(1)>x</details>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<style>@import 'https://evil.example/x.css'</style>",
    "<a href='javascript:alert(1)' style='position:fixed'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "![x](//evil.example/pixel.png)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    f"![x]({PICTURE}?for=a&next=https://evil.example)",
    f"![x](https://evil.example{PICTURE})",
    f'![x" onerror="alert(1)]({PICTURE})',
    f"![x]({PICTURE} '\" onload=\"alert(1)')",
    '[x](https://ok.example "\\" onmouseover=\\"alert(1)")',
    "# <img src=x onerror=alert(1)>",
    "| <script>alert(1)</script> |\n|--|\n| <b onclick=alert(1)>x</b> |",
    "```html\n<script>alert(1)</script>\n```",
    '``` "><script>alert(1)</script>\nx\n```',
    "[x]: javascript:alert(1)\n\n[x]",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
    "</p></main><script>alert(1)</script>",
    "<!-- --><script>alert(1)</script><!-- -->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
]


class _Reader(HTMLParser):
    """What a browser would find in the HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def _elements(html: str) -> list[tuple[str, dict[str, str]]]:
    reader = _Reader()
    reader.feed(html)
    return reader.found


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "wall", [html_of, safe, lambda text: "".join(parts_of(text))], ids=["both walls", "the second alone", "parts"]
)
def test_nothing_hostile_comes_through(wall, text):
    allowed = {"a": {"href", "title", "rel", "target"}, "img": {"src", "alt", "title", "loading"}, "div": {"class", "tabindex"}}
    for tag, attributes in _elements(wall(text)):
        assert tag in TAGS
        assert set(attributes) <= allowed.get(tag, ATTRIBUTES.get(tag, set()))
        assert attributes.get("href", "https:").startswith(("https:", "http:", "mailto:"))
        assert attributes.get("src", PICTURE).split("?")[0] == PICTURE
        assert "evil" not in attributes.get("src", "")


def test_headings_begin_below_the_page_s_own():
    assert html_of("# One\n\n###### Six") == "<h2>One</h2>\n<h6>Six</h6>\n"


def test_an_outline_names_the_ids_of_the_headings():
    text = "# One *and* `two`\n\n## <Three>\n"
    assert outline_of(text, anchors="g") == [Heading(1, "One and two", "g-0"), Heading(2, "<Three>", "g-1")]
    assert [attributes["id"] for _, attributes in _elements(html_of(text, anchors="g")) if "id" in attributes] == ["g-0", "g-1"]


def test_links_leave_without_telling_where_from():
    assert html_of("[x](https://ok.example)") == (
        '<p><a href="https://ok.example" target="_blank" rel="noopener noreferrer nofollow">x</a></p>\n'
    )


def test_a_picture_kept_here_is_shown_under_the_address_its_reader_is_given():
    html = html_of(f"![a cat]({PICTURE})", sign=lambda address: f"{address}?for=1:2-x_Y")
    assert html == f'<p><img src="{PICTURE}?for=1:2-x_Y" alt="a cat" loading="lazy"></p>\n'


def test_a_picture_from_elsewhere_is_told_and_not_loaded():
    assert html_of("![a cat](https://elsewhere.example/cat.png)") == "<p>a cat (https://elsewhere.example/cat.png)</p>\n"


def test_a_wide_table_scrolls_by_itself_and_numbers_stand_to_the_right():
    html = html_of("| a | b |\n|---|--:|\n| 1 | 2 |")
    assert html.startswith('<div class="scroll" tabindex="0"><table>')
    assert '<td class="number">2</td>' in html
    assert "style" not in html


def test_parts_are_the_outermost_blocks_in_order():
    text = "# a\n\nb\n\n- c\n- d\n\n> e\n\n---\n"
    parts = parts_of(text)
    assert [part.strip().split(">")[0] for part in parts] == ["<h2", "<p", "<ul", "<blockquote", "<hr"]
    assert "".join(parts) == html_of(text)


def test_the_filter_shows_nothing_for_nothing():
    template = Template("{% load markdown %}{{ text|markdown }}")
    assert template.render(Context({"text": None})) == ""
    assert template.render(Context({"text": "**a** <b>"})) == "<p><strong>a</strong> &lt;b&gt;</p>\n"


BRACKETS = {
    "pictures that never begin": "![" * 20_000,
    "links that never end": "[" * 100_000,
    "links in links": "[" * 10_000 + "](x)" * 10_000,
    "lines of open brackets": "[a\n" * 30_000,
    "many blocks of them": ("[" * 60 + "\n\n") * 1600,
}


@pytest.mark.parametrize("name", BRACKETS)
def test_the_work_for_brackets_is_bounded_and_no_word_is_lost(name, monkeypatch):
    text, work = BRACKETS[name], []
    parse = markdown._reader().inline.parse

    def counted(content, *rest):
        work.append(content.count("[") * len(content))
        return parse(content, *rest)

    monkeypatch.setattr(markdown._reader().inline, "parse", counted)
    html = html_of(text)
    assert sum(work) <= markdown.BRACKET_WORK_MAX
    assert html.count("[") == text.count("[")


def test_what_comes_behind_a_heavy_block_is_still_markdown():
    assert "<em>this</em>" in html_of("[" * 50_000 + "\n\n*this*")
    assert html_of("[a](https://ok.example) " * 100).count("<a ") == 100


@pytest.mark.parametrize(
    "text",
    [
        "|" + "a|" * 300 + "\n|" + "-|" * 300 + "\n" + "|\n" * 3_000,  # each short row would be filled up to 300 cells
        "a|b\n-|-\nx|y\n\n" * 1300,
        "|a|b|\n|-|-|\n" + "|x|y|\n" * 3900,
    ],
)
def test_tables_have_a_bound_and_the_rest_is_shown_as_it_was_written(text):
    html = html_of(text)
    assert 0 < html.count("<td") + html.count("<th>") <= markdown.CELLS_MAX
    assert html.rstrip().endswith("</p>")
    assert html_of("|a|b|\n|-|-|\n" + "|x|y|\n" * 1000).count("<tr>") == 1001


def test_a_text_that_is_too_long_is_shown_as_it_was_written():
    text = "*a* <b> " * 30_000
    assert len(text) > markdown.TEXT_MAX_CHARACTERS
    html = html_of(text)
    assert html.startswith("<pre><code>*a* &lt;b&gt;")
    assert outline_of("# a\n" * 60_000, anchors="x") == []
    assert len(parts_of(text)) == 1


@pytest.mark.parametrize("block", ["*a* b\n\n", "# a\n", "- a b\n", "1. a\r\n", "a\r", "> a\n\n", "a  \n"])
def test_so_many_lines_are_read_and_the_rest_stays_as_written(block, monkeypatch):
    read, parse = [], markdown._reader().parse
    monkeypatch.setattr(markdown._reader(), "parse", lambda text, env: read.append(text) or parse(text, env))
    text = block * 10_000
    html = markdown.html_of(text)
    assert sum(bool(line.strip()) for line in read[0].splitlines()) == markdown.LINES_MAX
    assert html.count("a") >= 10_000, "nothing of it is lost"
    assert html.rstrip().endswith("</pre>")
    assert "<pre>" not in markdown.html_of("".join([block] * markdown.LINES_MAX))


@pytest.mark.parametrize("mark", ["*a* ", "`a` ", "~~a~~ ", "<http://a.b> ", "_a_ "])
def test_so_many_marks_are_looked_at_and_further_blocks_stay_as_written(mark, monkeypatch):
    looked, parse = [], markdown._reader().inline.parse
    monkeypatch.setattr(
        markdown._reader().inline,
        "parse",
        lambda text, *rest: looked.append(len(markdown.MARK.findall(text))) or parse(text, *rest),
    )
    html = markdown.html_of((mark * 60 + "\n\n") * 200)
    assert 0 < sum(looked) <= markdown.MARKS_MAX
    assert html.count("<p>") == 200
