"""What a free HTML page hands in: the fields of its form, names and texts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.labels.effort import CHARACTERS
from tasks.labels.family import Control, Region
from tasks.labels.measures import wording

NAME = "form"  # of the one control, its object, its type and its key
FIELDS_MAX = 200
FIELD_NAME_MAX_CHARACTERS = 128  # Mechanical Turk's limit for a question identifier
FIELD_MAX_CHARACTERS = 20_000
VALUES_MAX = 100  # of one field: the boxes ticked under one name
# What Mechanical Turk's own scripts add to a form, or the frame adds to an address: not answers.
RESERVED = {"assignmentId", "hitId", "workerId", "turkSubmitTo", "csrfmiddlewaretoken"}


@dataclass(frozen=True)
class Form(Control):
    """Canonical form: field → its text, or the sorted texts of a field that was sent several times; reserved names dropped."""

    result_type = NAME
    value_key = NAME

    def canonical(self, region: Region) -> dict[str, str | list[str]]:
        """The fields. Raises AnswerInvalid for none, too many, over-long ones, and values that are no texts."""
        fields, where = self.value_of(region)
        if not isinstance(fields, dict):
            raise self.refuse(where, "The page hands in an object of field names and texts.")
        kept = {name: value for name, value in fields.items() if name not in RESERVED}
        if not kept:
            raise self.refuse(where, "The page handed in no answer: its form has no field with a name.")
        if len(kept) > FIELDS_MAX:
            raise self.refuse(where, "The form has too many fields.", limit=FIELDS_MAX, got=len(kept))
        return {name: self._clean(region, name, value, where) for name, value in sorted(kept.items())}

    def _clean(self, region: Region, name: str, value: Any, where: str) -> str | list[str]:
        place = f"{where}.{name[:60]}"
        if not 1 <= len(name) <= FIELD_NAME_MAX_CHARACTERS or "\0" in name:
            message = "A field's name has 1 to %(limit)s characters."
            raise self.refuse(place, message, limit=FIELD_NAME_MAX_CHARACTERS, got=len(name))
        texts = value if isinstance(value, list) else [value]
        if not texts or len(texts) > VALUES_MAX or not all(isinstance(text, str) for text in texts):
            raise self.refuse(place, "A field is a text, or a list of texts.", limit=VALUES_MAX)
        if longest := max((len(text) for text in texts if len(text) > FIELD_MAX_CHARACTERS), default=0):
            raise self.refuse(place, "A field is too long.", limit=FIELD_MAX_CHARACTERS, got=longest)
        if any("\0" in text for text in texts):
            raise self.refuse(place, "A field contains a NUL character.")
        self.spend(region, sum(map(len, texts)) // CHARACTERS, place)
        try:
            clean = sorted(wording.composed(text) for text in texts)
        except wording.TooManyMarks as error:
            raise self.refuse(place, wording.TOO_MANY_MARKS, limit=wording.MARKS_MAX) from error
        return clean if isinstance(value, list) and len(clean) != 1 else clean[0]

    def distance(self, a: Any, b: Any) -> float:
        """The mean over the fields that either has: 0 where the texts are the same but for case and spacing, else the Jaccard distance
        of the texts sent under that name (1 for two different single ones).
        """
        names = sorted(set(a) | set(b))
        return sum(_apart(a.get(name), b.get(name)) for name in names) / len(names)

    def region_value(self, canonical: Any) -> Any:
        """The fields as they are."""
        return dict(canonical)

    def match(self, answer: Any, solution: Any) -> float:
        """The share of the fields that the solution names which the answer has right. Fields it does not name do not count."""
        if answer is None or solution is None:
            return float(answer is solution)
        return 1.0 - sum(_apart(answer.get(name), text) for name, text in solution.items()) / len(solution)

    def from_short(self, value: Any) -> Mapping[str, Any]:
        """An object of fields and texts."""
        return {self.value_key: value}

    def labels_of(self, canonical: Any) -> frozenset[str]:
        """None: what a form asks, only its page knows."""
        return frozenset()

    def flat(self, canonical: Any) -> dict[str, Any]:
        """A column per field, as Mechanical Turk's own results have it."""
        return {name: "|".join(value) if isinstance(value, list) else value for name, value in canonical.items()}


def _apart(a: Any, b: Any) -> float:
    left, right = _texts(a), _texts(b)
    both, either = sum((left & right).values()), sum((left | right).values())
    return 1.0 - both / either if either else 0.0


def _texts(value: Any) -> Counter[str]:
    texts = [] if value is None else value if isinstance(value, list) else [value]
    return Counter(" ".join(text.casefold().split()) for text in texts)
