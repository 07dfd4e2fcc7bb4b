"""What changed between two versions of the entries of a guideline, label by label; its text is compared by `foundation.differences`. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from foundation.differences import Budget, Part, of_text
from foundation.markdown import Sign, html_of, safe

FIELDS = ["definition", "use_when", "do_not_use_when"]


@dataclass(frozen=True)
class EntryChange:
    """What became of a label's entry: `changed`, `added` or `removed`, and its parts."""

    label: str
    kind: str
    parts: list[Part]


def of_entries(old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]], *, sign: Sign | None = None) -> list[EntryChange]:
    """The labels whose entry is not what it was, in the new order, then those whose entry is gone."""
    before, after = {entry["label"]: entry for entry in old}, {entry["label"]: entry for entry in new}
    changes, budget = [], Budget()
    for label in [*after, *(label for label in before if label not in after)]:
        was, now = before.get(label), after.get(label)
        if was == now:
            continue
        kind = "added" if was is None else "removed" if now is None else "changed"
        changes.append(EntryChange(label, kind, _entry_parts(was or {}, now or {}, sign, budget)))
    return changes


def _entry_parts(was: dict[str, Any], now: dict[str, Any], sign: Sign | None, budget: Budget) -> list[Part]:
    titles = {"definition": _("What it means"), "use_when": _("Use it when"), "do_not_use_when": _("Do not use it when")}
    parts: list[Part] = []
    for field in FIELDS:
        found = of_text(was.get(field, ""), now.get(field, ""), sign=sign, budget=budget)
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
