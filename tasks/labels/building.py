"""From tags to controls: what each control of a config offers, and when it is to be seen."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from xml.etree import ElementTree

from foundation import values
from tasks.labels import tags
from tasks.labels.boxes import Boxes, Drawn
from tasks.labels.choice import NESTED, Choice
from tasks.labels.choices import MultiChoice
from tasks.labels.dialogue import DialogueSpans
from tasks.labels.ellipses import Ellipses
from tasks.labels.errors import InterfaceInvalid
from tasks.labels.family import ITEM, REGION, TASK, Condition, Control, number_in
from tasks.labels.keypoints import KeyPoints
from tasks.labels.mask import Mask
from tasks.labels.moment import Moment
from tasks.labels.number import Number
from tasks.labels.objects import OBJECTS, VARIABLE, Shown
from tasks.labels.pairwise import Pairwise
from tasks.labels.polygons import Polygons
from tasks.labels.ranking import UNPLACED, Buckets, Ranking
from tasks.labels.rating import STARS_MAX, Rating
from tasks.labels.regions import Regions, Tagging
from tasks.labels.segments import Segments, Series
from tasks.labels.spans import HyperSpans, Spans
from tasks.labels.tags import attributes_of, is_true
from tasks.labels.taxonomy import Taxonomy
from tasks.labels.text import FreeText
from tasks.labels.timeline import Timeline
from tasks.labels.tracks import Tracks

CONDITIONS = {"region-selected", "no-region-selected", "choice-selected", "choice-unselected"}

Element = ElementTree.Element


def objects_of(found: list[Element]) -> dict[str, Shown]:
    """What the interface shows, by name. Raises InterfaceInvalid."""
    shown: dict[str, Shown] = {}
    for tag in found:
        if tag.tag in OBJECTS:
            attributes = attributes_of(tag)
            listed = tag.tag == "Image" and "valuelist" in attributes
            name = attributes.get("name", "")
            shown[name] = Shown(name, str(tag.tag), tags.variable_of(tag, "valuelist" if listed else "value"), attributes)
    return shown


def controls_of(root: Element, shown: Mapping[str, Shown]) -> dict[str, Control]:
    """The controls, by name, in the order of the config. Raises InterfaceInvalid naming the control and what is wrong with it."""
    controls: dict[str, Control] = {}
    waiting: list[tuple[Element, tuple[Condition, ...]]] = [(root, ())]
    while waiting:
        tag, when = waiting.pop()
        when = when + _conditions(tag)
        if tag.tag in tags.CONTROLS:
            control = _control(tag, shown, when)
            controls[control.name] = control
        else:
            waiting += [(child, when) for child in reversed(tag)]
    return {name: tracks_of(controls, one) if isinstance(one, Tracks) else one for name, one in controls.items()}


def check_regions(controls: Mapping[str, Control]) -> None:
    """Refuse a question about regions where nothing marks any. Raises InterfaceInvalid."""
    marked = {name for control in controls.values() if control.has_regions for name in control.to_names}
    for name, control in controls.items():
        if control.per == REGION and not marked & set(control.to_names):
            message = "%(control)s is asked for each region, and no control marks regions on what it labels."
            raise InterfaceInvalid(message, field="interface", control=name)


def _conditions(tag: Element) -> tuple[Condition, ...]:
    """When a tag is to be seen, if not always."""
    attributes = attributes_of(tag)
    kind = attributes.get("visiblewhen", "")
    if kind and kind not in CONDITIONS:
        raise InterfaceInvalid(
            "visibleWhen of <%(tag)s> is unknown.",
            field="interface",
            tag=str(tag.tag),
            known=sorted(CONDITIONS),
            got=kind[:40],
        )
    by_label = {part for part in attributes.get("whenlabelvalue", "").split(",") if part}
    by_choice = {part for part in attributes.get("whenchoicevalue", "").split(",") if part}
    name = attributes.get("whentagname", "")
    if kind in {"choice-selected", "choice-unselected"}:
        return (Condition(kind, name, frozenset(by_choice)),)
    if kind == "region-selected" or is_true(attributes, "perregion") and (by_label or name and not by_choice):
        return (Condition("region-selected", name, frozenset(by_label)),)
    if by_choice and not kind:
        return (Condition("choice-selected", name, frozenset(by_choice)),)
    return ()


def _control(tag: Element, shown: Mapping[str, Shown], when: tuple[Condition, ...]) -> Control:
    attributes = attributes_of(tag)
    name = attributes.get("name", "")
    to_names = tuple(part.strip() for part in attributes.get("toname", "").split(",") if part.strip())
    if not to_names:
        message = "%(control)s does not say what it labels: it needs toName."
        raise InterfaceInvalid(message, field="interface", control=name, known=sorted(shown))
    if not set(to_names) <= set(shown):
        message = "toName of %(control)s names an object that is not shown."
        raise InterfaceInvalid(message, field="interface", control=name, known=sorted(shown), got=list(to_names))
    fitting = tags.FITS.get(str(tag.tag))
    if fitting and (wrong := [one for one in to_names if shown[one].tag not in fitting]):
        place = {"control": name, "tag": str(tag.tag), "object": wrong[0], "object_tag": shown[wrong[0]].tag}
        message = "<%(tag)s> cannot label %(object)s, which is a <%(object_tag)s>."
        raise InterfaceInvalid(message, field="interface", **place, known=sorted(fitting))
    per = REGION if is_true(attributes, "perregion") else ITEM if is_true(attributes, "peritem") else TASK
    common: dict[str, Any] = {"per": per, "when": when}
    found = _Found(tag, attributes, name, to_names, [shown[one] for one in to_names], common)
    if tag.tag in tags.LABELS | tags.SHAPES | {"VideoRectangle"}:
        if per != TASK:
            raise InterfaceInvalid(
                "%(control)s marks regions; perRegion and perItem are for judgements.", field="interface", control=name
            )
        return _regions(found)
    return JUDGES[str(tag.tag)](found)


class _Found(NamedTuple):
    """A control's tag, and what is known of it."""

    tag: Element
    attributes: dict[str, str]
    name: str
    to_names: tuple[str, ...]
    shown: list[Shown]
    common: dict[str, Any]  # per, when

    @property
    def required(self) -> bool:
        """Does the config say so?"""
        return is_true(self.attributes, "required")

    @property
    def decided(self) -> bool:
        """Is it to be answered unless the config says required="false"? What is asked per region or image only where it says "true"."""
        return self.required or self.common["per"] == TASK and self.attributes.get("required", "").lower() != "false"

    def whole(self, attribute: str, default: int, *, least: int, most: int) -> int:
        """A whole number of the config, within its limits. Raises InterfaceInvalid."""
        value = self.attributes.get(attribute, str(default)).strip()
        if not re.fullmatch("[0-9]{1,9}", value) or not least <= int(value) <= most:
            message = "%(attribute)s of %(control)s is a number from %(least)s to %(most)s."
            place = {"control": self.name, "attribute": attribute, "least": least, "most": most, "limit": [least, most]}
            raise InterfaceInvalid(message, field="interface", **place, got=value[:40])
        return int(value)

    def limit(self, attribute: str) -> float | None:
        """A number of the config that can be kept unchanged, or None. Raises InterfaceInvalid."""
        value = self.attributes.get(attribute, "").strip()
        if not value:
            return None
        place = {"field": "interface", "control": self.name, "attribute": attribute, "got": value[:40]}
        if number_in(value) is None:
            raise InterfaceInvalid("%(attribute)s of %(control)s is a number.", **place)
        sign, digits = "-" * value.startswith("-"), value.lstrip("+-").lstrip("0")
        try:
            return float(values.parse(f"{sign}{digits if digits[:1].isdigit() else '0' + digits}".encode()))
        except values.Unkeepable as refusal:
            raise InterfaceInvalid(refusal.template, **(refusal.details | place)) from refusal


# ---- judgements ----


def _choices(found: _Found) -> Control:
    nested = is_true(found.attributes, "allownested")
    paths = paths_of(found.tag, nested=nested)
    variable = payload_list(found.attributes, found.name)
    twice = sorted(NESTED.join(path) for path, n in Counter(paths).items() if n > 1)
    if twice:
        message = "%(control)s offers the same choice twice, so that answers could not be told apart."
        raise InterfaceInvalid(message, field="interface", control=found.name, got=twice[:10])
    if len(paths) < (0 if variable else 2):
        message = "%(control)s offers at least two different choices, each with a value."
        raise InterfaceInvalid(message, field="interface", control=found.name)
    kinds = {"single", "single-radio", "multiple"}
    if (kind := found.attributes.get("choice", "single")) not in kinds:
        raise InterfaceInvalid(
            "choice of %(control)s is single, single-radio or multiple.",
            field="interface",
            control=found.name,
            known=sorted(kinds),
        )
    family = MultiChoice if kind == "multiple" else Choice
    values = frozenset(NESTED.join(path) for path in paths)
    return family(found.name, found.to_names, found.decided, values=values, variable=variable, nested=nested, **found.common)


def _text(found: _Found) -> Control:
    return FreeText(found.name, found.to_names, found.required, **found.common)


def _rating(found: _Found) -> Control:
    most = found.whole("maxrating", 5, least=1, most=STARS_MAX)
    return Rating(found.name, found.to_names, found.required, most=most, **found.common)


def _number(found: _Found) -> Control:
    least, most = found.limit("min"), found.limit("max")
    return Number(found.name, found.to_names, found.required, least=least, most=most, **found.common)


def _moment(found: _Found) -> Control:
    return Moment(found.name, found.to_names, found.required, format=found.attributes.get("format", ""), **found.common)


def _pairwise(found: _Found) -> Control:
    if len(set(found.to_names)) != 2 or found.common["per"] != TASK:
        raise InterfaceInvalid('%(control)s compares two objects: toName="left,right".', field="interface", control=found.name)
    return Pairwise(found.name, found.to_names, found.decided, **found.common)


def _ranking(found: _Found) -> Control:
    if len(found.to_names) != 1 or found.common["per"] != TASK:
        raise InterfaceInvalid("%(control)s ranks the items of one <List>.", field="interface", control=found.name)
    buckets = [attributes_of(tag) for tag in found.tag.iter("Bucket")]
    names = [one.get("name", "") for one in buckets]
    if "" in names or UNPLACED in names or len(set(names)) != len(names):
        raise InterfaceInvalid("Each bucket of %(control)s has a name of its own.", field="interface", control=found.name)
    if not buckets:
        return Ranking(found.name, found.to_names, found.decided, **found.common)
    default = next((one["name"] for one in buckets if is_true(one, "default")), "")
    return Buckets(found.name, found.to_names, found.decided, buckets=frozenset(names), default=default, **found.common)


def _taxonomy(found: _Found) -> Control:
    paths, variable = paths_of(found.tag, nested=True), payload_list(found.attributes, found.name)
    if not paths and not variable or len(set(paths)) != len(paths):
        raise InterfaceInvalid("%(control)s offers choices, no two alike in one place.", field="interface", control=found.name)
    leaves = is_true(found.attributes, "leafsonly")
    return Taxonomy(
        found.name, found.to_names, found.required, paths=frozenset(paths), variable=variable, leaves_only=leaves, **found.common
    )


JUDGES: dict[str, Callable[[_Found], Control]] = {
    "Choices": _choices,
    "TextArea": _text,
    "Rating": _rating,
    "Number": _number,
    "DateTime": _moment,
    "Pairwise": _pairwise,
    "Ranker": _ranking,
    "Taxonomy": _taxonomy,
}


# ---- regions ----

SHAPES: dict[str, type[Drawn]] = {
    "Rectangle": Boxes,
    "Ellipse": Ellipses,
    "Polygon": Polygons,
    "KeyPoint": KeyPoints,
    "Brush": Mask,
}
# What `Labels` marks depends on what it labels; on pictures it only names what another control marks.
BY_OBJECT: dict[str, type[Regions]] = {
    "Text": Spans,
    "HyperText": HyperSpans,
    "Audio": Segments,
    "Paragraphs": DialogueSpans,
    "TimeSeries": Series,
    "Image": Tagging,
    "Video": Tagging,
}


def _regions(found: _Found) -> Control:
    if len(found.shown) != 1:
        message = "%(control)s marks regions on one object; give each object a control of its own."
        raise InterfaceInvalid(message, field="interface", control=found.name, got=list(found.to_names))
    name, kind = str(found.tag.tag), found.shown[0].tag
    more: dict[str, Any] = {"result_type": name.lower(), "value_key": name.lower()}
    bare = name.removesuffix("Labels")
    if bare in SHAPES:
        family: type[Regions] = SHAPES[bare]
    elif name == "VideoRectangle":
        return Tracks(found.name, found.to_names, found.required, **found.common)  # its labels come when all controls are known
    elif name == "TimelineLabels":
        family = Timeline
    else:
        family = BY_OBJECT[kind]
    if name in SHAPES:
        more["value_key"] = ""
        return family(found.name, found.to_names, found.required, **more, **found.common)
    if family is Series:
        more["time_format"] = found.shown[0].attributes.get("timeformat", "")
    if family is Tagging:
        found.common["per"] = REGION
        more = {}
    return family(found.name, found.to_names, found.required, **_labels(found), **more, **found.common)


def _labels(found: _Found) -> dict[str, Any]:
    """The labels that a control offers. Raises InterfaceInvalid."""
    paths, variable = paths_of(found.tag, nested=False, part="Label"), payload_list(found.attributes, found.name)
    if not paths and not variable or len(set(paths)) != len(paths):
        raise InterfaceInvalid("%(control)s offers labels, no two alike.", field="interface", control=found.name)
    if (kind := found.attributes.get("choice", "single")) not in {"single", "multiple"}:
        raise InterfaceInvalid(
            "choice of %(control)s is single or multiple.", field="interface", control=found.name, got=kind[:40]
        )
    return {
        "labels": frozenset(path[-1] for path in paths),
        "variable": variable,
        "several": kind == "multiple",
        "may_be_bare": is_true(found.attributes, "allowempty"),
    }


def tracks_of(controls: Mapping[str, Control], tracks: Tracks) -> Tracks:
    """A `VideoRectangle` with the labels that the `Labels` on its video offer: the editor hands both in as one."""
    beside = [one for one in controls.values() if isinstance(one, Tagging) and set(one.to_names) & set(tracks.to_names)]
    if not beside:
        return replace(tracks, value_key="")
    offered = frozenset(label for one in beside for label in one.labels)
    variable = next((one.variable for one in beside if one.variable), "")
    several = any(one.several for one in beside) or len(beside) > 1
    return replace(tracks, labels=offered, variable=variable, several=several, may_be_bare=any(one.may_be_bare for one in beside))


def paths_of(tag: Element, *, nested: bool, part: str = "Choice") -> list[tuple[str, ...]]:
    """The choices under a tag, each as the path to it; without `nested` only the topmost. Raises InterfaceInvalid."""
    paths: list[tuple[str, ...]] = []
    waiting: list[tuple[Element, tuple[str, ...]]] = [(child, ()) for child in reversed(tag)]
    while waiting:
        child, path = waiting.pop()
        if child.tag == part:
            value = child.get("alias") or child.get("value") or ""
            if not value or VARIABLE.fullmatch(value):
                raise InterfaceInvalid(
                    "Each <%(tag)s> has a value, which is a text and not a variable.", field="interface", tag=part
                )
            path = (*path, value)
            paths.append(path)
            if not nested:
                continue
        waiting += [(below, path) for below in reversed(child)]
    return paths


def payload_list(attributes: dict[str, str], name: str) -> str:
    """The variable that brings choices or labels; empty where there is none. Raises InterfaceInvalid."""
    value = attributes.get("value", "").strip()
    if not value:
        return ""
    if found := VARIABLE.fullmatch(value):
        return found.group(1)
    message = 'value of %(control)s is a variable of the payload that brings a list: value="$name".'
    raise InterfaceInvalid(message, field="interface", control=name)
