"""Free text: `TextArea`, also as the transcript of a region."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tasks.labels.effort import CHARACTERS
from tasks.labels.family import Control, Region
from tasks.labels.measures import wording

MAX_CHARACTERS = 20_000
MAX_TEXTS = 50
TOTAL_MAX_CHARACTERS = 60_000  # of all texts of one control: comparing takes time with the square of it


@dataclass(frozen=True)
class FreeText(Control):
    """Canonical form: the texts, each Unicode-normalised (NFC) and stripped."""

    result_type = "textarea"
    value_key = "text"
    cells: ClassVar[tuple[str, ...]] = ("text",)

    def canonical(self, region: Region) -> list[str]:
        """The texts. Raises AnswerInvalid for empty or over-long ones."""
        value, where = self.value_of(region)
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not texts or len(texts) > MAX_TEXTS:
            raise self.refuse(where, "Write at least one text.", limit=MAX_TEXTS)
        given = [text.strip() if isinstance(text, str) else "" for text in texts]
        if not all(given):
            raise self.refuse(where, "A text is empty.")
        self._check_length(given, where)
        self.spend(region, sum(map(len, given)) // CHARACTERS, where)
        try:
            clean = [wording.composed(text) for text in given]
        except wording.TooManyMarks as error:
            raise self.refuse(where, wording.TOO_MANY_MARKS, limit=wording.MARKS_MAX) from error
        self._check_length(clean, where)  # composing may make a few characters of one
        if any("\0" in text for text in clean):
            raise self.refuse(where, "A text contains a NUL character.")
        return clean

    def _check_length(self, texts: Sequence[str], where: str) -> None:
        if (longest := max(map(len, texts))) > MAX_CHARACTERS:
            raise self.refuse(where, "A text is too long.", limit=MAX_CHARACTERS, got=longest)
        if (total := sum(map(len, texts))) > TOTAL_MAX_CHARACTERS:
            raise self.refuse(where, "The texts are too long together.", limit=TOTAL_MAX_CHARACTERS, got=total)

    def distance(self, a: Any, b: Any) -> float:
        """The normalised edit distance of the texts, case and spacing aside (`wording.edit_distance`)."""
        return wording.edit_distance(wording.joined(a), wording.joined(b))

    def measures(self, a: Any, b: Any) -> dict[str, float]:
        """Besides characters: words (one minus the symmetric word distance), the word error rate against `b` as 1 − WER, and equality."""
        left, right = wording.joined(a), wording.joined(b)
        return {
            "match": 1.0 - wording.edit_distance(left, right),
            "words": 1.0 - wording.word_distance(left, right),
            "word_accuracy": max(0.0, 1.0 - wording.word_error_rate(right, left)),
            "exact": float(left == right),
        }

    def region_value(self, canonical: Any) -> Any:
        """The list as it is."""
        return list(canonical)

    def from_short(self, value: Any) -> Mapping[str, Any]:
        """A text, or a list of them."""
        return {self.value_key: value}

    def flat(self, canonical: Any) -> dict[str, Any]:
        """The texts one below the other."""
        return {"": canonical, "text": "\n".join(canonical)}
