"""Free text: `TextArea`."""

import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from tasks.labels.family import Control

MAX_CHARACTERS = 20_000
MAX_TEXTS = 50


@dataclass(frozen=True)
class FreeText(Control):
    """Canonical form: the texts, each Unicode-normalised (NFC) and stripped."""

    result_type = "textarea"
    value_key = "text"

    def canonical(self, value: Any, where: str) -> list[str]:
        """The texts. Raises AnswerInvalid for empty or over-long ones."""
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not texts or len(texts) > MAX_TEXTS:
            raise self.refuse(where, "Write at least one text.", limit=MAX_TEXTS)
        clean = [unicodedata.normalize("NFC", text).strip() if isinstance(text, str) else "" for text in texts]
        if not all(clean):
            raise self.refuse(where, "A text is empty.")
        if longest := max((len(text) for text in clean if len(text) > MAX_CHARACTERS), default=0):
            raise self.refuse(where, "A text is too long.", limit=MAX_CHARACTERS, got=longest)
        return clean

    def distance(self, a: Any, b: Any) -> float:
        """1 − the ratio of matching characters (Ratcliff and Obershelp 1988, as in difflib), case and spacing aside.

        The ratio depends a little on which text comes first, so the mean of both ways is taken.
        """
        left, right = (" ".join(" ".join(texts).casefold().split()) for texts in (a, b))
        if left == right:
            return 0.0
        ratios = [SequenceMatcher(None, one, two, autojunk=False).ratio() for one, two in ((left, right), (right, left))]
        return 1.0 - sum(ratios) / 2

    def region_value(self, canonical: Any) -> Any:
        """The list as it is."""
        return list(canonical)
