"""The gate for HTML: nothing that runs, loads or styles gets through, text stays as it is shown, and cleaning again changes nothing."""

from html.parser import HTMLParser

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.labels import InterfaceInvalid, PayloadInvalid, check_interface, cleaning, interface_of
from tests.browser.gadgets import GADGETS

CHOICES = '<Choices name="c" toName="h"><Choice value="a"/><Choice value="b"/></Choices>'
HYPER = f'<View><HyperText name="h" value="$html"/>{CHOICES}</View>'
FILE = "/files/01a21e09-37dd-7063-a8fc-f7c079bbce93/a.png"


class Read(HTMLParser):
    """Every element with its attributes, and the text."""

    def __init__(self, html):
        super().__init__()
        self.found, self.text = [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def harmless(html):
    for tag, attributes in Read(html).found:
        assert tag in cleaning.TAGS, html
        assert set(attributes) <= {*cleaning.ATTRIBUTES["*"], *cleaning.ATTRIBUTES.get(tag, ()), "rel"}, html
        assert "script:" not in (attributes.get("href") or ""), html
        assert not cleaning.LOADS.search(attributes.get("style") or ""), html
        source = attributes.get("src")
        assert source is None or source.startswith(("/files/", "data:image/")), html


@pytest.mark.parametrize("name", GADGETS)
def test_no_gadget_gets_through(name):
    for html in (GADGETS[name], f"<p>seen</p>{GADGETS[name]}", f"<svg>{GADGETS[name]}</svg>", f"<math>{GADGETS[name]}"):
        clean = cleaning.cleaned(html)
        harmless(clean)
        assert cleaning.cleaned(clean) == clean


PIECES = st.sampled_from(
    [
        *(
            "<svg>",
            "</svg>",
            "<math>",
            "<mtext>",
            "<mglyph>",
            "<style>",
            "</style>",
            "<p>",
            "</p>",
            "<table>",
            "<td>",
            "<a href=javascript:x>",
        ),
        *(
            "<img src=x onerror=y>",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "<noscript>",
            "<title>",
            "<textarea>",
            "<select>",
            "<template>",
            '"',
            "'",
        ),
        *(
            "<form>",
            "<div hx-get=/x class=lsf-x>",
            "&lt;b&gt;",
            "a < b",
            "<font color=red>",
            "<annotation-xml encoding=text/html>",
            "<desc>",
            "\0",
        ),
    ]
)


@settings(max_examples=300)
@given(st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join))
def test_cleaning_again_changes_nothing(html):
    clean = cleaning.cleaned(html)
    harmless(clean)
    assert cleaning.cleaned(clean) == clean


def test_text_stays_as_it_is_shown():
    html = 'a < b &amp; c <b class="mine lsf-x">bold</b><p style="color:red;position:fixed">x<br>y</p><table><tr><td colspan="2">1</table>'
    clean = cleaning.cleaned(html)
    assert Read(clean).text == "a < b & c boldxy1"
    assert '<b class="mine">' in clean
    assert 'style="color:red"' in clean
    assert 'colspan="2"' in clean
    assert (
        cleaning.cleaned(f'<img src="{FILE}" alt="a"><img src="https://x.example/y.png" alt="b">')
        == f'<img src="{FILE}" alt="a"><img alt="b">'
    )
    assert nh3.clean_text("<") == "&lt;"


def test_a_payload_is_kept_clean():
    face = check_interface(
        '<View><Text name="t" value="$text"/><HyperText name="h" value="$html"/><List name="l" value="$items"/>'
        f'{CHOICES}<Ranker name="r" toName="l"/>'
        '<Choices name="d" toName="h" value="$offered"/><Labels name="s" toName="t" value="$labels"/></View>'
    )
    evil = "<b>x</b><img src=x onerror=alert(1)>"
    payload = {
        "text": f"a<b {evil}",
        "html": evil,
        "items": [{"id": "1", "title": evil, "html": evil}, {"id": 2, "body": evil}],
        "offered": [{"value": evil, "html": evil, "children": [{"value": "y", "html": evil}]}, {"value": "z"}],
        "labels": [{"value": "L", "background": "rgb(1, 2, 3)"}],
        "other": evil,
    }
    kept = face.check_payload(payload)
    clean = "<b>x</b><img>"
    assert kept["html"] == clean
    assert [one.get("html") for one in kept["items"]] == [clean, None]
    assert kept["offered"][0] == {"value": evil, "html": clean, "children": [{"value": "y", "html": clean}]}
    assert (kept["text"], kept["other"], kept["items"][0]["title"]) == (payload["text"], evil, evil), "text is shown as text"
    assert face.check_payload(kept) == kept


@pytest.mark.parametrize(
    "offered",
    [
        {"value": "x", "style": "background:url(https://x.example)"},
        {"value": "x", "onclick": "y"},
        {"value": "x", "background": "red} * {background:url(//x.example)"},
        {"value": "x", "selectedColor": "url(https://x.example)"},
        {"value": "x", "hotkey": "<img src=x>"},
        {"value": "x", "hint": {"__html": "<img src=x>"}},
        {"value": "<img src=x onerror=y>"},
        {"value": "x", "alias": "<style>*{}</style>"},
    ],
)
def test_what_a_payload_offers_is_no_style_and_no_markup(offered):
    face = check_interface('<View><Text name="h" value="$t"/><Labels name="l" toName="h" value="$labels"/></View>')
    with pytest.raises(PayloadInvalid) as refused:
        face.check_payload({"t": "x", "labels": [offered]})
    assert refused.value.details["field"] == "payload.labels"
    assert face.check_payload({"t": "x", "labels": [{"value": "<5 years", "background": "#fff"}]})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('value="$html"', 'value="$html" valueType="url"'),
        ('value="$html"', 'value="$html" encoding="base64"'),
        ('value="$html"', 'value="https://x.example/" valueType="url"'),
        ('value="$html"/>', 'value="$html"><![CDATA[><img src=x onerror=y>]]></HyperText>'),
        ('value="a"/>', 'value="a"><!-- x -->y</Choice>'),
        ('value="a"/>', 'value="a" background="red;background:url(//x.example)"/>'),
        ('value="a"/>', 'value="a" hotkey="&lt;img src=x&gt;"/>'),
        ("<View>", '<View><Style value="@import url(//x.example)"/>'),
        ("<View>", "<View><Style>a{background:src('//x.example')}</Style>"),
        ("<View>", '<View><Labels name="l" toName="h"><Label value="&lt;img src=x onerror=y&gt;"/></Labels>'),
        ("<View>", '<View><TimeSeries name="s" value="$s" timeColumn="&lt;img src=x&gt;"><Channel column="x"/></TimeSeries>'),
    ],
)
def test_a_config_that_the_editor_would_make_html_or_a_style_of_is_refused(old, new):
    with pytest.raises(InterfaceInvalid) as refused:
        check_interface(HYPER.replace(old, new, 1))
    assert refused.value.details["field"] == "interface"


def test_a_config_is_kept_clean_and_reaches_the_editor_as_it_was_read():
    evil = "&lt;b&gt;x&lt;/b&gt;&lt;img src=x onerror=alert(1)&gt;"
    given_ = f'<View><!--><img src=x onerror=y>--><HyperText name="h" value="{evil}" inline="false"/>{CHOICES}</View>'
    face = check_interface(given_.replace('value="a"/>', f'value="a" html="{evil}" hint="{evil}"/>'))
    assert "onerror" not in face.xml.replace(f'hint="{evil}"', "")
    assert "<!" not in face.xml
    assert face.for_editor.count('inline="true"') == 1
    assert check_interface(face.xml).xml == face.xml
    assert check_interface(HYPER).xml == HYPER, "what is clean stays as it was written"


def test_a_config_from_before_reaches_the_editor_without_what_would_be_refused_today():
    before = interface_of(
        '<View><Style value="@import url(//x.example)"/><HyperText name="h" value="$html" valueType="url"/><Choices name="c" toName="h">'
        '<Choice value="a" background="red;x:url(//x.example)">&lt;img src=x&gt;</Choice><Choice value="b" hotkey="&lt;i&gt;"/></Choices></View>'
    )
    for gone in ("x.example", "valueType", "hotkey", "&lt;img"):
        assert gone not in before.for_editor
    assert set(before.controls) == {"c"}
