"""How far apart two texts are."""

import re
import unicodedata
from collections.abc import Sequence

from django.utils.translation import gettext_noop

WORD = re.compile(r"\S+")
MARKS_MAX = 100  # on one character
TOO_MANY_MARKS = gettext_noop("A text has more than %(limit)s accents on one character; take some away.")


class TooManyMarks(ValueError):
    """A text with more than MARKS_MAX accents on one character: putting them in order takes time with the square of their number."""


def composed(text: str) -> str:
    """A text in one way of writing it (Unicode's NFC). Raises TooManyMarks."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > MARKS_MAX:
            raise TooManyMarks
    return unicodedata.normalize("NFC", text)


def plain(text: str) -> str:
    """Case and spacing aside."""
    return " ".join(text.casefold().split())


def edit_distance(a: str, b: str) -> float:
    """Levenshtein's distance over the longer length: 0 for equal texts, 1 for nothing in common (Levenshtein 1966; by rapidfuzz)."""
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_distance(a, b))


def word_error_rate(reference: str, hypothesis: str) -> float:
    """Words substituted, deleted and inserted, over the words of the reference (NIST's WER). Above 1 where much was inserted.

    Against an empty reference: 0 for an empty text, else the number of words, as jiwer has it.
    """
    from rapidfuzz.distance import Levenshtein

    wanted, got = WORD.findall(reference), WORD.findall(hypothesis)
    return Levenshtein.distance(wanted, got) / max(1, len(wanted))


def word_distance(a: str, b: str) -> float:
    """Word edits over the longer text's words: the word error rate made symmetric and kept within 0 and 1."""
    from rapidfuzz.distance import Levenshtein

    left, right = WORD.findall(a), WORD.findall(b)
    return Levenshtein.distance(left, right) / max(1, len(left), len(right))


def joined(texts: Sequence[str]) -> str:
    """Several texts as one, to compare."""
    return plain(" ".join(texts))
