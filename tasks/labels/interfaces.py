"""The one door to the label families: what an interface shows, which answers fit it, and how they compare.

An interface is Label Studio config XML, or a page of its own in Mechanical Turk's format (`frames`). Its structure is checked by
label-studio-sdk's LabelInterface; what that wrongly accepts (unknown tags, scripts, no control at all) by the whitelist of `tags`.
Answers are checked by the families, without the SDK, because that happens on every hand-in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any
from xml.etree import ElementTree

from tasks.labels import answers, building, cleaning, combining, comparing, form, frames, objects, tags, writing
from tasks.labels.effort import Effort
from tasks.labels.errors import AnswerInvalid, InterfaceInvalid, PayloadInvalid
from tasks.labels.family import REGION, Combined, Control
from tasks.labels.form import Form
from tasks.labels.frames import Frame
from tasks.labels.objects import VARIABLE, Shown
from tasks.labels.regions import Regions

INTERFACE_MAX_CHARACTERS = 100_000
CONTROLS_MAX = 200  # each hand-in looks at all of them, and at some with each other


@dataclass(frozen=True)
class Interface:
    """A parsed interface: its text, its controls by name, what it shows, and the payload variables that fill it."""

    xml: str
    controls: Mapping[str, Control]
    variables: Mapping[str, str]  # variable → the tag that shows it
    objects: Mapping[str, Shown] = field(default_factory=dict)
    frame: Frame | None = None  # a page to show in a frame instead of the editor
    relation_labels: frozenset[str] = frozenset()

    @property
    def answered(self) -> list[str]:
        """The controls that have an entry of their own in a canonical answer; those given per region are part of the region's."""
        return [name for name, control in self.controls.items() if control.per != REGION]

    @property
    def regional(self) -> list[str]:
        """The controls that have any number of regions: none of them is an answer, too."""
        return [name for name, control in self.controls.items() if control.has_regions]

    def check_payload(self, payload: Any) -> dict[str, Any]:
        """The payload as it is kept: HTML that the editor will show is clean. Refuses one that leaves a variable unfilled, or fills a tag
        with what it cannot show. Raises PayloadInvalid.
        """
        if not isinstance(payload, dict):
            raise PayloadInvalid("A payload is a JSON object.", field="payload")
        if self.frame is not None:
            self.frame.check(payload)
            return payload
        filled = set()
        for shown in self.objects.values():
            shown.check(payload)
            filled.add(shown.variable)
        for control in self.controls.values():
            if variable := getattr(control, "variable", ""):
                paths = objects.offered(payload.get(variable), f"payload.{variable}")
                if isinstance(control, Regions) and any(len(path) > 1 for path in paths):  # the editor breaks on them
                    raise PayloadInvalid("Labels have no children: list each beside the others.", field=f"payload.{variable}")
                if wrong := cleaning.offers_wrongly(payload[variable], _offered_by(control)):
                    name, message = wrong
                    known = {"known": sorted(cleaning.OFFERED)} if message == cleaning.NOT_OFFERED else {}
                    raise PayloadInvalid(message, field=f"payload.{variable}", what=name[:40], got=name[:40], **known)
                filled.add(variable)
        for variable, tag in self.variables.items():
            if variable not in filled:
                objects.check_text(payload.get(variable), variable)
            if tag == "audioUrl":
                objects.check_address(payload.get(variable), f"payload.{variable}")
        self._refuse_costly(payload)
        return self.cleaned(payload)

    def _refuse_costly(self, payload: dict[str, Any]) -> None:
        holding = {
            shown.variable: shown.tag == "HyperText" for shown in self.objects.values() if shown.tag in ("HyperText", "List")
        }
        holding |= {getattr(control, "variable", ""): False for control in self.controls.values()}
        for variable, is_html in holding.items():
            if found := cleaning.too_much_in(payload.get(variable or ""), f"payload.{variable}", is_html=is_html):
                field, why = found
                raise PayloadInvalid(why.message, field=field, limit=why.limit)

    def cleaned(self, payload: dict[str, Any], picture: cleaning.Picture | None = None) -> dict[str, Any]:
        """The payload with the HTML in it clean, and without what the editor would make a style of. Cleaning again changes nothing. With
        `picture` the addresses of pictures kept here, in that HTML, become what it makes of them.
        """
        clean: dict[str, Any] = {}
        for shown in self.objects.values():
            if shown.variable and shown.tag == "HyperText" and isinstance(payload.get(shown.variable), str):
                clean[shown.variable] = cleaning.cleaned(payload[shown.variable], picture)
            elif shown.variable and shown.tag == "List" and shown.variable in payload:
                clean[shown.variable] = cleaning.clean_items(payload[shown.variable], picture)
        for control in self.controls.values():
            if (variable := getattr(control, "variable", "")) and variable in payload:
                clean[variable] = cleaning.clean_offered(payload[variable], _offered_by(control), picture)
        return payload | clean

    def pictures_of(self, payload: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """The pictures kept here that stand in HTML of the payload: the variable, and the address as the payload writes it."""
        for variable, value in payload.items():
            found: list[str] = []
            self.cleaned({variable: value}, _noting(found))
            yield from ((variable, address) for address in found)

    @cached_property
    def pictures(self) -> tuple[str, ...]:
        """The pictures kept here that stand in HTML of the config itself: their addresses, in its order."""
        found: list[str] = []
        self.with_pictures(self.xml, _noting(found))
        return tuple(found)

    def with_pictures(self, xml: str, picture: cleaning.Picture) -> str:
        """The config (`xml` or `for_editor`) in whose HTML the addresses of pictures kept here are what `picture` makes of them."""
        if self.frame is not None or "/files/" not in xml:
            return xml
        root = tags.read(xml)
        return ElementTree.tostring(root, encoding="unicode") if cleaning.clean_tree(root, picture) else xml

    def addresses_of(self, payload: Any) -> Iterator[str]:
        """From where the payload's images, sound, video and data would be loaded: addresses as the payload writes them."""
        for shown in self.objects.values():
            yield from shown.addresses(payload)
        for variable, tag in self.variables.items():
            if tag == "audioUrl" and isinstance(payload.get(variable), str):
                yield payload[variable]

    def canonical(self, result: Any, payload: Any, *, whole: bool = True, effort: Effort | None = None) -> dict[str, Any]:
        """The canonical form of a Label Studio result list: control → the family's canonical value, or the list of its regions.

        What is given per region stands in the region, under `with`. An optional control that was left out is absent, and so is one
        that could not be seen; with whole=False (a suggestion, a draft) required ones may be absent, too. Raises AnswerInvalid with
        the region, the control, the limit: also for one that would take too long to read. `effort` is for answers that are read together.
        """
        return answers.canonical(self, result, payload, whole=whole, effort=effort or Effort())

    def solution(self, raw: Any, payload: Any) -> dict[str, Any]:
        """A known answer, given as a result list or in short as {control: value}, in canonical form. Raises AnswerInvalid."""
        if not isinstance(raw, list | dict) or not raw and not self.regional:
            raise AnswerInvalid("A solution is a result list or an object of control and value.", field="solution")
        found = self.canonical(raw, payload) if isinstance(raw, list) else answers.from_short(self, raw, payload)
        if not found:
            raise AnswerInvalid("A solution answers at least one question.", field="solution", known=self.answered)
        return found

    def match(self, answer: Mapping[str, Any], solution: Mapping[str, Any]) -> float:
        """How well an answer matches a solution, 0 to 1: the mean over the controls that the solution names."""
        return comparing.match(self, answer, solution)

    def distance(self, a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
        """How far apart two answers are, 0 to 1: the mean over the controls that either answers."""
        return comparing.distance(self, a, b)

    def measures(self, a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, dict[str, float]]:
        """Every comparison the families know of the controls that both answer: control → measure → 0 to 1, 1 for equal answers."""
        return {name: self.controls[name].measures(a[name], b[name]) for name in self.answered if name in a and name in b}

    def labels_of(self, canonical: Mapping[str, Any]) -> frozenset[str]:
        """Which labels and choices an answer uses, those of its regions and what is given per region included."""
        return comparing.labels_of(self, canonical)

    def combine(self, name: str, answers: Sequence[Any], method: str) -> Combined:
        """One canonical value of many of a control, by a method of its `consensus`, with a confidence from 0 to 1.

        The order of the answers does not matter. What was given per region is combined among the regions that belong together.
        """
        return combining.combine(self, name, answers, method)

    @cached_property
    def for_editor(self) -> str:
        """The config as the editor is given it: what was read of it, written anew, so that nothing reaches the editor that was not read here
        (comments, CDATA), and without what would not be let in today. The editor cannot hand in a judgement on several objects (Pairwise
        aside): there the first stands for all of them.
        """
        if self.frame is not None:
            return self.xml
        several = {c.name: c.to_names[0] for c in self.controls.values() if len(c.to_names) > 1 and c.result_type != "pairwise"}
        root = tags.read(self.xml)
        cleaning.strip_tree(root)
        cleaning.put_inline(root)
        for tag in root.iter():
            if tag.get("name") in several:
                tag.set("toName", several[tag.get("name", "")])
        return ElementTree.tostring(root, encoding="unicode")

    def result_of(self, canonical: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A canonical answer in Label Studio's result format. Its canonical form is the same again."""
        return writing.result_of(self, canonical)


def _noting(found: list[str]) -> cleaning.Picture:
    def note(address: str) -> str:
        found.append(address)
        return address

    return note


def check_interface(xml: str) -> Interface:
    """An interface that somebody brings, as it is kept (`xml`): its HTML is clean. Refuses what nobody could label with, or what could harm
    who does. Raises InterfaceInvalid naming the tag, the attribute or the control.
    """
    found = interface_of(xml)
    if found.frame is not None:
        frames.check_contacts(found.frame)
        return found
    if len(found.controls) > CONTROLS_MAX:
        message = "An interface has at most %(limit)s controls; ask in several projects."
        raise InterfaceInvalid(message, field="interface", limit=CONTROLS_MAX, got=len(found.controls))
    root = tags.read(xml)
    tags.check_shown(root)
    if costly := cleaning.too_much_in_tree(root):
        attribute, why = costly
        raise InterfaceInvalid(why.message, field="interface", attribute=attribute, limit=why.limit)
    if not cleaning.clean_tree(root) and "<!" not in xml:
        return found
    return interface_of(ElementTree.tostring(root, encoding="unicode"))


@lru_cache(maxsize=1024)
def interface_of(xml: str) -> Interface:
    """Parse an interface that was let in; kept per text. Raises InterfaceInvalid for what could not be labelled with."""
    if len(xml) > INTERFACE_MAX_CHARACTERS:
        raise InterfaceInvalid("The interface is too long.", field="interface", limit=INTERFACE_MAX_CHARACTERS, got=len(xml))
    root = tags.read(xml)
    if frames.is_frame(root):
        frame = frames.frame_of(root)
        asks = {form.NAME: Form(form.NAME, (form.NAME,), required=True)}
        return Interface(xml, asks, dict.fromkeys(frame.variables, "frame"), frame=frame)
    tags.check(root)
    found = list(root.iter())
    shown = building.objects_of(found)
    names = [tag.get("name", "") for tag in found if tag.tag in objects.OBJECTS | tags.CONTROLS]
    if "" in names or len(set(names)) != len(names):
        raise InterfaceInvalid("Every object and control has a name of its own.", field="interface")
    controls = building.controls_of(root, shown)
    if not shown or not controls:
        raise InterfaceInvalid(
            "An interface shows something (as Text or Image do) and asks something (as Choices or TextArea do).",
            field="interface",
        )
    building.check_regions(controls)
    _check_with_sdk(xml)
    related = frozenset(tag.get("value", "") for tag in found if tag.tag == "Relation")
    return Interface(xml, controls, _variables(found), shown, relation_labels=related)


def _variables(found: "list[ElementTree.Element]") -> dict[str, str]:
    """The variables of a config, each with the tag that shows it; sound beside a dialogue by the attribute that loads it."""
    variables: dict[str, str] = {}
    for tag in found:
        for attribute, value in tag.attrib.items():
            for variable in VARIABLE.findall(value):
                if attribute.lower() == "audiourl":
                    variables[variable] = "audioUrl"
                elif tag.tag in objects.OBJECTS or variable not in variables:
                    variables[variable] = str(tag.tag)
    return variables


def _offered_by(control: Control) -> str:
    """The tag that what a payload offers to a control would be."""
    return "Label" if isinstance(control, Regions) else "Choice"


def _check_with_sdk(xml: str) -> None:
    from label_studio_sdk.label_interface import LabelInterface  # a second to import: only processes that parse need it

    try:
        LabelInterface(xml).validate()
    except Exception as error:  # the SDK raises whatever its parsers raise
        raise InterfaceInvalid("Label Studio refuses the interface: %(why)s", field="interface", why=str(error)[:300]) from error
