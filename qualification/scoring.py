"""What a sitting is worth. Pure: scores and answered labels in, a value from 0 to 100 out.

Without a key the value is the mean score in percent. With one, Amazon Mechanical Turk's AnswerKey decides: each question's options
(a set of selections → points, and points for anything else), and how the sum of points becomes a value. `scoring` as JSON:
{"questions": {id: {"options": [{"selections": [...], "points": 5}], "default": 0}}, "mapping": one of
 {"kind": "sum"} | {"kind": "percentage", "maximum": 15} | {"kind": "scale", "multiplier": 3} |
 {"kind": "range", "ranges": [{"from": 0, "to": 9, "value": 50}], "outside": 0}}.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

from qualification.errors import BadScoring

POINTS_MAX = 1_000_000
OPTIONS_MAX = 100
RANGES_MAX = 100
KEY_MAX_CHARACTERS = 500_000
MAPPINGS: dict[str, set[str]] = {"sum": set(), "percentage": {"maximum"}, "scale": {"multiplier"}, "range": {"ranges", "outside"}}
NAMESPACE = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/AnswerKey.xsd"

# ---- per label ----


def label_shares(scores: Mapping[str, float], labels: Mapping[str, Sequence[str]], asked: Iterable[str]) -> dict[str, float]:
    """For each label among the solutions of the questions asked, the mean score of the questions that have it; left out scores 0."""
    found: dict[str, list[float]] = {}
    for name in asked:
        for label in labels.get(name, ()):
            found.setdefault(label, []).append(scores.get(name, 0.0))
    return {label: sum(own) / len(own) for label, own in sorted(found.items())}


def short_labels(shares: Mapping[str, float], minimums: Mapping[str, Any]) -> list[str]:
    """The labels that stay under their least percentage: `labels` names some, `every` holds for the others."""
    named, every = minimums.get("labels", {}), minimums.get("every", 0)
    return [label for label, share in shares.items() if share * 100 < named.get(label, every) - 1e-9]


def check_minimums(minimums: Any, labels: Iterable[str]) -> dict[str, Any]:
    """Per-label minimums in canonical form: {"every"?: percent, "labels"?: {label: percent}}. Raises BadScoring."""
    if not isinstance(minimums, dict) or set(minimums) - {"every", "labels"}:
        raise BadScoring("Minimums have `every` and `labels`.", field="label_minimums", known=["every", "labels"])
    named, known = minimums.get("labels", {}), set(labels)
    if not isinstance(named, dict) or set(named) - known:
        raise BadScoring("No solution has such a label.", field="label_minimums.labels", known=sorted(known)[:50])
    for where, percent in [*named.items(), *([("every", minimums["every"])] if "every" in minimums else [])]:
        if not _is_whole(percent, 0, 100):
            raise BadScoring("A minimum is a percentage from 0 to 100.", field=f"label_minimums.{where}", limit=100)
    return {name: value for name, value in minimums.items() if value}


# ---- by an answer key ----


def value(scoring: Mapping[str, Any], selections: Mapping[str, Sequence[str]], asked: Iterable[str]) -> int:
    """The value of a sitting by its key, cut to 0..100; halves are rounded up."""
    summed = sum(points(scoring, name, selections.get(name, ())) for name in asked)
    mapping = scoring["mapping"]
    exact = Fraction(summed)
    if mapping["kind"] == "percentage":
        exact = Fraction(summed * 100, mapping["maximum"])
    elif mapping["kind"] == "scale":
        exact = summed * Fraction(str(mapping["multiplier"]))
    elif mapping["kind"] == "range":
        exact = Fraction(next((r["value"] for r in mapping["ranges"] if r["from"] <= summed <= r["to"]), mapping["outside"]))
    return max(0, min(100, int((exact + Fraction(1, 2)) // 1)))


def points(scoring: Mapping[str, Any], question_id: str, selected: Sequence[str]) -> int:
    """What one answer brings: the points of the option whose selections are exactly those answered, else the default."""
    question = scoring["questions"].get(question_id, {"options": [], "default": 0})
    given = set(selected)
    found = next((option["points"] for option in question["options"] if set(option["selections"]) == given), question["default"])
    return int(found)


def check(scoring: Any, question_ids: Iterable[str]) -> dict[str, Any]:
    """A key in canonical form. Raises BadScoring naming the place. An empty one means: the mean score in percent."""
    if scoring == {}:
        return {}
    if not isinstance(scoring, dict) or set(scoring) != {"questions", "mapping"} or not isinstance(scoring["questions"], dict):
        raise BadScoring("A scoring has questions and mapping.", field="scoring", known=["questions", "mapping"])
    unknown = set(scoring["questions"]) - set(question_ids)
    if unknown:
        raise BadScoring("The exam has no such question.", field=f"scoring.questions.{sorted(unknown)[0][:60]}")
    questions = {
        name: _checked_question(question, f"scoring.questions.{name}") for name, question in scoring["questions"].items()
    }
    return {"questions": questions, "mapping": _checked_mapping(scoring["mapping"])}


def _checked_question(question: Any, where: str) -> dict[str, Any]:
    if not isinstance(question, dict) or set(question) - {"options", "default"} or not isinstance(question.get("options"), list):
        raise BadScoring("A question's key has options and default.", field=where, known=["options", "default"])
    if len(question["options"]) > OPTIONS_MAX:
        raise BadScoring("There are too many options.", field=f"{where}.options", limit=OPTIONS_MAX)
    options = []
    for index, option in enumerate(question["options"]):
        place = f"{where}.options[{index}]"
        if not isinstance(option, dict) or set(option) != {"selections", "points"}:
            raise BadScoring("An option has selections and points.", field=place, known=["selections", "points"])
        selections = option["selections"]
        if not isinstance(selections, list) or not selections or not all(isinstance(one, str) for one in selections):
            raise BadScoring("Selections are a list of labels.", field=f"{place}.selections")
        options.append({"selections": sorted(set(selections)), "points": _points(option["points"], f"{place}.points")})
    return {"options": options, "default": _points(question.get("default", 0), f"{where}.default")}


def _checked_mapping(mapping: Any) -> dict[str, Any]:
    where = "scoring.mapping"
    kind = mapping.get("kind") if isinstance(mapping, dict) else None
    if not isinstance(kind, str) or kind not in MAPPINGS or set(mapping) != {"kind"} | MAPPINGS[kind]:
        raise BadScoring("Choose how points become a value.", field=where, known={k: sorted(v) for k, v in MAPPINGS.items()})
    if kind == "percentage" and not _is_whole(mapping["maximum"], 1, POINTS_MAX):
        raise BadScoring("The maximum is a whole number of points.", field=f"{where}.maximum", limit=POINTS_MAX)
    if kind == "scale":
        multiplier = mapping["multiplier"]
        if isinstance(multiplier, bool) or not isinstance(multiplier, int | float) or not 0 < multiplier <= POINTS_MAX:
            raise BadScoring("The multiplier is a number over 0.", field=f"{where}.multiplier", limit=POINTS_MAX)
    if kind == "range":
        ranges = mapping["ranges"]
        if not isinstance(ranges, list) or not 1 <= len(ranges) <= RANGES_MAX:
            raise BadScoring("Ranges are a list.", field=f"{where}.ranges", limit=RANGES_MAX)
        for index, one in enumerate(ranges):
            place = f"{where}.ranges[{index}]"
            if not isinstance(one, dict) or set(one) != {"from", "to", "value"}:
                raise BadScoring("A range has from, to and value.", field=place, known=["from", "to", "value"])
            _points(one["from"], f"{place}.from"), _points(one["to"], f"{place}.to"), _points(one["value"], f"{place}.value")
            if one["from"] > one["to"]:
                raise BadScoring("A range ends before it begins.", field=place)
        _points(mapping["outside"], f"{where}.outside")
    return dict(mapping)


def _is_whole(number: Any, least: int, most: int) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and least <= number <= most


def _points(number: Any, where: str) -> int:
    if not _is_whole(number, -POINTS_MAX, POINTS_MAX):
        raise BadScoring("Points are a whole number.", field=where, limit=POINTS_MAX)
    return int(number)


# ---- Mechanical Turk's AnswerKey XML ----


def from_answer_key(xml: str) -> dict[str, Any]:
    """The scoring that an AnswerKey document (2005-10-01) states. Raises BadScoring with what cannot be read.

    Where the document leaves the mapping out the value is the sum, as on MTurk. Question ids are checked by `check`.
    """
    if len(xml) > KEY_MAX_CHARACTERS or "<!" in xml:
        raise BadScoring(
            "An answer key is an XML document without entities and comments.", field="answer_key", limit=KEY_MAX_CHARACTERS
        )
    try:
        root = ElementTree.fromstring(xml)  # noqa: S314 - entities and document types were refused above
    except ElementTree.ParseError as error:
        raise BadScoring("The answer key is not well-formed XML: %(why)s.", field="answer_key", why=str(error)) from error
    if _tag(root) != "AnswerKey":
        raise BadScoring("The document is no AnswerKey.", field="answer_key", got=_tag(root)[:60])
    questions = {_text(question, "QuestionIdentifier"): _key_of(question) for question in _all(root, "Question")}
    stated = _all(root, "QualificationValueMapping")
    return {"questions": questions, "mapping": _mapping_of(stated[0]) if stated else {"kind": "sum"}}


def _key_of(question: "ElementTree.Element") -> dict[str, Any]:
    options = [
        {
            "selections": sorted({(one.text or "").strip() for one in _all(option, "SelectionIdentifier")}),
            "points": _whole(option, "AnswerScore"),
        }
        for option in _all(question, "AnswerOption")
    ]
    return {"options": options, "default": _whole(question, "DefaultScore") if _all(question, "DefaultScore") else 0}


def _mapping_of(stated: "ElementTree.Element") -> dict[str, Any]:
    for mapping in stated:
        if _tag(mapping) == "PercentageMapping":
            return {"kind": "percentage", "maximum": _whole(mapping, "MaximumSummedScore")}
        if _tag(mapping) == "ScaleMapping":
            text = _text(mapping, "SummedScoreMultiplier")
            if not re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", text):
                raise BadScoring("The multiplier is a number.", field="answer_key.SummedScoreMultiplier", got=text[:60])
            return {"kind": "scale", "multiplier": float(text) if "." in text else int(text)}
        if _tag(mapping) == "RangeMapping":
            ranges = [
                {
                    "from": _whole(one, "InclusiveLowerBound"),
                    "to": _whole(one, "InclusiveUpperBound"),
                    "value": _whole(one, "QualificationValue"),
                }
                for one in _all(mapping, "SummedScoreRange")
            ]
            return {"kind": "range", "ranges": ranges, "outside": _whole(mapping, "OutOfRangeQualificationValue")}
    raise BadScoring("The mapping is none of Mechanical Turk's three.", field="answer_key.QualificationValueMapping")


def _tag(element: "ElementTree.Element") -> str:
    return element.tag.rpartition("}")[2]


def _all(parent: "ElementTree.Element", tag: str) -> "list[ElementTree.Element]":
    return [child for child in parent if _tag(child) == tag]


def _text(parent: "ElementTree.Element", tag: str) -> str:
    found = _all(parent, tag)
    text = (found[0].text or "").strip() if found else ""
    if not text:
        raise BadScoring("<%(parent)s> has no <%(tag)s>.", field=f"answer_key.{tag}", parent=_tag(parent)[:60], tag=tag)
    return text


def _whole(parent: "ElementTree.Element", tag: str) -> int:
    text = _text(parent, tag)
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        raise BadScoring("<%(tag)s> is a whole number.", field=f"answer_key.{tag}", tag=tag, got=text[:60])
    return int(text)
