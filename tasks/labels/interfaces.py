"""Label Studio config XML: which of it we accept, and what it says about answers.

Structure is checked by label-studio-sdk's own LabelInterface; what it wrongly accepts (unknown tags, scripts, no control at all) by
the whitelist here. Answers are checked by the families, without the SDK, because that happens on every hand-in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from tasks.labels.choice import Choice
from tasks.labels.choices import MultiChoice
from tasks.labels.errors import AnswerInvalid, InterfaceInvalid, PayloadInvalid
from tasks.labels.family import Control
from tasks.labels.text import FreeText

INTERFACE_MAX_CHARACTERS = 100_000
OBJECTS = {"Text", "Image"}
CONTROLS = {"Choices", "TextArea"}
LAYOUT = {"View", "Header", "Choice"}
VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
IMAGE_SOURCE = re.compile(r"^(https?://|/|data:image/(png|jpeg|gif|webp);base64,)", re.IGNORECASE)
REGION_FIELDS = {
    "id",
    "from_name",
    "to_name",
    "type",
    "value",
    "origin",
    "score",
    "original_width",
    "original_height",
    "image_rotation",
}


@dataclass(frozen=True)
class Interface:
    """A parsed interface: its text, its controls by name, and the payload variables it shows."""

    xml: str
    controls: Mapping[str, Control]
    variables: Mapping[str, str]  # variable → the tag that shows it

    def check_payload(self, payload: Any) -> None:
        """Refuse a payload that leaves a variable unfilled, or fills an image with what is not one. Raises PayloadInvalid."""
        if not isinstance(payload, dict):
            raise PayloadInvalid("A payload is a JSON object.", field="payload")
        for variable, tag in self.variables.items():
            value = payload.get(variable)
            if not isinstance(value, str | int | float) or isinstance(value, bool) or value == "":
                raise PayloadInvalid(
                    f"The interface shows ${variable}, and the payload has no text for it.", field=f"payload.{variable}"
                )
            if tag == "Image" and not IMAGE_SOURCE.match(str(value)):
                raise PayloadInvalid(
                    "An image is an http(s) address, a path on this site or a data: URI of PNG, JPEG, GIF or WebP.",
                    field=f"payload.{variable}",
                )

    def canonical(self, result: Any, payload: Any, *, whole: bool = True) -> dict[str, Any]:
        """The canonical form of a Label Studio result list: control → the family's canonical value.

        An optional control that was left out is absent; with whole=False (a suggestion) required ones may be, too. Raises
        AnswerInvalid with the region, the control, the limit.
        """
        if not isinstance(result, list):
            raise AnswerInvalid("A result is a list of regions.", field="result")
        answers: dict[str, Any] = {}
        for index, region in enumerate(result):
            where = f"result[{index}]"
            control = self._control_of(region, where)
            if control.name in answers:
                raise control.refuse(where, "This control is answered twice.")
            answers[control.name] = control.canonical(
                region["value"].get(control.value_key), f"{where}.value.{control.value_key}"
            )
        for control in self.controls.values():
            if whole and control.required and control.name not in answers:
                raise control.refuse("result", "This question must be answered.")
        return answers

    def solution(self, raw: Any, payload: Any) -> dict[str, Any]:
        """A known answer, given as a result list or in short as {control: value}, in canonical form. Raises AnswerInvalid."""
        if isinstance(raw, list):
            return self.canonical(raw, payload)
        if not isinstance(raw, dict) or not raw:
            raise AnswerInvalid("A solution is a result list or an object of control and value.", field="solution")
        answers: dict[str, Any] = {}
        for name, value in raw.items():
            control = self.controls.get(name)
            if control is None:
                raise AnswerInvalid("The interface has no such control.", field=f"solution.{name}", known=sorted(self.controls))
            answers[name] = control.canonical(value if isinstance(value, list) else [value], f"solution.{name}")
        return answers

    def match(self, answer: Mapping[str, Any], solution: Mapping[str, Any]) -> float:
        """How well an answer matches a solution, 0 to 1: the mean over the controls that the solution names."""
        return sum(self.controls[name].match(answer.get(name), truth) for name, truth in solution.items()) / len(solution)

    def distance(self, a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
        """How far apart two answers are, 0 to 1: the mean over the controls that either answers."""
        named = [control for name, control in self.controls.items() if name in a or name in b]
        if not named:
            return 0.0
        return sum(c.distance(a[c.name], b[c.name]) if c.name in a and c.name in b else 1.0 for c in named) / len(named)

    def result_of(self, canonical: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A canonical answer in Label Studio's result format."""
        return [
            {
                "from_name": control.name,
                "to_name": control.to_names[0],
                "type": control.result_type,
                "value": {control.value_key: control.region_value(canonical[name])},
            }
            for name, control in self.controls.items()
            if name in canonical
        ]

    def _control_of(self, region: Any, where: str) -> Control:
        if not isinstance(region, dict) or not isinstance(region.get("value"), dict):
            raise AnswerInvalid("A region is an object with from_name, to_name, type and value.", field=where)
        if unknown := set(region) - REGION_FIELDS:
            raise AnswerInvalid(
                "A region has no such field.", field=f"{where}.{sorted(unknown)[0][:60]}", known=sorted(REGION_FIELDS)
            )
        control = self.controls.get(region.get("from_name", ""))
        if control is None:
            raise AnswerInvalid("The interface has no such control.", field=f"{where}.from_name", known=sorted(self.controls))
        if region.get("to_name") not in control.to_names:
            raise control.refuse(f"{where}.to_name", "This control labels something else.", known=list(control.to_names))
        if region.get("type") != control.result_type:
            raise control.refuse(f"{where}.type", "This control has another type.", known=[control.result_type])
        return control


@lru_cache(maxsize=1024)
def interface_of(xml: str) -> Interface:
    """Parse and check a config; kept per text. Raises InterfaceInvalid."""
    return check_interface(xml)


def check_interface(xml: str) -> Interface:
    """Parse a config and refuse what nobody could label with, or what could harm who does. Raises InterfaceInvalid naming tag and attribute."""
    if len(xml) > INTERFACE_MAX_CHARACTERS:
        raise InterfaceInvalid("The interface is too long.", field="interface", limit=INTERFACE_MAX_CHARACTERS, got=len(xml))
    if "<!" in xml:
        raise InterfaceInvalid("Document types, entities and comments are not allowed.", field="interface")
    try:
        root = ElementTree.fromstring(xml)  # noqa: S314 - entities and document types were refused above
    except ElementTree.ParseError as error:
        raise InterfaceInvalid(f"The interface is not well-formed XML: {error}", field="interface") from error
    tags = list(root.iter())
    for tag in tags:
        _check_tag(tag)
    objects = {tag.get("name", ""): tag for tag in tags if tag.tag in OBJECTS}
    names = [tag.get("name", "") for tag in tags if tag.tag in OBJECTS | CONTROLS]
    if "" in names or len(set(names)) != len(names):
        raise InterfaceInvalid("Every object and control has a name of its own.", field="interface")
    controls = {tag.get("name", ""): _control(tag, set(objects)) for tag in tags if tag.tag in CONTROLS}
    if not objects or not controls:
        raise InterfaceInvalid(
            "An interface shows something (Text or Image) and asks something (Choices or TextArea).", field="interface"
        )
    _check_with_sdk(xml)
    return Interface(xml, controls, _variables(tags))


def _check_tag(tag: "ElementTree.Element") -> None:
    if tag.tag not in OBJECTS | CONTROLS | LAYOUT:
        raise InterfaceInvalid(
            f"The tag <{str(tag.tag)[:40]}> is not supported.", field="interface", known=sorted(OBJECTS | CONTROLS | LAYOUT)
        )
    for attribute, value in tag.attrib.items():
        lowered = value.lower().replace(" ", "")
        if attribute.lower().startswith("on") or "javascript:" in lowered or attribute == "style" and "url(" in lowered:
            raise InterfaceInvalid(f"The attribute {attribute[:40]} of <{tag.tag}> is not allowed.", field="interface")
    if tag.tag in OBJECTS and not VARIABLE.fullmatch(tag.get("value", "")):
        raise InterfaceInvalid(f'<{tag.tag}> shows a variable of the payload: value="$name".', field="interface")
    if tag.tag == "Choices" and tag.get("value"):
        raise InterfaceInvalid("Choices are listed in the interface, not taken from the payload.", field="interface")


def _control(tag: "ElementTree.Element", objects: set[str]) -> Control:
    name = tag.get("name", "")
    to_names = tuple(part.strip() for part in tag.get("toName", "").split(",") if part.strip())
    if not to_names or not set(to_names) <= objects:
        raise InterfaceInvalid(f"toName of {name} names no object that is shown.", field="interface", known=sorted(objects))
    if tag.get("perRegion") == "true" or tag.get("visibleWhen") or tag.get("perItem") == "true":
        raise InterfaceInvalid(f"perRegion, perItem and visibleWhen of {name} are not supported.", field="interface")
    if tag.tag == "TextArea":
        return FreeText(name, to_names, tag.get("required") == "true")
    required = tag.get("required") != "false"
    values = [choice.get("alias") or choice.get("value") or "" for choice in tag.iter("Choice")]
    if len(values) < 2 or "" in values or len(set(values)) != len(values):
        raise InterfaceInvalid(f"{name} offers at least two different choices, each with a value.", field="interface")
    family = MultiChoice if tag.get("choice") == "multiple" else Choice
    if tag.get("choice", "single") not in {"single", "single-radio", "multiple"}:
        raise InterfaceInvalid(f"choice of {name} is single, single-radio or multiple.", field="interface")
    return family(name, to_names, required, frozenset(values))


def _variables(tags: "list[ElementTree.Element]") -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in tags:
        for value in tag.attrib.values():
            for variable in VARIABLE.findall(value):
                if tag.tag in OBJECTS or variable not in found:
                    found[variable] = str(tag.tag)
    return found


def _check_with_sdk(xml: str) -> None:
    from label_studio_sdk.label_interface import LabelInterface  # a second to import: only processes that parse need it

    try:
        LabelInterface(xml).validate()
    except Exception as error:  # the SDK raises whatever its parsers raise
        raise InterfaceInvalid(f"Label Studio refuses the interface: {str(error)[:300]}", field="interface") from error
