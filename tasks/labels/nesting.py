"""How much work is HTML for a parser? Told by one linear scan, before it is parsed.

A parser of HTML looks through the open elements for many that it opens or closes, and opens formatting again that was left open (the
"adoption agency" and "reconstruction" of the HTML standard, 13.2.6). So it takes the square of the length for elements never closed.

The scan reads tags as the standard does and keeps what is open: exactly so for HTML that closes its elements in turn, or leaves out the end
tags that may be left out. Once one is closed out of turn, only what is innermost is taken for closed: the scan then counts more than a
parser has open, never fewer. HTML that people write is far below every bound.
"""

import re
from typing import NamedTuple

from django.utils.translation import gettext_noop

CHARACTERS_MAX = 200_000
DEPTH_MAX = 200  # elements open at once; one that is not closed in its turn counts to the end
ATTRIBUTES_MAX = 100  # of one element
REOPENED_MAX = 100_000  # the sum, over all elements, of the formatting elements open around each: so many a parser may open again
UNREAD_MAX = 1000  # elements from the first <svg>, <math>, <select>… on, inside which other rules hold

_SPACE = r"\t\n\f\r "
_VALUE = rf"\"[^\"]*+\"|'[^']*+'|(?=>)|[^{_SPACE}>\"'][^{_SPACE}>]*+"
_ATTRIBUTE = rf"(?:=[^{_SPACE}/>=]*+|[^{_SPACE}/>=]++)(?:[{_SPACE}]*+=[{_SPACE}]*+(?:{_VALUE}))?+"
ATTRIBUTE = re.compile(_ATTRIBUTE)
# A comment, what browsers take for one, or a tag.
TOKEN = re.compile(
    rf"<!--(?:-?>|.*?(?:--!?>|\Z))|<(?:[!?]|/(?![A-Za-z]))[^>]*+>?|<(/?)([A-Za-z][^{_SPACE}/>]*+)((?:[{_SPACE}/]++|{_ATTRIBUTE})*+)>?",
    re.DOTALL,
)

VOID = {
    *(
        "area",
        "base",
        "basefont",
        "bgsound",
        "br",
        "col",
        "embed",
        "frame",
        "hr",
        "image",
        "img",
        "input",
        "keygen",
        "link",
        "meta",
    ),
    *("param", "source", "track", "wbr"),
}
RAW = {"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"}
OTHER_RULES = {"svg", "math", "select", "template", "frameset", "noscript", "plaintext"}
FORMATTING = {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
P_ENDS = {  # whose start ends a <p>
    *("address", "article", "aside", "blockquote", "center", "div", "dl", "fieldset", "figcaption", "figure", "footer", "header"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "main", "nav", "ol", "p", "pre", "section", "ul", "li", "dd", "dt"),
}
CELLS, ROWS = {"td", "th"}, {"tbody", "thead", "tfoot"}
PARTS = CELLS | ROWS | {"tr", "caption", "colgroup"}
# What the start of an element ends, if it is the innermost; a <p> may be left open in it.
ENDED_BY_START = (
    {"li": {"li"}, "dd": {"dd", "dt"}, "dt": {"dd", "dt"}}
    | dict.fromkeys(CELLS, CELLS)
    | {"tr": CELLS | {"tr"}}
    | dict.fromkeys(ROWS, CELLS | ROWS | {"tr", "caption", "colgroup"})
)
# What may be left open in an element when it ends, besides a <p>.
ENDED_BY_END = {
    **dict.fromkeys(("ul", "ol"), {"li"}),
    "dl": {"dd", "dt"},
    "ruby": {"rt", "rp"},
    "tr": CELLS,
    **dict.fromkeys(ROWS, CELLS | {"tr"}),
    "table": PARTS,
}
INLINE = FORMATTING | {"span", "ruby", "rt", "rp", "label", "abbr", "sub", "sup", "mark"}
WEIGHT = {"table": 3}  # with the <tbody> and <tr> that nobody has to write


class TooMuch(NamedTuple):
    """What is too much about some HTML: a message that names the `limit`."""

    message: str
    limit: int


LONG = gettext_noop("This HTML has more than %(limit)s characters. Show less of it.")
MANY_ATTRIBUTES = gettext_noop("An element of this HTML has more than %(limit)s attributes. Leave out those that show nothing.")
DEEP = gettext_noop(
    "This HTML has more than %(limit)s elements open at once. Nest less deeply, and close the elements in the reverse order of opening them."
)
LEFT_OPEN = gettext_noop("This HTML leaves formatting open (<b>, <font>, <a>…) around too many elements. Close it where it ends.")
UNREAD = gettext_noop(
    "This HTML has more than %(limit)s elements from the first <svg>, <math>, <select>, <template> or <noscript> on. None of these is "
    "shown: leave them out."
)


def too_much(html: str, *, slack: int = 1) -> TooMuch | None:
    """What is too much about it, if anything; None where it is cheap to parse. Linear in its length. `slack` widens every
    bound so many times.
    """
    if len(html) > slack * CHARACTERS_MAX:
        return TooMuch(LONG, slack * CHARACTERS_MAX)
    return _Scan(html, slack).run() if "<" in html else None


class _Scan:
    def __init__(self, html: str, slack: int) -> None:
        self.html, self.slack = html, slack
        self.open: list[str] = []
        self.depth = self.formatting = self.reopened = 0
        self.in_turn = True

    def run(self) -> TooMuch | None:
        at = 0
        while found := TOKEN.search(self.html, at):
            at, name = found.end(), (found[2] or "").lower()
            if name and found[1]:
                self._end(name)
            elif name:
                if sum(1 for _ in ATTRIBUTE.finditer(found[3])) > self.slack * ATTRIBUTES_MAX:
                    return TooMuch(MANY_ATTRIBUTES, ATTRIBUTES_MAX)
                ends = self._end_of_raw(name, at) if name in RAW else at
                if name in OTHER_RULES or name == "script" and "<!--" in self.html[at:ends]:
                    return self._unread(found.start())
                self._start(name)
                at = ends
                if wrong := self._over():
                    return wrong
        return None

    def _over(self) -> TooMuch | None:
        if self.depth > self.slack * DEPTH_MAX:
            return TooMuch(DEEP, DEPTH_MAX)
        self.reopened += self.formatting
        if self.reopened > self.slack * REOPENED_MAX:
            return TooMuch(LEFT_OPEN, REOPENED_MAX)
        return None

    def _end_of_raw(self, name: str, at: int) -> int:
        found = re.compile(rf"</{name}(?=[{_SPACE}/>])", re.IGNORECASE).search(self.html, at)
        return found.start() if found else len(self.html)

    def _unread(self, at: int) -> TooMuch | None:
        if sum(1 for _ in re.finditer("<[A-Za-z]", self.html[at:])) <= self.slack * UNREAD_MAX:
            return None
        return TooMuch(UNREAD, UNREAD_MAX)

    def _start(self, name: str) -> None:
        if name in PARTS and "table" not in self.open:
            self.in_turn = False  # a parser takes no notice of it
        elif name in P_ENDS and self.open[-1:] == ["p"]:
            self._pop()
        if ended := ENDED_BY_START.get(name):
            while self.open and self.open[-1] in ended:
                self._pop()
        if name in ("rt", "rp") and self.open[-2:] in (["ruby", "rt"], ["ruby", "rp"]):
            self._pop()
        self.in_turn &= self._is_in_place(name)
        if name not in VOID:
            self.open.append(name)
            self.depth += WEIGHT.get(name, 1)
            self.formatting += name in FORMATTING

    def _is_in_place(self, name: str) -> bool:
        """Is nothing open that the start of this would end, besides what was ended just now?"""
        last = self.open[-1] if self.open else ""
        if name in PARTS:
            return last == "table" or last in PARTS
        if name == "table" and "table" in self.open:
            return last not in PARTS - CELLS - {"caption"} and last != "table" and self._is_in_cell()
        if name in ("li", "dd", "dt"):
            return last in ("", "ul", "ol", "dl")
        if name in ("a", "nobr", "button", "form"):
            return name not in self.open
        return not (name in P_ENDS and "p" in self.open) and (last not in PARTS - CELLS - {"caption"} and last != "table")

    def _is_in_cell(self) -> bool:
        inner = self.open[len(self.open) - self.open[::-1].index("table") :]
        return any(one in CELLS or one == "caption" for one in inner)

    def _end(self, name: str) -> None:
        """Close it, if it is innermost but for what may be left open in it."""
        left = {"p"} if name not in INLINE else set()
        if self.in_turn:
            left |= ENDED_BY_END.get(name, set())
        for n in reversed(range(len(self.open))):
            if self.open[n] == name:
                while len(self.open) > n:
                    self._pop()
                return
            if self.open[n] not in left:
                self.in_turn = self.in_turn and name not in self.open
                return

    def _pop(self) -> None:
        name = self.open.pop()
        self.depth -= WEIGHT.get(name, 1)
        self.formatting -= name in FORMATTING
