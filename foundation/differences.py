"""What changed between two versions of a text, as a reader sees it: block by block, and word by word inside a block. Pure.

Blocks are compared as HTML. Where old and new have the same elements around other words, the words that went and came are marked with
<del> and <ins>; where a list or a table changed, its items are; anything else is shown whole, old and then new. Everything passes the wall
of `foundation.markdown` once more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

from django.utils.safestring import SafeString

from foundation.markdown import Sign, parts_of, safe

TOKEN = re.compile(r"<[^>]+>|[^<\s]+|\s+")
ITEM = re.compile(r"<li>.*?</li>|<tr>.*?</tr>", re.DOTALL)
ALIKE = 0.5  # a block with less in common with its successor is another block
WORDS_COMPARED_MAX = 4000  # of one block; a longer one is shown whole


@dataclass(frozen=True)
class Part:
    """A block of the new version, or one that is gone: `same`, `changed`, `added` or `removed`."""

    kind: str
    html: SafeString


def of_text(old: str, new: str, *, sign: Sign | None = None) -> list[Part]:
    """The blocks of both texts in reading order."""
    same = cache(sign) if sign else None  # signatures differ from one second to the next
    before, after = parts_of(old, sign=same), parts_of(new, sign=same)
    parts: list[Part] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            parts += [Part("same", html) for html in after[c:d]]
        else:
            parts += _replaced(before[a:b], after[c:d])
    return parts


def _replaced(before: Sequence[str], after: Sequence[str]) -> list[Part]:
    """Blocks that went and blocks that came: each new one beside the first old one left that is like it."""
    parts: list[Part] = []
    left = list(before)
    for html in after:
        like = next((n for n, old in enumerate(left) if _alike(old, html)), None)
        if like is None:
            parts.append(Part("added", safe(html)))
            continue
        parts += [Part("removed", safe(old)) for old in left[:like]]
        parts.append(Part("changed", safe(_marked(left[like], html))))
        left = left[like + 1 :]
    return [*parts, *(Part("removed", safe(old)) for old in left)]


def _alike(old: str, new: str) -> bool:
    if _name(old) != _name(new) or max(len(old), len(new)) > 20 * WORDS_COMPARED_MAX:
        return False
    return SequenceMatcher(None, _words(old), _words(new), autojunk=False).ratio() >= ALIKE


def _name(html: str) -> str:
    return html.lstrip()[:3]


def _words(html: str) -> list[str]:
    return [token for token in TOKEN.findall(html) if not token.startswith("<") and not token.isspace()]


def _marked(old: str, new: str) -> str:
    """The new block with what went and came marked inside it."""
    items_before, items_after = ITEM.findall(old), ITEM.findall(new)
    if (
        items_before and items_after and not any(item.count("<li>") > 1 for item in [*items_before, *items_after])
    ):  # no list in a list
        return _marked_items(items_before, items_after, new)
    if _tags(old) == _tags(new):
        return _marked_words(old, new)
    return f'<div class="removed">{old}</div><div class="added">{new}</div>'


def _marked_items(before: list[str], after: list[str], new: str) -> str:
    """The list or table with each item as it became; items that went stand before the one that follows them."""
    became: list[str] = [""] * len(after)
    trailing = ""
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            became[c:d] = after[c:d]
            continue
        pairs = min(b - a, d - c)
        for n in range(pairs):
            old, item = before[a + n], after[c + n]
            fits = _tags(old) == _tags(item)
            became[c + n] = _marked_words(old, item) if fits else _classed(old, "removed") + _classed(item, "added")
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


def _marked_words(old: str, new: str) -> str:
    """The words of both between the elements that both have: runs of text, compared one by one, so that no mark crosses an element."""
    out = []
    for was, now in zip(re.split(r"(<[^>]+>)", old), re.split(r"(<[^>]+>)", new), strict=True):
        out.append(now if was == now or now.startswith("<") else _marked_run(was, now))
    return "".join(out)


def _marked_run(old: str, new: str) -> str:
    before, after = re.findall(r"\s+|[^\s]+", old), re.findall(r"\s+|[^\s]+", new)
    if max(len(before), len(after)) > WORDS_COMPARED_MAX:
        return f"<del>{old}</del> <ins>{new}</ins>"
    out = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            out.append("".join(after[c:d]))
            continue
        gone, came = "".join(before[a:b]), "".join(after[c:d])
        out.append((f"<del>{gone}</del>" if gone.strip() else "") + (f"<ins>{came}</ins>" if came.strip() else came))
    return "".join(out)
