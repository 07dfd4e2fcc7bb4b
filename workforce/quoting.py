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
    visible = "".join(" " if character.isspace() else character for character in note if _is_visible(character))
    text = " ".join(visible.split()).translate(QUOTES)
    if len(text) > NOTE_MAX_CHARACTERS:
        raise BadNote(field="note", limit=NOTE_MAX_CHARACTERS, got=len(text))
    if LINK.search(unicodedata.normalize("NFKC", text)):
        raise BadNote("A note has no links and no addresses: the people know where their work is.", field="note")
    return f" They write: “{text}”" if text else ""


def _is_visible(character: str) -> bool:
    return character.isspace() or not unicodedata.category(character).startswith("C")
