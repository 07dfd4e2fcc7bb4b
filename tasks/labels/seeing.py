"""Which questions a person could see: what hangs on a choice or a region that is not there is neither asked nor kept."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tasks.labels.choice import NESTED
from tasks.labels.effort import Effort
from tasks.labels.family import ITEM, OF, REGION, TASK, WITH, Condition, Control

if TYPE_CHECKING:
    from tasks.labels.interfaces import Interface


def leave_out_unseen(interface: "Interface", answers: dict[str, Any], effort: Effort) -> None:
    """Drop what was answered and then hidden again by another choice. Regions stay: they are marked on what is always seen."""
    for name, control in interface.controls.items():
        if not control.when or control.has_regions:
            continue
        if control.per == REGION:
            effort.take(_count(interface, answers))
            for owner, region in regions_for(interface, control, answers):
                if name in region.get(WITH, {}) and not is_seen(interface, control, answers, owner, region):
                    del region[WITH][name]
                    if not region[WITH]:
                        del region[WITH]
        elif name in answers and not is_seen(interface, control, answers, may_have_been=True):
            del answers[name]


def check_complete(interface: "Interface", answers: Mapping[str, Any], payload: Mapping[str, Any], effort: Effort) -> None:
    """Refuse an answer in which a required question that could be seen is open. Raises AnswerInvalid naming the control."""
    for name, control in interface.controls.items():
        if not control.required:
            continue
        open_still = not answers.get(name) if control.has_regions else name not in answers
        if control.per == TASK and open_still and is_seen(interface, control, answers):
            raise control.refuse("result", "This question must be answered.")
        if control.per == ITEM and is_seen(interface, control, answers):
            _check_items(interface, control, answers.get(name, {}), payload)
        if control.per == REGION:
            effort.take(_count(interface, answers))
            regions = regions_for(interface, control, answers)
            open_ones = sum(
                name not in region.get(WITH, {}) and is_seen(interface, control, answers, owner, region)
                for owner, region in regions
            )
            if open_ones:
                raise control.refuse("result", "This question must be answered for each region.", missing=open_ones)


def _check_items(interface: "Interface", control: Control, given: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
    shown = interface.objects[control.to_names[0]].content(payload)
    count = len(shown) if isinstance(shown, list) else 1
    if missing := [item for item in range(count) if str(item) not in given]:
        raise control.refuse("result", "This question must be answered for each image.", missing=len(missing))


def _count(interface: "Interface", answers: Mapping[str, Any]) -> int:
    return sum(len(answers.get(name, ())) for name in interface.regional)


def regions_for(interface: "Interface", control: Control, answers: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The regions on what a control labels, each with the name of the control it is a region of."""
    for owner in interface.regional:
        for region in answers.get(owner, ()):
            if region.get(OF, interface.controls[owner].to_names[0]) in control.to_names:
                yield owner, region


def is_seen(
    interface: "Interface",
    control: Control,
    answers: Mapping[str, Any],
    owner: str = "",
    region: Mapping[str, Any] | None = None,
    *,
    may_have_been: bool = False,
) -> bool:
    """Do all conditions hold? One about the chosen region, for a question that is not of a region, holds only `may_have_been`."""
    for condition in control.when:
        if condition.kind != "region-selected":
            made = _is_made(interface, condition, answers, region)
            if made != (condition.kind == "choice-selected"):
                return False
        elif region is None:
            if not may_have_been:
                return False
        elif not _is_such(interface, condition, owner, region):
            return False
    return True


def _is_such(interface: "Interface", condition: Condition, owner: str, region: Mapping[str, Any]) -> bool:
    """Is the region of the control, or on the object, and has it a label, that the condition names?"""
    control = interface.controls[owner]
    names = {owner, region.get(OF, control.to_names[0]), *region.get(WITH, {})}
    if condition.tag and condition.tag not in names:
        return False
    return not condition.values or bool(condition.values & labels_in(interface, region))


def labels_in(interface: "Interface", region: Mapping[str, Any]) -> frozenset[str]:
    """A region's labels: its own, or those that a `Labels` control beside it gave."""
    found = set(region.get("labels", ()))
    for name, value in region.get(WITH, {}).items():
        if interface.controls[name].result_type == "labels":
            found |= interface.controls[name].labels_of(value)
    return frozenset(found)


def _is_made(interface: "Interface", condition: Condition, answers: Mapping[str, Any], region: Mapping[str, Any] | None) -> bool:
    """Is one of the condition's choices made, or any where it names none?"""
    names = (
        [condition.tag]
        if condition.tag
        else [n for n, c in interface.controls.items() if c.result_type in {"choices", "taxonomy"}]
    )
    for name in names:
        control = interface.controls.get(name)
        if control is None:
            continue
        if control.per == REGION:
            values = [region[WITH][name]] if region is not None and name in region.get(WITH, {}) else []
        elif control.per == ITEM:
            values = list(answers.get(name, {}).values())
        else:
            values = [answers[name]] if name in answers else []
        made = {label for value in values for label in control.labels_of(value)}
        if made and (not condition.values or condition.values & (made | {label.split(NESTED)[-1] for label in made})):
            return True
    return False
