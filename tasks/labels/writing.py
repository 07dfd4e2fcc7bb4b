"""From a canonical answer back to a result list, as the editor hands it in: with ids that are the same whenever it is written."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tasks.labels.answers import RELATIONS
from tasks.labels.family import ITEM, ITEM_KEY, OF, WITH, Control

if TYPE_CHECKING:
    from tasks.labels.interfaces import Interface


def result_of(interface: "Interface", canonical: Mapping[str, Any]) -> list[dict[str, Any]]:
    """See Interface.result_of."""
    result: list[dict[str, Any]] = []
    for name, control in interface.controls.items():
        if name not in canonical:
            continue
        if control.has_regions:
            for index, region in enumerate(canonical[name]):
                result += _region(interface, control, region, _id(name, index))
        elif control.per == ITEM:
            result += [_entry(control, value) | {"item_index": int(item)} for item, value in canonical[name].items()]
        else:
            result.append(_entry(control, canonical[name]))
    for one in canonical.get(RELATIONS, []):
        ends = {"from_id": _id(*one["from"]), "to_id": _id(*one["to"])}
        result.append({"type": "relation", **ends, "direction": one["direction"], "labels": one["labels"]})
    return result


def _id(control: str, index: int) -> str:
    return f"{control}-{index}"


def _entry(control: Control, value: Any) -> dict[str, Any]:
    to_name = control.name if control.result_type == "pairwise" else control.to_names[0]
    return {"from_name": control.name, "to_name": to_name, "type": control.result_type, **control.region_of(value)}


def _region(interface: "Interface", control: Control, region: Mapping[str, Any], known: str) -> list[dict[str, Any]]:
    """A region, and what is given for it: entries of one id, each with the region's place, as the editor writes them."""
    place = {"id": known, "to_name": region.get(OF, control.to_names[0])}
    if ITEM_KEY in region:
        place["item_index"] = region[ITEM_KEY]
    first = _entry(control, region) | place
    entries = [first]
    where = {key: value for key, value in first["value"].items() if key != control.value_key}
    for name, value in region.get(WITH, {}).items():
        own = _entry(interface.controls[name], value)
        entries.append({**first, **own, **place, "value": where | own["value"]})
    return entries
