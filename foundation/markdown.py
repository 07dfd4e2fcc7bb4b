"""Markdown from anybody, as HTML that is safe to show anywhere: guidelines, lessons, instructions, messages.

Two walls. markdown-it makes HTML of Markdown alone (what looks like HTML stays text), and nh3 then lets only a closed list of elements,
attributes and address schemes through. Pictures are only those kept here (`/files/…`): a picture from elsewhere tells its host who reads
what and when, can change after review, and the content policy would not load it. Its description and address are shown instead.

The work is bounded, whatever the text: where brackets, marks, tables, lines or the length would cost more than it grows, they are shown as
they were written.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import table
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

TAGS = {
    *("h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "s", "ins", "del"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a", "img", "div"),
}
ATTRIBUTES = {
    **{f"h{level}": {"id"} for level in range(2, 7)},
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "div": {"tabindex"},
}
CLASSES = {
    "div": {"scroll", "added", "removed"},
    "li": {"added", "removed"},
    "tr": {"added", "removed"},
    "th": {"number"},
    "td": {"number"},
}
SCHEMES = {"http", "https", "mailto"}
PICTURE = re.compile(r"^/files/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/[^/?#\s]+(\?for=[\w:.-]+)?$")
DEEPEST = 6
TEXT_MAX_CHARACTERS = 200_000  # a longer one is shown as it was written
# An open bracket may look for its end as far as its block reaches. Of a text, so much of brackets × characters; further blocks stay as written.
BRACKET_WORK_MAX = 4_000_000
LINES_MAX = 4_000  # of a text, those not blank, are read: each may be a block, which costs as much as many words. What follows stays as written
MARKS_MAX = 20_000  # of all blocks of a text: characters that may begin something inside a line; further blocks stay as written
MARK = re.compile(r"[*_~`<&!\\\[\]]")
CELLS_MAX = 5_000  # of all tables of a text; further rows stay as written (a short row is filled up to the width of the first)

Sign = Callable[[str], str]  # the address of a file kept here → the address under which this reader may load it


@dataclass(frozen=True)
class Heading:
    """A line of a table of contents."""

    level: int  # 1 for the text's own highest
    title: str
    anchor: str


def html_of(text: str, *, sign: Sign | None = None, anchors: str = "") -> SafeString:
    """The text as safe HTML; its headings begin at h2, below the page's own h1.

    `sign` is asked for the address of each picture kept here. `anchors`, unique on the page, gives every heading the id that
    `outline_of` names.
    """
    tokens = _parsed(text)
    for n, token in enumerate([token for token in tokens if token.type == "heading_open"]):
        if anchors:
            token.attrSet("id", f"{anchors}-{n}")
    return safe(_written(tokens, sign))


def outline_of(text: str, *, anchors: str) -> list[Heading]:
    """The headings of a text in order, with the ids that `html_of` gives them under the same `anchors`."""
    tokens = _parsed(text)
    at = [i for i, token in enumerate(tokens) if token.type == "heading_open"]
    return [Heading(int(tokens[i].tag[1]) - 1, _plain(tokens[i + 1]), f"{anchors}-{n}") for n, i in enumerate(at)]


def parts_of(text: str, *, sign: Sign | None = None) -> list[SafeString]:
    """The HTML of each outermost block: paragraph, heading, list, table…; in order, the whole text."""
    tokens, parts, begin = _parsed(text), [], 0
    for i, token in enumerate(tokens):
        if token.level == 0 and token.nesting <= 0:
            parts.append(safe(_written(tokens[begin : i + 1], sign)))
            begin = i + 1
    return parts


def safe(html: str) -> SafeString:
    """HTML of our own making from anybody's words, with nothing left in it that runs, loads or styles."""
    return mark_safe(_cleaner().clean(html))  # noqa: S308 - this is the wall


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=TAGS,
        clean_content_tags={"script", "style"},
        attributes=ATTRIBUTES,
        attribute_filter=_kept,
        allowed_classes=CLASSES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}, "img": {"loading": "lazy"}},
    )


def _kept(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src":
        return value if PICTURE.match(value) else None
    return value


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    reader.block.ruler.at("table", _bounded_table, {"alt": ["paragraph", "reference"]})
    reader.core.ruler.at("inline", _bounded_inline)
    return reader


def _bounded_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The library's rule, for as many rows as CELLS_MAX leaves."""
    columns = state.src[state.bMarks[start] : state.eMarks[start]].count("|") + 1
    used = state.env.get("cells", 0)
    rows = (CELLS_MAX - used) // columns
    if rows < 2 or not table(state, start, min(end, start + rows), silent):
        return False
    if not silent:
        state.env["cells"] = used + columns * (state.line - start)
    return True


def _bounded_inline(state: StateCore) -> None:
    """The library's rule, for as many blocks as BRACKET_WORK_MAX and MARKS_MAX leave; the words of others are shown as they are."""
    used = marks = 0
    for token in state.tokens:
        if token.type != "inline":
            continue
        work = token.content.count("[") * len(token.content)
        token.children = []
        here = len(MARK.findall(token.content))
        if used + work > BRACKET_WORK_MAX or marks + here > MARKS_MAX:
            token.children.append(Token("text", "", 0, content=token.content))
        else:
            used, marks = used + work, marks + here
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _parsed(text: str) -> list[Token]:
    if len(text) > TEXT_MAX_CHARACTERS:
        return [Token("code_block", "code", 0, content=text.replace("\x00", ""), block=True)]
    read, rest = _readable(text.replace("\x00", ""))
    tokens = _reader().parse(read, {})
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, DEEPEST)}"
        elif token.type in ("th_open", "td_open"):
            token.attrs = (
                {"class": "number"} if "right" in str(token.attrGet("style")) else {}
            )  # the policy allows no style attribute
        elif token.type == "inline":
            token.children = [_link_instead(child) for child in token.children or []]
    if rest:
        tokens.append(Token("code_block", "code", 0, content=rest, block=True))
    return tokens


def lines_of(text: str) -> int:
    """How many lines of a text are read, at most LINES_MAX: what it costs to show it."""
    return min(LINES_MAX, sum(bool(line.strip()) for line in text.splitlines()))


def _readable(text: str) -> tuple[str, str]:
    """The text as far as LINES_MAX reaches, and what follows."""
    lines = at = 0
    for line in text.splitlines(keepends=True):
        lines += not line.isspace()
        if lines > LINES_MAX:
            return text[:at], text[at:]
        at += len(line)
    return text, ""


def _link_instead(token: Token) -> Token:
    """A picture from elsewhere as the words it stands for and its address, not loaded."""
    if token.type != "image" or PICTURE.match(str(token.attrGet("src"))):
        return token
    return Token("text", "", 0, content=" ".join(word for word in (token.content, f"({token.attrGet('src')})") if word))


def _written(tokens: list[Token], sign: Sign | None) -> str:
    for token in tokens:
        for child in token.children or []:
            if child.type == "image" and sign is not None:
                child.attrSet("src", sign(str(child.attrGet("src"))))
    html = _reader().renderer.render(tokens, _reader().options, {})
    # A table wider than the page scrolls in a frame of its own, also by the keyboard.
    return str(html).replace("<table>", '<div class="scroll" tabindex="0"><table>').replace("</table>", "</table></div>")


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or [] if child.type in ("text", "code_inline", "image"))


def pictures_of(text: str) -> list[str]:
    """The addresses of the pictures that `html_of` would show, in order."""
    children = [child for token in _parsed(text) for child in token.children or []]
    return [str(child.attrGet("src")) for child in children if child.type == "image"]
