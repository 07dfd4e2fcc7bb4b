"""The text of an interface is read once, forward, and what has no business in it is refused where it stands."""

import ast
from pathlib import Path

import pytest

from tasks.labels import InterfaceInvalid, check_interface, interfaces, reading, tags
from tasks.labels.reading import ATTRIBUTES_MAX, DEPTH_MAX, TAGS_MAX

ROOT = Path(__file__).resolve().parents[3]
TEXT = '<Text name="text" value="$text"/>'
CONFIG = f'<View>{TEXT}<Choices name="label" toName="text"><Choice value="a"/><Choice value="b"/></Choices></View>'
ENTITY = '<!DOCTYPE View [<!ENTITY e "x">]>'

REFUSED = {
    "comments that never end": ("<!--" * 24_000, "not well-formed"),
    "comments that never end, in a tag": ("<View>" + "<!--" * 24_000, "not well-formed"),
    "sections that never end": ("<View>" + "<![CDATA[" * 11_000, "not well-formed"),
    "a document type": ("<!DOCTYPE View>" + CONFIG, "Document types"),
    "an entity": (ENTITY + CONFIG, "Document types"),
    "a document type behind an instruction": ("<?x <!-- ?>" + ENTITY + "<!-- -->" + CONFIG, "Processing instructions"),
    "a document type behind a comment": ("<!-- <![CDATA[ -->" + ENTITY + "<!-- ]]> -->" + CONFIG, "Document types"),
    "an external subset": ('<!DOCTYPE View SYSTEM "file:///etc/passwd">' + CONFIG, "Document types"),
    "an entity nobody defined": (CONFIG.replace('"a"', '"&e;"'), "not well-formed"),
    "an instruction inside": (CONFIG.replace(TEXT, TEXT + "<?php x ?>"), "Processing instructions"),
    "an instruction behind": (CONFIG + "<?x?>", "Processing instructions"),
    "one level too deep": ("<View>" * DEPTH_MAX + CONFIG + "</View>" * DEPTH_MAX, "nests them too deeply"),
    "one tag too many": ("<View>" + TEXT + "<View/>" * TAGS_MAX + "</View>", "too many tags"),
    "too many attributes": ("<View " + " ".join(f"a{n}='x'" for n in range(ATTRIBUTES_MAX + 1)) + "/>", "too many attributes"),
    "an attribute twice": (CONFIG.replace("<View>", '<View a="1" a="2">'), "duplicate attribute"),
    "a prefix nobody bound": (CONFIG.replace("<View>", '<View x:a="1">'), "unbound prefix"),
    "half a character": (CONFIG.replace('"a"', '"\ud800"'), "half a character"),
    "no character": (CONFIG.replace('"a"', '"\0"'), "NUL character"),
    "no character, written as a reference": (CONFIG.replace('"a"', '"&#0;"'), "not well-formed"),
    "half a character, written as a reference": (CONFIG.replace('"a"', '"&#xD800;"'), "not well-formed"),
    "half a character in a text": (CONFIG.replace(TEXT, TEXT + "\udfff"), "half a character"),
    "a huge name": (CONFIG.replace("<View>", f'<View {"x" * 201}="1">'), "at most 200 characters"),
    "a huge tag": (CONFIG.replace("<View>", f"<{'x' * 201}>"), "at most 200 characters"),
    "two roots": (CONFIG + CONFIG, "junk after document element"),
    "nothing": ("", "no element found"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_business_there_is_refused_and_the_sdk_never_sees_it(name, monkeypatch):
    seen = []
    monkeypatch.setattr(interfaces, "_check_with_sdk", seen.append)
    xml, why = REFUSED[name]
    with pytest.raises(InterfaceInvalid, match=why):
        check_interface(xml)
    assert seen == []


@pytest.mark.parametrize(
    "xml",
    [
        CONFIG,
        '<?xml version="1.0" encoding="utf-16"?>' + CONFIG,  # the text is read as it came, whatever it says of itself
        f"<!-- {ENTITY} -->" + CONFIG + "<!-- <?x?> -->",
        CONFIG.replace(TEXT, TEXT + "<Header value='x'/><![CDATA[<!DOCTYPE x>]]>"),
        CONFIG.replace('"a"', '"&lt;!DOCTYPE x&gt; &#65; ä"'),
        "<View>" * (DEPTH_MAX - 3) + CONFIG + "</View>" * (DEPTH_MAX - 3),
    ],
)
def test_what_configs_have_in_them_is_read(xml, monkeypatch):
    monkeypatch.setattr(interfaces, "_check_with_sdk", lambda xml: None)
    assert list(check_interface(xml).controls) == ["label"]


def test_the_tree_is_what_elementtree_makes_of_it():
    from xml.etree import ElementTree

    xml = '<a xmlns="urn:x" xmlns:y="urn:y" k="1" y:k="2">one<!-- -->two<b>th&amp;ree</b>four<![CDATA[<five>]]></a>'
    ours, theirs = tags.read(xml), ElementTree.fromstring(xml)  # noqa: S314 - the text above
    assert ElementTree.tostring(ours) == ElementTree.tostring(theirs)


def test_xml_is_read_by_no_regular_expression_and_no_other_parser():
    """`tags.read` is the one door: nothing of ours parses XML beside it, and it searches for nothing."""
    for path in (ROOT / "tasks").rglob("*.py"):
        tree = ast.parse(path.read_text())
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert not [name for name in calls if name.rpartition(".")[2] in {"fromstring", "XMLParser", "iterparse"}], path
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert path.name != "reading.py" or path.parent.name != "labels" or "re" not in imported


def test_an_attribute_that_differs_from_another_in_capitals_is_refused():
    """The editor reads either; what was checked here might not be what it shows."""
    twice = CONFIG.replace('name="label"', 'name="label" NAME="other"')
    with pytest.raises(InterfaceInvalid, match="has the attribute name twice"):
        check_interface(twice)


@pytest.mark.parametrize("part", ['<View title="%s"/>', "<View>%s</View>", "<View %s='1'/>"])
def test_a_huge_part_is_refused_by_the_parser_itself(part):
    with pytest.raises(InterfaceInvalid, match="at most"):
        reading.tree_of(part % ("x" * 1_000_000))


NUMBER = '<View><Text name="t" value="$t"/><Number name="n" toName="t" min="%s"/></View>'


@pytest.mark.parametrize(
    ("written", "why"),
    [
        *((one, "is a number") for one in ("nan", "-inf", "Infinity", "1_000", "１２", "0x10", "1,5", "one", "1e", "--1")),
        *((one, "A number lies between") for one in ("1e400", "9" * 21, "1e21", "-9007199254740993")),
        ("0.12345678901234567891", "has the digits that a double keeps"),
        ("1e-999", "would become 0"),
        ("-0", "has a sign"),
    ],
)
def test_a_number_that_could_not_be_kept_is_no_limit(written, why):
    with pytest.raises(InterfaceInvalid, match=why) as refused:
        check_interface(NUMBER % written)
    details = refused.value.details
    assert (details["field"], details["control"], details["attribute"]) == ("interface", "n", "min")


@pytest.mark.parametrize(
    ("written", "read"), [("0", 0), ("+1.5", 1.5), (".5", 0.5), ("-.5", -0.5), ("007", 7), ("1e3", 1000), ("", None)]
)
def test_a_number_as_people_write_it_is_a_limit(written, read):
    assert check_interface(NUMBER % written).controls["n"].least == read


def test_a_whole_number_of_too_many_digits_is_refused():
    stars = '<View><Text name="t" value="$t"/><Rating name="r" toName="t" maxRating="%s"/></View>'
    for written in ("5" + "0" * 5000, "0000000010", "²", "5.0", "-5"):
        with pytest.raises(InterfaceInvalid, match="is a number from 1 to"):
            check_interface(stars % written)
