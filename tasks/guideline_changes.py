"""What changed between two versions of a guideline, as a reader sees it: block by block, and word by word inside a block. Pure.

Blocks are compared as HTML. Where old and new have the same elements around other words, the words that went and came are marked with
<del> and <ins>; where a list or a table changed, its items are; anything else is shown whole, old and then new. Everything passes the wall
of `foundation.markdown` once more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from foundation.markdown import Sign, html_of, parts_of, safe

TOKEN = re.compile(r"<[^>]+>|[^<\s]+|\s+")
ITEM = re.compile(r"<li>.*?</li>|<tr>.*?</tr>", re.DOTALL)
ALIKE = 0.5  # a block with less in common with its successor is another block
WORDS_COMPARED_MAX = 4000  # of one block; a longer one is shown whole
FIELDS = ["definition", "use_when", "do_not_use_when"]


@dataclass(frozen=True)
class Part:
    """A block of the new version, or one that is gone: `same`, `changed`, `added` or `removed`."""

    kind: str
    html: SafeString


@dataclass(frozen=True)
class EntryChange:
    """What became of a label's entry: `changed`, `added` or `removed`, and its parts."""

    label: str
    kind: str
    parts: list[Part]


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


def of_entries(old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]], *, sign: Sign | None = None) -> list[EntryChange]:
    """The labels whose entry is not what it was, in the new order, then those whose entry is gone."""
    before, after = {entry["label"]: entry for entry in old}, {entry["label"]: entry for entry in new}
    changes = []
    for label in [*after, *(label for label in before if label not in after)]:
        was, now = before.get(label), after.get(label)
        if was == now:
            continue
        kind = "added" if was is None else "removed" if now is None else "changed"
        changes.append(EntryChange(label, kind, _entry_parts(was or {}, now or {}, sign)))
    return changes


def _entry_parts(was: dict[str, Any], now: dict[str, Any], sign: Sign | None) -> list[Part]:
    titles = {"definition": _("What it means"), "use_when": _("Use it when"), "do_not_use_when": _("Do not use it when")}
    parts: list[Part] = []
    for field in FIELDS:
        found = of_text(was.get(field, ""), now.get(field, ""), sign=sign)
        if any(part.kind != "same" for part in found):
            parts += [Part("same", safe(format_html("<h4>{}</h4>", titles[field]))), *found]
    before, after = was.get("examples", []), now.get("examples", [])
    gone = [Part("removed", _example(one, sign)) for one in before if one not in after]
    came = [Part("added", _example(one, sign)) for one in after if one not in before]
    if gone or came:
        parts += [Part("same", safe(format_html("<h4>{}</h4>", _("Examples")))), *gone, *came]
    return parts


def _example(example: dict[str, Any], sign: Sign | None) -> SafeString:
    verdict = _("Right") if example["right"] else _("Wrong")
    if example["image"]:
        address = sign(example["image"]) if sign else example["image"]
        shown = format_html('<p><strong>{}</strong> <img src="{}" alt="{}"></p>', verdict, address, example["alt"])
    else:
        shown = format_html("<p><strong>{}</strong></p><blockquote>{}</blockquote>", verdict, example["text"])
    return safe(shown + html_of(example["explanation"], sign=sign))


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
