"""Which tags of Label Studio's language an interface may use, and what in them could harm who labels with it.

The whitelist is what the open editor has and a family here understands. Scripts, unknown tags, and attributes that load code or talk
to other sites are refused; what the editor shows as HTML is cleaned (`cleaning`).
"""

import re
from collections import Counter
from xml.etree import ElementTree

from django.utils.translation import gettext_noop

from tasks.labels import cleaning, reading
from tasks.labels.errors import InterfaceInvalid
from tasks.labels.objects import MEANT, OBJECTS, TEXTS, VARIABLE, no_variable

NAME_MAX_CHARACTERS = 100

LABELLED = {"RectangleLabels", "EllipseLabels", "PolygonLabels", "KeyPointLabels", "BrushLabels"}
SHAPES = {"Rectangle", "Ellipse", "Polygon", "KeyPoint", "Brush"}
LABELS = LABELLED | {"Labels", "HyperTextLabels", "ParagraphLabels", "TimeSeriesLabels", "TimelineLabels"}
JUDGEMENTS = {"Choices", "TextArea", "Rating", "Number", "DateTime", "Pairwise", "Ranker", "Taxonomy"}
CONTROLS = LABELS | SHAPES | JUDGEMENTS | {"VideoRectangle"}
LAYOUT = {"View", "Header", "Style", "Collapse", "Panel", "Filter", "Shortcut"}
PARTS = {"Choice", "Label", "Bucket", "Channel", "Relations", "Relation"}
KNOWN = OBJECTS | CONTROLS | LAYOUT | PARTS

# Tags of Label Studio that we refuse, and why: somebody who brings a config from there should not have to guess.
ELSEWHERE = {
    "Chat": gettext_noop(
        "The tag <%(tag)s> belongs to Label Studio Enterprise; the open editor cannot show it. Show a dialogue with <Paragraphs>."
    ),
    "OcrLabels": gettext_noop(
        "The tag <%(tag)s> belongs to Label Studio Enterprise; the open editor cannot show it. Use <RectangleLabels> on an <Image>."
    ),
    "ReactCode": gettext_noop(
        "The tag <%(tag)s> runs code of its own in the worker's page. Use an HTMLQuestion, which is shown in a frame apart."
    ),
    "Repeater": gettext_noop(
        "The tag <%(tag)s> makes controls that only the payload knows. Write the controls out, or use <Image valueList> with perItem."
    ),
    "Bitmask": gettext_noop("The tag <%(tag)s> hands in pictures, not regions. Use <Brush>."),
    "BitmaskLabels": gettext_noop("The tag <%(tag)s> hands in pictures, not regions. Use <BrushLabels>."),
    "Pdf": gettext_noop(
        "The tag <%(tag)s> needs a plug-in of the browser, which our content policy forbids. Show pages as pictures: <Image valueList>."
    ),
    "MagicWand": gettext_noop("The tag <%(tag)s> needs pixels of images from other sites. Use <Brush>."),
    "script": gettext_noop(
        "The tag <%(tag)s> would run in the worker's page. Use an HTMLQuestion, which is shown in a frame apart."
    ),
}

# What an object can be labelled with. A judgement (a choice, a text, a rating …) can be given on anything.
FITS = {
    "Labels": {"Text", "HyperText", "Audio", "Paragraphs", "Image", "Video", "TimeSeries"},
    "HyperTextLabels": {"HyperText", "Text"},
    "ParagraphLabels": {"Paragraphs"},
    "TimeSeriesLabels": {"TimeSeries"},
    "TimelineLabels": {"Video"},
    "VideoRectangle": {"Video"},
    "Ranker": {"List"},
    **dict.fromkeys(LABELLED | SHAPES, {"Image"}),
}
STYLE_LOADS = re.compile(r"url\(|@import|expression\(|image-set\(|-moz-binding|behavior:|</|\\", re.IGNORECASE)
LOADS_CODE = re.compile(r"^\s*(javascript|vbscript|data\s*:\s*text/html)\s*:?", re.IGNORECASE)
# Where the editor fills variables of the payload in what people see.
FILLED = dict.fromkeys(OBJECTS, ("value", "valuelist", "audiourl")) | dict.fromkeys(("Header", "Choice", "Label"), ("value",))


def read(xml: str) -> "ElementTree.Element":
    """The tree of an interface, at a cost that grows with its length alone. Raises InterfaceInvalid for what is not well-formed, too deep
    or too large, and for document types, entities and processing instructions.
    """
    return reading.tree_of(xml)


def check(root: "ElementTree.Element") -> None:
    """Refuse tags and attributes that are not on the list. Raises InterfaceInvalid naming tag and attribute."""
    for tag in root.iter():
        _check_tag(tag)


def _check_tag(tag: "ElementTree.Element") -> None:
    name = str(tag.tag)
    if name not in KNOWN:
        message = ELSEWHERE.get(name) or ELSEWHERE.get(name.lower()) or "The tag <%(tag)s> is not supported."
        raise InterfaceInvalid(message, field="interface", tag=name[:40], known=sorted(KNOWN))
    for attribute, value in tag.attrib.items():
        _check_attribute(name, attribute.lower(), value)
    if name == "Style" and STYLE_LOADS.search("".join(tag.itertext())):
        raise InterfaceInvalid("<Style> may not load anything, import, or escape characters.", field="interface", tag="Style")


def check_shown(root: "ElementTree.Element") -> None:
    """Refuse, where an interface enters, what the editor would make HTML or a style of. Raises InterfaceInvalid naming tag and attribute."""
    for tag in root.iter():
        name = str(tag.tag)
        if twice := [one for one, n in Counter(map(str.lower, tag.attrib)).items() if n > 1]:
            message = "<%(tag)s> has the attribute %(attribute)s twice: the editor does not tell capitals from small letters."
            raise InterfaceInvalid(message, field="interface", tag=name, attribute=twice[0][:40])
        for attribute, value in tag.attrib.items():
            if why := cleaning.harm(name, attribute.lower(), value):
                place = {"tag": name, "attribute": attribute[:40], "what": f"<{name} {attribute[:40]}>"}
                raise InterfaceInvalid(why, field="interface", **place, got=value[:80])
        _check_variables(tag)
        if cleaning.wrong_text(tag):
            message = (
                "<%(tag)s> holds a text, which the editor would show as it is. Put it into an attribute: value, hint or html."
            )
            raise InterfaceInvalid(message, field="interface", tag=name, got=(tag.text or "").strip()[:80])
        if name == "Style" and cleaning.LOADS.search(tag.text or ""):
            raise InterfaceInvalid("<Style> may not load anything, import, or escape characters.", field="interface", tag=name)
        fixed = not VARIABLE.fullmatch(attributes_of(tag).get("value", "").strip())
        if name in TEXTS and fixed and attributes_of(tag).get("valuetype", "").lower() == "url":
            raise InterfaceInvalid('<%(tag)s> loads a variable of the payload: value="$name".', field="interface", tag=name)


def _check_variables(tag: "ElementTree.Element") -> None:
    """Refuse a `$…` that would be shown as it is, or as nothing, because no field of a payload can fill it."""
    name = str(tag.tag)
    for attribute, value in tag.attrib.items():
        if attribute.lower() not in FILLED.get(name, ()):
            continue
        bare = value.strip()
        mixed = name in OBJECTS and MEANT.match(bare) is not None and not VARIABLE.fullmatch(bare)
        if wrong := no_variable(value) or (bare if mixed else None):
            message = (
                "%(attribute)s of <%(tag)s>: %(variable)s is no variable. A variable is $ and the name of a field of the payload, of the "
                'letters a to z, digits and _, and stands alone: value="$text". An amount of money has a space: $ 5.'
            )
            place = {"tag": name, "attribute": attribute[:40], "variable": wrong[:40]}
            raise InterfaceInvalid(message, field="interface", **place, got=wrong[:80])


def _check_attribute(tag: str, attribute: str, value: str) -> None:
    bare = re.sub(r"[\x00-\x20]", "", value)
    harmful = (
        attribute.startswith("on")
        and attribute != "only"  # which parts of a moment a DateTime asks for
        or LOADS_CODE.match(bare) is not None
        or "javascript:" in bare.lower()
        or attribute.endswith("style")
        and STYLE_LOADS.search(value) is not None
        or attribute in {"apiurl", "resolver"}
    )
    if harmful and attribute.endswith("style"):
        message = "The style of <%(tag)s> may not load or import anything, nor escape characters. Show pictures with <Image>."
        raise InterfaceInvalid(message, field="interface", tag=tag, attribute=attribute[:40])
    if harmful:
        message = "The attribute %(attribute)s of <%(tag)s> is not allowed: it could run code, or talk to another site."
        raise InterfaceInvalid(message, field="interface", tag=tag, attribute=attribute[:40])
    if attribute == "decoder" and bare.lower() == "ffmpeg":
        message = 'decoder="ffmpeg" needs code that this site\'s content policy does not run; leave the attribute out.'
        raise InterfaceInvalid(message, field="interface", tag=tag, attribute=attribute)
    if attribute == "name" and len(value) > NAME_MAX_CHARACTERS:
        raise InterfaceInvalid("A name is too long.", field="interface", tag=tag, limit=NAME_MAX_CHARACTERS, got=len(value))


def attributes_of(tag: "ElementTree.Element") -> dict[str, str]:
    """The attributes with names in lower case, as the editor reads them."""
    return {name.lower(): value for name, value in tag.attrib.items()}


def is_true(attributes: dict[str, str], name: str) -> bool:
    """Is the attribute set to true?"""
    return attributes.get(name, "").strip().lower() == "true"


def variable_of(tag: "ElementTree.Element", attribute: str = "value") -> str | None:
    """The variable that an object shows; None for a text that is the same in every task. Raises InterfaceInvalid for anything else."""
    value = attributes_of(tag).get(attribute, "")
    if found := VARIABLE.fullmatch(value.strip()):
        return found.group(1)
    if tag.tag in TEXTS and value and attribute == "value":
        return None
    raise InterfaceInvalid(
        '<%(tag)s> shows a variable of the payload: %(attribute)s="$name".',
        field="interface",
        tag=str(tag.tag),
        attribute=attribute,
    )
