"""From a result list to a canonical answer: each entry to its control, what is given per region to its region, what is missing told."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from tasks.labels import seeing
from tasks.labels.effort import ENTRY, Effort
from tasks.labels.errors import AnswerInvalid
from tasks.labels.family import ITEM, ITEM_KEY, LISTED_MAX, OF, REGION, WITH, Control, Region, is_number
from tasks.labels.objects import ITEMS_MAX, Shown
from tasks.labels.order import in_order, key_of

if TYPE_CHECKING:
    from tasks.labels.interfaces import Interface

ENTRIES_MAX = 5_000  # of a result list
REGIONS_MAX = 1_000  # of one control
RELATIONS_MAX = 2_000
ID_MAX_CHARACTERS = 200
RELATIONS = "relations"  # where they stand in a canonical answer

ENTRY_FIELDS = {
    *("id", "from_name", "to_name", "type", "value", "origin", "score", "meta", "hidden", "readonly", "parentID", "item_index"),
    *("original_width", "original_height", "image_rotation", "original_length", "locked", "lockedregion", "text", "interpolated"),
}
RELATION_FIELDS = {"type", "from_id", "to_id", "direction", "labels"}
NOTHING_SHOWN = Shown("", "", None)  # what a page in a frame shows is its own


class _Reading:
    """A result list being read: regions by control and id, and the answers so far."""

    def __init__(self, interface: "Interface", payload: Mapping[str, Any], effort: Effort) -> None:
        self.interface, self.payload, self.effort = interface, payload, effort
        self.answers: dict[str, Any] = {}
        self.by_id: dict[str, list[dict[str, Any]]] = {}  # id → canonical regions, in the order of the result
        self.regions: dict[tuple[str, str], dict[str, Any]] = {}  # (control, id) → canonical region
        self.on: dict[int, str] = {}  # id() of a canonical region → the object it lies on

    def region(self, control: Control, entry: Region) -> None:
        """One region of a control that has any number of them."""
        found = self.answers.setdefault(control.name, [])
        if len(found) == REGIONS_MAX:
            raise control.refuse(entry.where, "There are too many regions.", limit=REGIONS_MAX)
        one = control.canonical(entry)
        if entry.shown.is_listed:
            one[ITEM_KEY] = _item_of(control, entry)
        if len(control.to_names) > 1:
            one[OF] = entry.shown.name
        known = (control.name, str(entry.raw.get("id", f"\0{len(self.regions)}")))
        if known in self.regions:
            raise control.refuse(f"{entry.where}.id", "Two regions have the same id.", got=known[1][:60])
        self.regions[known] = one
        self.by_id.setdefault(known[1], []).append(one)
        self.on[id(one)] = entry.shown.name
        found.append(one)

    def of_region(self, control: Control, entry: Region) -> None:
        """What is given for one region: the entry has the region's id."""
        wanted = str(entry.raw.get("id", ""))
        owners = self.by_id.get(wanted, [])
        control.spend(entry, len(owners))
        owner = next((one for one in owners if self.on[id(one)] in control.to_names), None)
        if owner is None:
            raise control.refuse(f"{entry.where}.id", "This belongs to a region, and no region has its id.", got=wanted[:60])
        own = owner.setdefault(WITH, {})
        if control.name in own:
            raise control.refuse(entry.where, "This region is answered twice.")
        own[control.name] = control.canonical(entry)

    def of_item(self, control: Control, entry: Region) -> None:
        """What is given for one of several images."""
        own = self.answers.setdefault(control.name, {})
        item = str(_item_of(control, entry))
        if item in own:
            raise control.refuse(entry.where, "This image is answered twice.")
        own[item] = control.canonical(entry)

    def once(self, control: Control, entry: Region) -> None:
        """The one answer to a control."""
        if control.name in self.answers:
            raise control.refuse(entry.where, "This control is answered twice.")
        self.answers[control.name] = control.canonical(entry)


def encoded(result: Any) -> bytes:
    """A result as the database keeps it. Raises AnswerInvalid for what JSON and the database cannot hold, or holds too deep."""
    try:
        written = orjson.dumps(result, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:  # nested 254 deep, or a whole number beyond 64 bits
        raise AnswerInvalid("The result is nested too deeply, or has a number that is too large.", field="result") from error
    if b"\\u0000" in written:
        raise AnswerInvalid("The result contains a NUL character.", field="result")
    return written


def canonical(interface: "Interface", result: Any, payload: Any, *, whole: bool, effort: Effort) -> dict[str, Any]:
    """See Interface.canonical."""
    if not isinstance(result, list):
        raise AnswerInvalid("A result is a list of regions.", field="result")
    if len(result) > ENTRIES_MAX:
        raise AnswerInvalid("The result has too many entries.", field="result", limit=ENTRIES_MAX, got=len(result))
    payload = payload if isinstance(payload, Mapping) else {}
    reading = _Reading(interface, payload, effort)
    relations: list[tuple[str, Mapping[str, Any]]] = []
    later: list[tuple[Control, Region]] = []
    for index, raw in enumerate(result):
        where = f"result[{index}]"
        if isinstance(raw, dict) and raw.get("type") == "relation":
            relations.append((where, raw))
            continue
        control, entry = _entry(reading, raw, where)
        control.spend(entry, ENTRY)
        if control.per == REGION:
            later.append((control, entry))  # its region may come after it
        elif control.has_regions:
            reading.region(control, entry)
        elif control.per == ITEM:
            reading.of_item(control, entry)
        else:
            reading.once(control, entry)
    for control, entry in later:
        reading.of_region(control, entry)
    seeing.leave_out_unseen(interface, reading.answers, reading.effort)
    if whole:
        reading.answers |= {name: [] for name in interface.regional if name not in reading.answers}
        seeing.check_complete(interface, reading.answers, payload, reading.effort)
    related = _relations(interface, reading, relations)
    return _ordered(interface, reading.answers) | related


def _entry(reading: _Reading, raw: Any, where: str) -> tuple[Control, Region]:
    """An entry's control, and what the entry is about. Raises AnswerInvalid."""
    interface = reading.interface
    if not isinstance(raw, dict) or not isinstance(raw.get("value"), dict):
        raise AnswerInvalid("A region is an object with from_name, to_name, type and value.", field=where)
    if unknown := set(raw) - ENTRY_FIELDS:
        raise AnswerInvalid("A region has no such field.", field=f"{where}.{sorted(unknown)[0][:60]}", known=sorted(ENTRY_FIELDS))
    name = raw.get("from_name")
    control = interface.controls.get(name) if isinstance(name, str) else None
    if control is None:
        raise AnswerInvalid("The interface has no such control.", field=f"{where}.from_name", known=sorted(interface.controls))
    to_name = control.object_of(raw.get("to_name"))
    if to_name is None:
        raise control.refuse(f"{where}.to_name", "This control labels something else.", known=list(control.to_names))
    if raw.get("type") != control.result_type:
        raise control.refuse(f"{where}.type", "This control has another type.", known=[control.result_type])
    if len(str(raw.get("id", ""))) > ID_MAX_CHARACTERS:
        raise control.refuse(f"{where}.id", "An id is too long.", limit=ID_MAX_CHARACTERS)
    score = raw.get("score")
    if score is not None and (not is_number(score) or not 0 <= score <= 1):
        raise control.refuse(f"{where}.score", "A score is a number from 0 to 1.", limit=1)
    return control, Region(raw, where, interface.objects.get(to_name, NOTHING_SHOWN), reading.payload, reading.effort)


def _item_of(control: Control, entry: Region) -> int:
    """Which of several images the entry is about. Raises AnswerInvalid for one that is not there."""
    item = entry.raw.get("item_index", 0)
    shown = entry.shown.content(entry.payload)
    known = len(shown) if isinstance(shown, list) else ITEMS_MAX
    if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item < known:
        raise control.refuse(f"{entry.where}.item_index", "There is no such image.", limit=known - 1)
    return int(item)


def _ordered(interface: "Interface", found: Mapping[str, Any]) -> dict[str, Any]:
    """The answer in the order of the interface, regions in one order of their own, so that equal answers are written alike."""
    ordered: dict[str, Any] = {}
    for name, control in interface.controls.items():
        if name in found:
            value = found[name]
            if control.has_regions:
                value = in_order(value)
            elif control.per == ITEM:
                value = dict(sorted(value.items(), key=lambda pair: int(pair[0])))
            ordered[name] = value
    return ordered


def from_short(interface: "Interface", raw: Mapping[str, Any], payload: Any) -> dict[str, Any]:
    """A known answer given as {control: value}; regions as a list of their values. Raises AnswerInvalid."""
    result: list[dict[str, Any]] = []
    for name, value in raw.items():
        control = interface.controls.get(name)
        if control is None or control.per == REGION:
            known = interface.answered
            raise AnswerInvalid("The interface has no such control.", field=f"solution.{name}", known=known)
        listed = value if control.has_regions else [value]
        if not isinstance(listed, list):
            raise control.refuse(f"solution.{name}", "Give the values of the regions as a list, or the whole result.")
        result += [
            {
                "from_name": name,
                "to_name": control.to_names[0],
                "type": control.result_type,
                "value": one if control.has_regions else control.from_short(one),
            }
            for one in listed
        ]
    try:
        found = canonical(interface, result, payload, whole=False, effort=Effort())
    except AnswerInvalid as error:
        name = error.details.get("control", "")
        raise AnswerInvalid(error.template, **(error.details | {"field": f"solution.{name}"})) from error
    return found | {name: [] for name in raw if name in interface.regional and name not in found}


# ---- relations ----


def _relations(interface: "Interface", reading: _Reading, relations: list[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Relations between regions, which they name by control and place in the canonical order; none of that without relations."""
    if len(relations) > RELATIONS_MAX:
        raise AnswerInvalid("There are too many relations.", field="result", limit=RELATIONS_MAX, got=len(relations))
    if not relations:
        return {}
    places: dict[str, list[Any]] = {}
    for name, regions in _ordered(interface, reading.answers).items():
        if interface.controls[name].has_regions:
            at = {id(one): index for index, one in enumerate(regions)}
            for (control, known), one in reading.regions.items():
                if control == name:
                    places.setdefault(known, [name, at[id(one)]])
    return {RELATIONS: sorted((_relation(interface, one, where, places) for where, one in relations), key=key_of)}


def _relation(interface: "Interface", raw: Mapping[str, Any], where: str, places: Mapping[str, list[Any]]) -> dict[str, Any]:
    if unknown := set(raw) - RELATION_FIELDS:
        raise AnswerInvalid(
            "A relation has no such field.", field=f"{where}.{sorted(unknown)[0][:60]}", known=sorted(RELATION_FIELDS)
        )
    for end in ("from_id", "to_id"):
        if str(raw.get(end)) not in places:
            raise AnswerInvalid("A relation joins two regions, and no region has this id.", field=f"{where}.{end}")
    direction = raw.get("direction", "right")
    if direction not in ("left", "right", "bi"):
        raise AnswerInvalid(
            "A relation points left, right or both ways.", field=f"{where}.direction", known=["left", "right", "bi"]
        )
    labels = raw.get("labels") or []
    known = interface.relation_labels
    if not isinstance(labels, list) or not all(isinstance(label, str) and label in known for label in labels):
        raise AnswerInvalid("A relation has no such label.", field=f"{where}.labels", known=sorted(known)[:LISTED_MAX])
    ends = [places[str(raw["from_id"])], places[str(raw["to_id"])]]
    if direction == "left":
        ends, direction = ends[::-1], "right"
    elif direction == "bi":
        ends = sorted(ends, key=key_of)
    return {"from": ends[0], "to": ends[1], "direction": direction, "labels": sorted(set(labels))}
