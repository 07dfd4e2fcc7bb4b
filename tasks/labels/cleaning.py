"""The gate for HTML that the editor shows, and for whatever else of an interface or a payload it would make HTML or a style of.

The editor shows HTML in four places: the content of <HyperText>, `html` of a choice or label (in the config, or in a list that the payload
brings), and `html` of a <List>'s items. All of it is cleaned here where it enters, by a parser that reads as browsers do, so that what is
stored is clean. Besides, it measures the names of labels, writes colours into style sheets, and quotes attributes in messages of its own,
each without escaping; what would be mark-up or a style there is refused where it enters, and taken out of what was stored before.

Answers, drafts and suggestions hold no HTML: the editor shows every text of theirs as text (tests/browser/test_hostile.py tries each).
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from html import escape as html_text
from typing import Any
from xml.etree import ElementTree

import nh3
from django.utils.translation import gettext_noop

from tasks.labels import nesting
from tasks.labels.objects import CHOICES_DEPTH_MAX, FILE, PICTURE, VARIABLE

TAGS = {
    *(
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "br",
        "hr",
        "div",
        "span",
        "section",
        "article",
        "aside",
        "header",
        "footer",
        "main",
        "nav",
    ),
    *("address", "blockquote", "pre", "center", "figure", "figcaption", "details", "summary", "ul", "ol", "li", "dl", "dt", "dd"),
    *(
        "em",
        "strong",
        "b",
        "i",
        "u",
        "s",
        "small",
        "big",
        "sub",
        "sup",
        "mark",
        "ins",
        "del",
        "q",
        "cite",
        "dfn",
        "abbr",
        "time",
        "code",
    ),
    *("kbd", "samp", "var", "tt", "bdi", "bdo", "wbr", "ruby", "rt", "rp", "font", "a", "img"),
    *("table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
# What stands in these is no text for people.
EMPTIED = {
    *(
        "script",
        "style",
        "svg",
        "math",
        "iframe",
        "frame",
        "frameset",
        "object",
        "embed",
        "applet",
        "template",
        "noscript",
        "noembed",
    ),
    *("noframes", "xmp", "plaintext", "title", "head", "base", "link", "meta", "textarea", "select", "option", "button", "input"),
}
ATTRIBUTES = {
    "*": {"class", "style", "title", "lang", "dir"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "type"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    "font": {"color", "size"},
    "time": {"datetime"},
}
# None of these loads anything, leaves the place of its element, or covers another.
PROPERTIES = {
    *("color", "background-color", "font-family", "font-size", "font-style", "font-variant", "font-weight", "line-height"),
    *(
        "letter-spacing",
        "word-spacing",
        "text-align",
        "text-decoration",
        "text-indent",
        "text-transform",
        "vertical-align",
        "white-space",
    ),
    *(
        "direction",
        "unicode-bidi",
        "border",
        "border-top",
        "border-right",
        "border-bottom",
        "border-left",
        "border-color",
        "border-style",
    ),
    *(
        "border-width",
        "border-collapse",
        "border-radius",
        "padding",
        "padding-top",
        "padding-right",
        "padding-bottom",
        "padding-left",
    ),
    *("width", "height", "max-width", "list-style-type"),
}
SCHEMES = {"http", "https", "mailto", "data"}  # data only as PICTURE has it, see _kept
OWN_CLASSES = ("lsf", "htx", "ls-", "ant-", "konva", "dm-")  # the editor's: a text must not pass for a part of it

MARKUP = re.compile(r"<[A-Za-z/!?]")
COLOUR = re.compile(r"[#\w\s(),.%/-]{0,64}")
LOADS = re.compile(
    r"url\s*\(|@import|expression\s*\(|image-set\s*\(|-moz-binding|behavior\s*:|</|\\|src\s*\(|image\s*\(|cross-fade\s*\(",
    re.IGNORECASE,
)
# Attributes whose text is for people, shown as text (or, `html`, cleaned): they may speak of tags. What the payload brings is no other.
WORDS = {
    "value",
    "html",
    "hint",
    "placeholder",
    "title",
    "alias",
    "legend",
    "requiredmessage",
    "choicelabel",
    "text",
    "description",
}
OFFERED = {
    *(
        "value",
        "alias",
        "html",
        "hint",
        "hotkey",
        "selected",
        "background",
        "selectedcolor",
        "children",
        "showalias",
        "score",
        "category",
    ),
    *("size", "id", "isleaf", "color", "granularity", "maxusages"),
}


SLACK = 10  # what came clean through the gate writes out what was left out, and is longer and deeper than what went in
SHOWN = {("img", "src"), ("a", "href")}  # where an address of a file kept here may stand

Picture = Callable[[str], str]  # from the address of a picture kept here to the one that the editor is given


NO_COLOUR = gettext_noop("%(what)s is a colour.")
LOADING = gettext_noop("%(what)s may not load or import anything, nor escape characters.")
LIKE_A_TAG = gettext_noop("%(what)s is the name of a label, which the editor also measures as HTML: it may not look like a tag.")
UNSEEN = gettext_noop("%(what)s would show HTML that was never looked at: put it into the payload.")
HIDDEN = gettext_noop("%(what)s would hide the HTML: put it into the payload as it is.")
MARKED_UP = gettext_noop("%(what)s may not hold mark-up.")
NOT_OFFERED = gettext_noop("%(what)s is no field of a choice or label.")
NO_VALUE = gettext_noop("%(what)s is a text, a number or true or false.")


def cleaned(html: str, picture: Picture | None = None) -> str:
    """HTML with nothing left in it that runs, loads, styles the page around it or leads a form or a frame anywhere. Cleaning again changes
    nothing. Text stays as it is shown. With `picture` the addresses of pictures kept here become what it makes of them, in HTML that was
    cleaned before. HTML that would take long to parse, which is refused where it enters (`too_much_in`), is shown as it was written.
    """
    if picture is not None and "/files/" not in html:
        return html
    if nesting.too_much(html, slack=SLACK):
        return html_text(html) if picture is None else html
    return (_cleaner() if picture is None else _making_cleaner(picture)).clean(html)


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    return _making_cleaner(None)


def _making_cleaner(picture: Picture | None) -> nh3.Cleaner:
    def kept(tag: str, name: str, value: str) -> str | None:
        found = _kept(tag, name, value)
        return picture(found) if found and picture and (tag, name) in SHOWN and FILE.fullmatch(found) else found

    return nh3.Cleaner(
        tags=TAGS,
        clean_content_tags=EMPTIED,
        attributes=ATTRIBUTES,
        attribute_filter=kept,
        url_schemes=SCHEMES,
        filter_style_properties=PROPERTIES,
        link_rel="noopener noreferrer nofollow",  # a click opens nothing (island.js); the browser's own menu does, in a tab of its own
    )


def _kept(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return None if LOADS.search(value) else value
    if name == "class":
        return " ".join(one for one in value.split() if not one.lower().startswith(OWN_CLASSES)) or None
    if tag == "img" and name == "src":
        return value if FILE.fullmatch(value) or PICTURE.fullmatch(value) else None
    if tag == "a" and name == "href":
        return None if value.lower().lstrip().startswith("data:") else value
    return value


def too_much_in(value: Any, field: str, *, is_html: bool = False) -> tuple[str, nesting.TooMuch] | None:
    """The first place of a payload's value (or of any JSON that offers choices or items) whose HTML would take long to parse, and why."""
    if isinstance(value, dict):
        found = (
            too_much_in(one, f"{field}.{name[:60]}", is_html=is_html or name.lower() == "html") for name, one in value.items()
        )
    elif isinstance(value, list):
        found = (too_much_in(one, f"{field}[{n}]", is_html=is_html) for n, one in enumerate(value))
    else:
        why = nesting.too_much(value) if is_html and isinstance(value, str) else None
        return (field, why) if why else None
    return next(filter(None, found), None)


# ---- an interface ----


def too_much_in_tree(root: "ElementTree.Element") -> tuple[str, nesting.TooMuch] | None:
    """The first attribute of HTML in a config that would take long to parse, and why."""
    for tag in root.iter():
        for name, value in tag.attrib.items():
            if _is_html(str(tag.tag), name.lower(), value) and (why := nesting.too_much(value)):
                return f"{tag.tag}.{name}", why
    return None


def harm(tag: str, attribute: str, value: str) -> str | None:
    """Why an attribute (its name in lower case) of a tag, or a field of something the payload offers, may not be let in: a message about
    `what`. None where it may.
    """
    if "color" in attribute or attribute == "background":
        return None if COLOUR.fullmatch(value) and not LOADS.search(value) else NO_COLOUR
    if attribute == "value" and tag == "Style" or attribute.endswith("style"):
        return LOADING if LOADS.search(value) else None
    if attribute in {"value", "alias"} and tag == "Label" and MARKUP.search(value):
        return LIKE_A_TAG
    if attribute == "valuetype" and tag == "HyperText" and value.strip().lower() == "url":
        return UNSEEN
    if attribute == "encoding" and tag == "HyperText" and value.strip().lower() not in {"", "none"}:
        return HIDDEN
    if attribute not in WORDS and MARKUP.search(value):
        return MARKED_UP
    return None


def wrong_text(tag: "ElementTree.Element") -> bool:
    """Does a tag without others in it hold a text, which the editor would take for its value, unescaped?"""
    return str(tag.tag) not in {"Style", "Header"} and len(tag) == 0 and bool((tag.text or "").strip())


def clean_tree(root: "ElementTree.Element", picture: Picture | None = None) -> bool:
    """Clean every attribute of HTML in a config, as `cleaned` does. Says whether that changed anything."""
    changed = False
    for tag in root.iter():
        for name, value in list(tag.attrib.items()):
            if _is_html(str(tag.tag), name.lower(), value) and (clean := cleaned(value, picture)) != value:
                tag.set(name, clean)
                changed = True
    return changed


def strip_tree(root: "ElementTree.Element") -> None:
    """Take out of a config that was let in earlier what would not be let in today, and clean its HTML. What it asks stays the same."""
    clean_tree(root)
    for tag in root.iter():
        kind = str(tag.tag)
        for name, value in list(tag.attrib.items()):
            if harm(kind, name.lower(), value) is None:
                continue
            if kind == "Label" and name.lower() in {"value", "alias"}:
                tag.set(name, value.replace("<", "‹"))
            else:
                del tag.attrib[name]
        if wrong_text(tag):
            tag.text = None
        if kind == "Style" and LOADS.search(tag.text or ""):
            tag.text = ""


def put_inline(root: "ElementTree.Element") -> None:
    """Show <HyperText> in the editor's own document. In a frame of its own, inside one without an origin, the editor could not reach it."""
    for tag in root.iter("HyperText"):
        for name in [name for name in tag.attrib if name.lower() == "inline"]:
            del tag.attrib[name]
        tag.set("inline", "true")


def _is_html(tag: str, attribute: str, value: str) -> bool:
    return attribute == "html" or tag == "HyperText" and attribute == "value" and not VARIABLE.fullmatch(value.strip())


# ---- a payload ----


def clean_items(items: Any, picture: Picture | None = None) -> Any:
    """The items of a <List>, with their `html` clean."""
    if not isinstance(items, list):
        return items
    return [
        one | {"html": cleaned(str(one["html"]), picture)} if isinstance(one, dict) and one.get("html") is not None else one
        for one in items
    ]


def clean_offered(offered: Any, tag: str, picture: Picture | None = None, *, depth: int = 1) -> Any:
    """The choices or labels that a payload brings: their HTML cleaned, and without fields that would not be let in today."""
    if not isinstance(offered, list) or depth > CHOICES_DEPTH_MAX:
        return offered
    return [_clean_one(one, tag, picture, depth) if isinstance(one, dict) else one for one in offered]


def _clean_one(one: Mapping[str, Any], tag: str, picture: Picture | None, depth: int) -> dict[str, Any]:
    kept = {name: value for name, value in one.items() if _offers(tag, name, value) is None or name in {"value", "alias"}}
    for name in kept:
        if name.lower() == "html":
            kept[name] = cleaned(str(kept[name]), picture)
    if "children" in kept:
        kept["children"] = clean_offered(kept["children"], tag, picture, depth=depth + 1)
    return kept


def offers_wrongly(offered: Any, tag: str, *, depth: int = 1) -> tuple[str, str] | None:
    """The first field of what a payload offers that may not be let in, and the message about it. `offered` was found to be a list of objects."""
    for one in offered:
        for name, value in one.items():
            if why := _offers(tag, name, value):
                return name, why
        if depth < CHOICES_DEPTH_MAX and one.get("children") and (found := offers_wrongly(one["children"], tag, depth=depth + 1)):
            return found
    return None


def _offers(tag: str, name: str, value: Any) -> str | None:
    if name.lower() not in OFFERED:
        return NOT_OFFERED
    if name.lower() == "children":
        return None
    if isinstance(value, dict | list):
        return NO_VALUE
    return harm(tag, name.lower(), str(value)) if value is not None else None
