"""How far apart whole answers are: control by control, and what is given per region between the regions that belong together."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tasks.labels.answers import RELATIONS
from tasks.labels.family import ITEM, WITH, Control
from tasks.labels.order import key_of
from tasks.labels.seeing import labels_in

if TYPE_CHECKING:
    from tasks.labels.interfaces import Interface


def match(interface: "Interface", answer: Mapping[str, Any], solution: Mapping[str, Any]) -> float:
    """See Interface.match."""
    scores = _scores(interface, answer, solution, list(solution), lambda control, a, b: control.match(a, b), named_by=1)
    return sum(scores) / len(scores) if scores else 1.0


def distance(interface: "Interface", a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """See Interface.distance."""
    names = [name for name in [*interface.controls, RELATIONS] if name in a or name in b]
    scores = _scores(interface, a, b, names, lambda control, x, y: 1.0 - control.distance(x, y))
    return 1.0 - sum(scores) / len(scores) if scores else 0.0


def labels_of(interface: "Interface", canonical: Mapping[str, Any]) -> frozenset[str]:
    """See Interface.labels_of."""
    found: set[str] = set()
    for name, value in canonical.items():
        if name == RELATIONS:
            found.update(label for relation in value for label in relation["labels"])
            continue
        control = interface.controls[name]
        for one in value.values() if control.per == ITEM else [value]:
            found |= control.labels_of(one)
        if control.has_regions:
            for region in value:
                for given, answer in region.get(WITH, {}).items():
                    found |= interface.controls[given].labels_of(answer)
    return frozenset(found)


def labelled(interface: "Interface", regions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The regions, each with all its labels under `labels`."""
    return [{**region, "labels": sorted(labels_in(interface, region))} for region in regions]


def _scores(
    interface: "Interface", a: Mapping[str, Any], b: Mapping[str, Any], names: Sequence[str], alike: Any, *, named_by: int = 0
) -> list[float]:
    """How alike two answers are in each of the named controls, and in what they give per region, each 0 to 1.

    What is given per region counts where either gives it; with named_by=1 only where the second, a solution, does.
    """
    scores: list[float] = []
    pairs: dict[str, list[tuple[int, int]]] = {}
    for name in names:
        if name == RELATIONS:
            continue
        control = interface.controls[name]
        if control.has_regions:
            left, right = (labelled(interface, answer.get(name, ())) for answer in (a, b))
            scores.append(alike(control, left, right))
            asked = {given for region in (left, right)[named_by:] for one in region for given in one.get(WITH, {})}
            if asked or RELATIONS in names:
                pairs[name] = [(i, j) for i, j, _ in control.pairs(left, right)]  # type: ignore[attr-defined]
            scores += _given(interface, left, right, pairs.get(name, []), alike, sorted(asked))
        elif control.per == ITEM:
            scores.append(_items(control, a.get(name, {}), b.get(name, {}), alike))
        else:
            scores.append(alike(control, a[name], b[name]) if name in a and name in b else 0.0)
    if RELATIONS in names:
        scores.append(_relations(a.get(RELATIONS, []), b.get(RELATIONS, []), pairs))
    return scores


def _given(
    interface: "Interface",
    left: Sequence[Any],
    right: Sequence[Any],
    pairs: Sequence[tuple[int, int]],
    alike: Any,
    asked: Sequence[str],
) -> list[float]:
    """What is given per region: how alike it is between regions that belong together, as an F1 over the regions that have it."""
    scores = []
    for name in asked:
        control = interface.controls[name]
        if control.result_type == "labels":
            continue  # labels count with the region itself
        both = [(left[i][WITH][name], right[j][WITH][name]) for i, j in pairs if _has(left[i], name) and _has(right[j], name)]
        count = sum(_has(region, name) for region in (*left, *right))
        scores.append(2.0 * sum(alike(control, x, y) for x, y in both) / count)
    return scores


def _has(region: Mapping[str, Any], name: str) -> bool:
    return name in region.get(WITH, {})


def _items(control: Control, a: Mapping[str, Any], b: Mapping[str, Any], alike: Any) -> float:
    """The mean over the images that either answers."""
    items = set(a) | set(b)
    return sum(alike(control, a[one], b[one]) for one in items if one in a and one in b) / len(items) if items else 1.0


def _relations(a: Sequence[Any], b: Sequence[Any], pairs: Mapping[str, Sequence[tuple[int, int]]]) -> float:
    """The F1 of relations: one is found again where both its regions belong together and direction and labels are the same."""
    if not a and not b:
        return 1.0
    over = {(name, i): [name, j] for name, found in pairs.items() for i, j in found}
    moved = []
    for one in a:
        ends = [over.get((end[0], end[1])) for end in (one["from"], one["to"])]
        if one["direction"] == "bi":
            ends = sorted(ends, key=key_of)
        moved.append(key_of(one | {"from": ends[0], "to": ends[1]}) if None not in ends else b"")
    there = [key_of(one) for one in b]
    return 2.0 * len(set(moved) & set(there)) / (len(set(moved)) + len(set(there)))
