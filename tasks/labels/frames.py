"""Free HTML interfaces, as Mechanical Turk writes them: an HTMLQuestion (the page itself) or an ExternalQuestion (its address).

The page is somebody else's, and is shown in a frame of its own (sandboxed, without our origin). Here it is read, and its ${variables}
are filled from a payload: escaped for HTML in a page, for an address in an address, so that a payload is never read as mark-up.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from django.conf import settings

from foundation import origins
from tasks.labels.errors import InterfaceInvalid
from tasks.labels.objects import check_text

SCHEMAS = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/"
HTML, EXTERNAL = "html", "external"
ROOTS = {"HTMLQuestion": (HTML, "HTMLContent"), "ExternalQuestion": (EXTERNAL, "ExternalURL")}
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
HEIGHT_MAX_PIXELS = 10_000
# What could be script. Rather too much: a page without any is served under a policy that runs none, so nothing hangs on finding it all.
SCRIPT = re.compile(r"<script|[\s/\"'\x00]on[a-z]+\s*=|javascript\s*:", re.IGNORECASE)
# Hints to connect, which no policy governs, and frames in the frame, in which a script would find what `contacts.js` takes away. A page here
# can load nothing by either. Renamed to an element that stands where they may and does nothing.
CONTACTS = re.compile(r"<(link)(?=[\s/>])|<(?:iframe|frame|frameset|object|embed|fencedframe|portal)(?=[\s/>])", re.IGNORECASE)


@dataclass(frozen=True)
class Frame:
    """A page to show in a frame."""

    kind: str  # html or external
    content: str  # the page, or the address it is loaded from; ${name} stands for a field of the payload
    height_pixels: int  # 0: as high as there is room
    variables: tuple[str, ...]

    def check(self, payload: Mapping[str, Any]) -> None:
        """Refuse a payload that leaves a variable unfilled. Raises PayloadInvalid."""
        for variable in self.variables:
            check_text(payload.get(variable), variable)

    @property
    def has_script(self) -> bool:
        """Is this page a program of the requester's, as far as can be told by looking? If not, it is served without any."""
        return self.kind == HTML and SCRIPT.search(self.content) is not None

    @property
    def origin(self) -> str | None:
        """Where an external page comes from (scheme, host, port), rebuilt; None for a page of our own, and for a host that is not let in
        any more. A payload cannot change it.
        """
        if self.kind != EXTERNAL:
            return None
        try:
            return str(origins.origin_of(VARIABLE.sub("x", self.content)))
        except origins.NoOrigin:
            return None


def filled(frame: Frame, payload: Mapping[str, Any]) -> str:
    """The page, or the address, for a payload: every variable replaced by its value, escaped. A value is never looked at again."""
    if frame.kind == EXTERNAL:
        return VARIABLE.sub(lambda found: quote(str(payload.get(found.group(1), "")), safe=""), frame.content)
    return VARIABLE.sub(lambda found: html.escape(str(payload.get(found.group(1), ""))), frame.content)


def without_contacts(page: str) -> str:
    """A filled page without elements by which it would open connections or frames. Script in it can still make them."""
    return CONTACTS.sub(lambda found: "<meta" if found.group(1) else "<span", page)


def is_frame(root: "ElementTree.Element") -> bool:
    """Is this Mechanical Turk's format? The schema's date does not matter, nor does its absence."""
    namespace, _, name = str(root.tag).rpartition("}")
    return name in ROOTS and (not namespace or namespace.startswith("{" + SCHEMAS) and namespace.endswith(f"/{name}.xsd"))


def frame_of(root: "ElementTree.Element") -> Frame:
    """Read an HTMLQuestion or ExternalQuestion. Raises InterfaceInvalid."""
    name = str(root.tag).rpartition("}")[2]
    kind, holder = ROOTS[name]
    parts = {str(part.tag).rpartition("}")[2]: (part.text or "").strip() for part in root}
    if set(parts) - {holder, "FrameHeight"} or len(parts) != len(list(root)) or not parts.get(holder):
        raise InterfaceInvalid(
            "%(tag)s holds %(holder)s and FrameHeight, each once, and nothing else.",
            field="interface",
            tag=name,
            holder=holder,
            known=[holder, "FrameHeight"],
        )
    content = parts[holder]
    if kind == EXTERNAL:
        _check_address(content)
    return Frame(kind, content, _height(parts.get("FrameHeight", "0")), tuple(dict.fromkeys(VARIABLE.findall(content))))


def check_contacts(frame: Frame) -> None:
    """Refuse, where an interface enters, an address that is not on a public site over https, or whose host a payload could change; and
    where the installation lets nobody see who works, any page on another site or with script. Raises InterfaceInvalid.
    """
    if settings.EXTERNAL_FILES == "refuse" and frame.has_script:
        raise InterfaceInvalid(
            "Pages with script are not shown here: they could tell other servers who works. Take the script out, or use Label Studio tags.",
            field="interface",
        )
    if frame.kind != EXTERNAL:
        return
    if settings.EXTERNAL_FILES == "refuse":
        raise InterfaceInvalid("Pages on other sites are not shown here: their owners would see who works.", field="interface")
    try:
        origins.origin_of(VARIABLE.sub("x", frame.content))
    except origins.NoOrigin as error:
        raise InterfaceInvalid(
            error.template, **(error.details | {"field": "interface", "tag": "ExternalURL", "got": frame.content[:100]})
        ) from error


def _check_address(address: str) -> None:
    """Only https, and a host that no payload can change."""
    if not re.match(r"https://[A-Za-z0-9.:-]+(?:[/?#]|$)", address) or re.search(r"\s", address):
        raise InterfaceInvalid(
            "ExternalURL is an https:// address; ${variables} stand in its path or query, never in its host.", field="interface"
        )


def _height(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:9]) > HEIGHT_MAX_PIXELS:
        raise InterfaceInvalid(
            "FrameHeight is a number of pixels, 0 for all there is.", field="interface", limit=HEIGHT_MAX_PIXELS
        )
    return int(text)
