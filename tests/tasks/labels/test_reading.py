"""The text of an interface is read once, forward, and what has no business in it is refused where it stands."""

import ast
from pathlib import Path

import pytest

from tasks.labels import InterfaceInvalid, check_interface, interfaces, tags
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
    "half a character": (CONFIG.replace('"a"', '"\ud800"'), "not well-formed"),
    "no character": (CONFIG.replace('"a"', '"\0"'), "not well-formed"),
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
