"""Words of an organisation in what the house tells people: short, on one line, without links, and marked as a quotation.

Mail is ours and says so; nobody gets to write it.
"""

import re
import unicodedata

from workforce.errors import BadNote

NOTE_MAX_CHARACTERS = 300
LINK = re.compile(r"://|\bwww\.|\bmailto:|@[\w-]+\.\w", re.IGNORECASE)
QUOTES = str.maketrans({"“": "'", "”": "'", "„": "'", '"': "'", "«": "'", "»": "'"})


def checked(note: str) -> str:
    """The note as it follows our own sentence: ` They write: “…”`; nothing for an empty one. Raises BadNote for one too long, or with a link.

    What is invisible, or turns the direction of writing, is taken out, and its quotation marks become single ones, so that it cannot
    end the quotation.
    """
    text = _plain(note)
    if len(text) > NOTE_MAX_CHARACTERS:
        raise BadNote(field="note", limit=NOTE_MAX_CHARACTERS, got=len(text))
    if _has_link(text):
        raise BadNote("A note has no links and no addresses: the people know where their work is.", field="note")
    return f" They write: “{text}”" if text else ""


def _plain(text: str) -> str:
    visible = "".join(" " if character.isspace() else character for character in text if _is_visible(character))
    return " ".join(visible.split()).translate(QUOTES)


def _has_link(text: str) -> bool:
    return LINK.search(unicodedata.normalize("NFKC", text)) is not None


def name(given: str) -> str:
    """An organisation's name as mail can carry it, in quotation marks; empty when it carries a link."""
    text = _plain(given)
    return "" if _has_link(text) else f"“{text}”"


def _is_visible(character: str) -> bool:
    return character.isspace() or not unicodedata.category(character).startswith("C")
