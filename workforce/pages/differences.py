"""What is new in a text, block by block, as a reader sees it."""

from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.safestring import SafeString

from foundation.markdown import parts_of


@dataclass(frozen=True)
class Part:
    """A block of the new text, or one that is gone: `same`, `added` or `removed`."""

    kind: str
    html: SafeString


def parts_between(old: str, new: str) -> list[Part]:
    """The blocks of both texts in reading order."""
    before, after = parts_of(old), parts_of(new)
    parts: list[Part] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            parts += [Part("same", html) for html in after[c:d]]
        else:
            parts += [Part("removed", html) for html in before[a:b]] + [Part("added", html) for html in after[c:d]]
    return parts
