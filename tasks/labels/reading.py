"""From the text of an interface to its tree, by expat with bounds: no document type, no entity, no processing instruction, no depth.

Names, values and texts pass the one gate for values (`foundation.values`). Everything is refused while it is read, at the place where
it stands, so that the cost grows with the length of the text alone. What passes here is what any other parser (the SDK's, the editor's)
may then be given.
"""

from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from foundation import values
from tasks.labels.errors import InterfaceInvalid

TAGS_MAX = 2_000
DEPTH_MAX = 40
ATTRIBUTES_MAX = 200  # of one tag
NAME_MAX_CHARACTERS = 200  # of a tag or an attribute, its namespace included
VALUE_MAX_CHARACTERS = 100_000


def tree_of(xml: str) -> Element:
    """The tree of an interface, as ElementTree builds it. Raises InterfaceInvalid, with line and column where it is not well-formed."""
    reader = _Reader()
    try:
        values.check_text(xml, field="interface")
        reader.parser.Parse(xml, True)
    except values.Unkeepable as error:
        raise InterfaceInvalid(error.template, **error.details) from error
    except (expat.ExpatError, ValueError) as error:  # ValueError: what cannot be written as UTF-8
        raise InterfaceInvalid("The interface is not well-formed XML: %(why)s.", field="interface", why=str(error)) from error
    return reader.builder.close()


class _Reader:
    """Expat's handlers: what each is told becomes part of the tree, or is refused."""

    def __init__(self) -> None:
        self.builder = TreeBuilder()
        self.depth = self.tags = 0
        self.parser = parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._document_type
        parser.EntityDeclHandler = self._document_type
        parser.ExternalEntityRefHandler = self._document_type
        parser.SkippedEntityHandler = self._document_type
        parser.ProcessingInstructionHandler = self._instruction

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth, self.tags = self.depth + 1, self.tags + 1
        if self.depth > DEPTH_MAX or self.tags > TAGS_MAX:
            limit = DEPTH_MAX if self.depth > DEPTH_MAX else TAGS_MAX
            raise InterfaceInvalid("The interface has too many tags, or nests them too deeply.", field="interface", limit=limit)
        values.check_text(name, field="interface", limit=NAME_MAX_CHARACTERS)
        for key, value in attributes.items():
            values.check_text(key, field="interface", limit=NAME_MAX_CHARACTERS)
            values.check_text(value, field="interface", limit=VALUE_MAX_CHARACTERS)
        if len(attributes) > ATTRIBUTES_MAX:
            message = "The tag <%(tag)s> has too many attributes."
            raise InterfaceInvalid(message, field="interface", tag=name[:40], limit=ATTRIBUTES_MAX, got=len(attributes))
        self.builder.start(_name(name), {_name(key): value for key, value in attributes.items()})

    def _text(self, text: str) -> None:
        values.check_text(text, field="interface")
        self.builder.data(text)

    def _end(self, name: str) -> None:
        self.depth -= 1
        self.builder.end(_name(name))

    def _document_type(self, *_: object) -> NoReturn:
        raise InterfaceInvalid("Document types and entities are not allowed.", field="interface")

    def _instruction(self, target: str, _: str) -> NoReturn:
        raise InterfaceInvalid(
            "Processing instructions are not allowed: remove <?%(got)s …?>.", field="interface", got=target[:40]
        )


def _name(found: str) -> str:
    """Expat's `namespace}name` as ElementTree writes it."""
    return "{" + found if "}" in found else found
