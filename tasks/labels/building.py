"""From tags to controls: what each control of a config offers, and when it is to be seen."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from tasks.labels import tags
from tasks.labels.choice import NESTED, Choice
from tasks.labels.choices import MultiChoice
from tasks.labels.errors import InterfaceInvalid
from tasks.labels.family import ITEM, REGION, TASK, Condition, Control
from tasks.labels.objects import OBJECTS, VARIABLE, Shown
from tasks.labels.tags import attributes_of, is_true
from tasks.labels.text import FreeText

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
    return controls


def check_regions(controls: Mapping[str, Control]) -> None:
    """Refuse a question about regions where nothing marks any. Raises InterfaceInvalid."""
    marked = {name for control in controls.values() if control.has_regions for name in control.to_names}
    for name, control in controls.items():
        if control.per == REGION and not marked & set(control.to_names):
            message = f"{name} is asked for each region, and no control marks regions on what it labels."
            raise InterfaceInvalid(message, field="interface", control=name)


def _conditions(tag: Element) -> tuple[Condition, ...]:
    """When a tag is to be seen, if not always."""
    attributes = attributes_of(tag)
    kind = attributes.get("visiblewhen", "")
    if kind and kind not in CONDITIONS:
        raise InterfaceInvalid(
            f"visibleWhen of <{tag.tag}> is unknown.", field="interface", known=sorted(CONDITIONS), got=kind[:40]
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
    if not to_names or not set(to_names) <= set(shown):
        raise InterfaceInvalid(f"toName of {name} names no object that is shown.", field="interface", known=sorted(shown))
    fitting = tags.FITS.get(str(tag.tag))
    if fitting and (wrong := [one for one in to_names if shown[one].tag not in fitting]):
        message = f"<{tag.tag}> cannot label {wrong[0]}, which is a <{shown[wrong[0]].tag}>."
        raise InterfaceInvalid(message, field="interface", control=name, known=sorted(fitting))
    per = REGION if is_true(attributes, "perregion") else ITEM if is_true(attributes, "peritem") else TASK
    common: dict[str, Any] = {"per": per, "when": when}
    if tag.tag == "TextArea":
        return FreeText(name, to_names, is_true(attributes, "required"), **common)
    return _choices(tag, attributes, name, to_names, common)


# ---- judgements ----


def _choices(tag: Element, attributes: dict[str, str], name: str, to_names: tuple[str, ...], common: dict[str, Any]) -> Control:
    """Choices are to be made unless the config says required="false"; those of a region only where it says "true"."""
    nested = is_true(attributes, "allownested")
    paths = paths_of(tag, nested=nested)
    variable = payload_list(attributes, name)
    if len(set(paths)) != len(paths) or len(paths) < (0 if variable else 2):
        raise InterfaceInvalid(
            f"{name} offers at least two different choices, each with a value.", field="interface", control=name
        )
    kinds = {"single", "single-radio", "multiple"}
    if (kind := attributes.get("choice", "single")) not in kinds:
        raise InterfaceInvalid(f"choice of {name} is single, single-radio or multiple.", field="interface", known=sorted(kinds))
    required = is_true(attributes, "required") or common["per"] == TASK and attributes.get("required", "").lower() != "false"
    family = MultiChoice if kind == "multiple" else Choice
    values = frozenset(NESTED.join(path) for path in paths)
    return family(name, to_names, required, values=values, variable=variable, nested=nested, **common)


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
                    f"Each <{part}> has a value, which is a text and not a variable.", field="interface", tag=part
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
    message = f'value of {name} is a variable of the payload that brings a list: value="$name".'
    raise InterfaceInvalid(message, field="interface", control=name)
