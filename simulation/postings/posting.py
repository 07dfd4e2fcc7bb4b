"""What a posting is: one kind of question with its guideline, its contents and what the right answers are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Regions = list[dict[str, Any]]  # Label Studio's result format
GUIDELINES = Path(__file__).parent / "guidelines"


@dataclass(frozen=True)
class Entry:
    """What a guideline says about one label. Examples are (text, why)."""

    label: str
    definition: str
    use_when: str = ""
    do_not_use_when: str = ""
    right: Sequence[tuple[str, str]] = ()
    wrong: Sequence[tuple[str, str]] = ()

    def body(self) -> dict[str, Any]:
        """As the API takes it."""
        examples = [
            {"right": is_right, "text": text, "explanation": why}
            for is_right, given in ((True, self.right), (False, self.wrong))
            for text, why in given
        ]
        return {
            "label": self.label,
            "definition": self.definition,
            "use_when": self.use_when,
            "do_not_use_when": self.do_not_use_when,
            "examples": examples,
        }


@dataclass(frozen=True)
class Item:
    """One task: what it shows, its right answer, and perhaps a likely mistake or a machine's suggestion.

    A payload value that begins with `file:` stands for the address of that file of the posting, once it is uploaded.
    """

    key: str
    payload: dict[str, Any]
    truth: Regions
    mistake: Regions | None = None
    suggestion: Regions | None = None
    gold: bool = False
    explanation: str = ""


@dataclass(frozen=True)
class Posting:
    """One batch of one kind of question, ready to be posted."""

    slug: str
    project: str  # the kind of question
    name: str  # of the batch
    description: str
    interface: str
    entries: Sequence[Entry]
    items: Sequence[Item]
    seconds: int  # what one answer takes
    cents: int  # what one answer pays
    files: dict[str, bytes] = field(default_factory=dict)
    overlap: int = 3
    sensitive: Sequence[str] = ()
    gold_percent: int = 0
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def guideline(self) -> str:
        """The text of its guideline, Markdown."""
        return (GUIDELINES / f"{self.slug}.md").read_text()

    @property
    def gold(self) -> list[Item]:
        """The tasks whose truth the requester tells."""
        return [item for item in self.items if item.gold]

    @property
    def ordinary(self) -> list[Item]:
        """The other tasks."""
        return [item for item in self.items if not item.gold]


def region(control: str, about: str, kind: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One region or answer of a result."""
    return {"from_name": control, "to_name": about, "type": kind, "value": value, **more}


def chosen(about: str, *values: str, control: str = "label") -> Regions:
    """These choices."""
    return [region(control, about, "choices", {"choices": list(values)})]


def spans(text: str, *marked: tuple[str, str]) -> Regions:
    """(words, label) → the first place where the words stand in the text, labelled."""
    found = []
    for n, (words, label) in enumerate(marked):
        start = text.index(words)
        value = {"start": start, "end": start + len(words), "text": words, "labels": [label]}
        found.append(region("label", "text", "labels", value, id=f"s{n}"))
    return found
