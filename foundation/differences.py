"""What changed between two versions of a text, as a reader sees it: block by block, and word by word inside a block. Pure.

Blocks are compared as HTML. Where old and new have the same elements around other words, the words that went and came are marked with
<del> and <ins>; where a list or a table changed, its items are; anything else is shown whole, old and then new. Everything passes the wall
of `foundation.markdown` once more.

The work is bounded: a `Budget` counts the lines that are read and the steps of every search, and when it is used up what is left is shown
whole, old and then new.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from functools import cache
from itertools import accumulate
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from foundation.markdown import LINES_MAX, Sign, lines_of, parts_of, safe

TOKEN = re.compile(r"<[^>]+>|[^<\s]+|\s+")
ITEM = re.compile(r"<li>.*?</li>|<tr>.*?</tr>", re.DOTALL)
ALIKE = 0.5  # a block with less in common with its successor is another block
WORDS_COMPARED_MAX = 4000  # of one block; a longer one is shown whole
WORK_MAX = 1_500_000  # steps of one comparison: well under a second
LINES_READ_MAX = 2 * LINES_MAX  # of all texts of one comparison; two further ones are shown as they were written
WORK_OF_A_LOOK = 100  # what it takes to compare two blocks at all, in steps
LOOKED_AT_MAX = 30  # old blocks that a new one is compared with, in reading order


class TooDifferent(Exception):
    """The comparison has used up its steps."""


class Budget:
    """The lines that one comparison may read and the steps it may take, however many texts it is made of."""

    def __init__(self, steps: int = WORK_MAX, lines: int = LINES_READ_MAX) -> None:
        self.left, self.lines = steps, lines

    def read(self, *texts: str) -> None:
        """Take the lines of these texts, before they are read. Raises TooDifferent, then and from then on, when there are not enough."""
        wanted = sum(map(lines_of, texts))
        if wanted > self.lines:
            self.lines = 0
            raise TooDifferent
        self.lines -= wanted

    def spend(self, steps: int) -> None:
        """Take so many steps, before they are gone. Raises TooDifferent, then and from then on, when there are not enough."""
        if steps > self.left:
            self.left = 0
            raise TooDifferent
        self.left -= steps


class _Matcher(SequenceMatcher[Any]):
    """difflib's, on a budget: each search looks at every pair of equal elements in its range, and that is known beforehand."""

    def __init__(self, a: Sequence[Any], b: Sequence[Any], budget: Budget) -> None:
        budget.spend(WORK_OF_A_LOOK + len(a) + len(b))
        super().__init__(None, a, b, autojunk=False)
        self.budget, counts = budget, Counter(b)
        self.pairs = list(accumulate((1 + counts[element] for element in a), initial=0))

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        """As difflib's. Raises TooDifferent before it begins a search that it could not pay."""
        self.budget.spend(self.pairs[-1 if ahi is None else ahi] - self.pairs[alo])
        return super().find_longest_match(alo, ahi, blo, bhi)


@dataclass(frozen=True)
class Part:
    """A block of the new version, or one that is gone: `same`, `changed`, `added` or `removed`."""

    kind: str
    html: SafeString


def of_text(old: str, new: str, *, sign: Sign | None = None, budget: Budget | None = None) -> list[Part]:
    """The blocks of both texts in reading order. Several texts on one page share a `budget`."""
    budget = budget or Budget()
    try:
        budget.read(old, new)
    except TooDifferent:
        return _as_written(old, new)
    same = cache(sign) if sign else None  # signatures differ from one second to the next
    before, after = parts_of(old, sign=same), parts_of(new, sign=same)
    head, tail = _shared(before, after)
    parts = [Part("same", html) for html in after[:head]]
    inner_before, inner_after = before[head : len(before) - tail], after[head : len(after) - tail]
    try:
        for kind, a, b, c, d in _Matcher(inner_before, inner_after, budget).get_opcodes():
            if kind == "equal":
                parts += [Part("same", html) for html in inner_after[c:d]]
            else:
                parts += _replaced(inner_before[a:b], inner_after[c:d], budget)
    except TooDifferent:
        parts += [Part("removed", safe(html)) for html in inner_before] + [Part("added", safe(html)) for html in inner_after]
    return parts + [Part("same", html) for html in after[len(after) - tail :]]


def _as_written(old: str, new: str) -> list[Part]:
    """Both texts as they were written, nothing of them read."""
    if old == new:
        return [Part("same", safe(format_html("<pre>{}</pre>", new)))] if new else []
    return [Part(kind, safe(format_html("<pre>{}</pre>", text))) for kind, text in (("removed", old), ("added", new)) if text]


def _shared(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """How many blocks both begin with, and how many of the others both end with: no search is needed for those."""
    shorter, head, tail = min(len(before), len(after)), 0, 0
    while head < shorter and before[head] == after[head]:
        head += 1
    while tail < shorter - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return head, tail


def _replaced(before: Sequence[str], after: Sequence[str], budget: Budget) -> list[Part]:
    """Blocks that went and blocks that came: each new one beside the first of the next LOOKED_AT_MAX old ones that is like it."""
    parts: list[Part] = []
    begin = 0
    for html in after:
        like = _first_alike(before[begin : begin + LOOKED_AT_MAX], html, budget)
        if like is None:
            parts.append(Part("added", safe(html)))
            continue
        parts += [Part("removed", safe(old)) for old in before[begin : begin + like]]
        parts.append(Part("changed", safe(_marked(before[begin + like], html, budget))))
        begin += like + 1
    return [*parts, *(Part("removed", safe(old)) for old in before[begin:])]


def _first_alike(olds: Sequence[str], new: str, budget: Budget) -> int | None:
    """None also when there are no steps left to look with."""
    try:
        return next((n for n, old in enumerate(olds) if _alike(old, new, budget)), None)
    except TooDifferent:
        return None


def _alike(old: str, new: str, budget: Budget) -> bool:
    if _name(old) != _name(new) or max(len(old), len(new)) > 20 * WORDS_COMPARED_MAX:
        return False
    budget.spend((len(old) + len(new)) // 8)  # to find the words
    return _Matcher(_words(old), _words(new), budget).ratio() >= ALIKE


def _name(html: str) -> str:
    return html.lstrip()[:3]


def _words(html: str) -> list[str]:
    return [token for token in TOKEN.findall(html) if not token.startswith("<") and not token.isspace()]


def _marked(old: str, new: str, budget: Budget) -> str:
    """The new block with what went and came marked inside it; both whole when there are no steps left to find that."""
    try:
        return _marked_inside(old, new, budget)
    except TooDifferent:
        return _both_whole(old, new)


def _both_whole(old: str, new: str) -> str:
    return f'<div class="removed">{old}</div><div class="added">{new}</div>'


def _marked_inside(old: str, new: str, budget: Budget) -> str:
    items_before, items_after = ITEM.findall(old), ITEM.findall(new)
    if (
        items_before and items_after and not any(item.count("<li>") > 1 for item in [*items_before, *items_after])
    ):  # no list in a list
        return _marked_items(items_before, items_after, new, budget)
    if _tags(old) == _tags(new):
        return _marked_words(old, new, budget)
    return _both_whole(old, new)


def _marked_items(before: list[str], after: list[str], new: str, budget: Budget) -> str:
    """The list or table with each item as it became; items that went stand before the one that follows them."""
    became: list[str] = [""] * len(after)
    trailing = ""
    for kind, a, b, c, d in _Matcher(before, after, budget).get_opcodes():
        if kind == "equal":
            became[c:d] = after[c:d]
            continue
        pairs = min(b - a, d - c)
        for n in range(pairs):
            old, item = before[a + n], after[c + n]
            fits = _tags(old) == _tags(item)
            became[c + n] = _marked_words(old, item, budget) if fits else _classed(old, "removed") + _classed(item, "added")
        became[c + pairs : d] = [_classed(item, "added") for item in after[c + pairs : d]]
        gone = "".join(_classed(item, "removed") for item in before[a + pairs : b])
        if d > 0:
            became[d - 1] += gone
        else:
            trailing = gone
    between = ITEM.split(new)
    became[0] = trailing + became[0]
    return "".join(gap + item for gap, item in zip(between, [*became, ""], strict=True))


def _classed(item: str, name: str) -> str:
    mark = "ins" if name == "added" else "del"
    inner = re.sub(r">([^<]*[^<\s][^<]*)<", rf"><{mark}>\1</{mark}><", item)
    return f'{inner[:3]} class="{name}"{inner[3:]}'


def _tags(html: str) -> list[str]:
    return [token for token in TOKEN.findall(html) if token.startswith("<")]


def _marked_words(old: str, new: str, budget: Budget) -> str:
    """The words of both between the elements that both have: runs of text, compared one by one, so that no mark crosses an element."""
    out = []
    for was, now in zip(re.split(r"(<[^>]+>)", old), re.split(r"(<[^>]+>)", new), strict=True):
        out.append(now if was == now or now.startswith("<") else _marked_run(was, now, budget))
    return "".join(out)


def _marked_run(old: str, new: str, budget: Budget) -> str:
    before, after = re.findall(r"\s+|[^\s]+", old), re.findall(r"\s+|[^\s]+", new)
    if max(len(before), len(after)) > WORDS_COMPARED_MAX:
        return f"<del>{old}</del> <ins>{new}</ins>"
    out = []
    for kind, a, b, c, d in _Matcher(before, after, budget).get_opcodes():
        if kind == "equal":
            out.append("".join(after[c:d]))
            continue
        gone, came = "".join(before[a:b]), "".join(after[c:d])
        out.append((f"<del>{gone}</del>" if gone.strip() else "") + (f"<ins>{came}</ins>" if came.strip() else came))
    return "".join(out)
