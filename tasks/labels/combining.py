"""Many answers to one control, one outcome: the family's own vote, with what was given per region carried along."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tasks.labels.comparing import labelled
from tasks.labels.family import ITEM, WITH, Combined, Control
from tasks.labels.regions import SAME_REGION, Tagging

if TYPE_CHECKING:
    from tasks.labels.interfaces import Interface


def combine(interface: "Interface", name: str, answers: Sequence[Any], method: str) -> Combined:
    """See Interface.combine."""
    control = interface.controls[name]
    if control.per == ITEM:
        return _items(control, answers, method)
    if not control.has_regions:
        return control.combine(answers, method)
    seen = [labelled(interface, regions) for regions in answers]
    found = control.combine(seen, method)
    return Combined([_with_given(interface, control, one, seen) for one in found.value], found.confidence)


def _items(control: Control, answers: Sequence[Mapping[str, Any]], method: str) -> Combined:
    """Image by image, over those who answered it; the confidence is the mean."""
    items = sorted({item for answer in answers for item in answer}, key=int)
    found = {item: control.combine([answer[item] for answer in answers if item in answer], method) for item in items}
    sure = [one.confidence for one in found.values()]
    return Combined({item: one.value for item, one in found.items()}, sum(sure) / len(sure) if sure else 1.0)


def _with_given(interface: "Interface", control: Any, region: Mapping[str, Any], seen: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """A region of the outcome, with what the answers give for the regions that belong to it, and labels where the interface puts them."""
    own = [regions[j] for regions in seen for _, j, alike in control.pairs([region], regions) if alike >= SAME_REGION]
    given: dict[str, Any] = {}
    for name in sorted({name for one in own for name in one.get(WITH, {})}):
        beside = interface.controls[name]
        if not isinstance(beside, Tagging):
            given[name] = beside.combine([one[WITH][name] for one in own if name in one.get(WITH, {})], beside.consensus[0]).value
    kept = {name: value for name, value in region.items() if name not in (WITH, "labels")}
    if control.is_labelled:
        kept["labels"] = region["labels"]
    else:
        for name, beside in interface.controls.items():
            if isinstance(beside, Tagging) and (labels := sorted(set(region.get("labels", ())) & beside.labels)):
                given[name] = labels
    return kept | ({WITH: given} if given else {})
