"""Free HTML interfaces: what is read, what is refused, that a payload never becomes mark-up, and what a form may hand in."""

import html
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.labels import AnswerInvalid, InterfaceInvalid, PayloadInvalid, check_interface, frames, interface_of

SCHEMAS = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas"
PAGE = """<!DOCTYPE html><html><body><!-- a comment --><form action="https://www.mturk.com/mturk/externalSubmit">
<p title="${hint}">${question}</p><input name="answer"><input type="submit"></form></body></html>"""
HTML = f"""<HTMLQuestion xmlns="{SCHEMAS}/2011-11-11/HTMLQuestion.xsd"><HTMLContent><![CDATA[{PAGE}]]></HTMLContent>
<FrameHeight>450</FrameHeight></HTMLQuestion>"""
EXTERNAL = f"""<ExternalQuestion xmlns="{SCHEMAS}/2006-07-14/ExternalQuestion.xsd">
<ExternalURL>https://tasks.example.org/ask/${{id}}?q=${{question}}&amp;lang=en</ExternalURL><FrameHeight>0</FrameHeight></ExternalQuestion>"""
FACE = interface_of(HTML)


def handed(fields):
    return [{"from_name": "form", "to_name": "form", "type": "form", "value": {"form": fields}}]


def test_a_page_is_read():
    assert FACE.frame == frames.Frame("html", PAGE, 450, ("hint", "question"))
    assert list(FACE.controls) == ["form"]
    assert set(FACE.variables) == {"hint", "question"}
    assert FACE.frame.origin is None
    assert interface_of('<View><Text name="t" value="$t"/><TextArea name="a" toName="t"/></View>').frame is None


def test_an_address_is_read_and_its_host_is_nobodys_to_change():
    frame = check_interface(EXTERNAL).frame
    assert (frame.kind, frame.height_pixels, frame.variables) == ("external", 0, ("id", "question"))
    assert frame.origin == "https://tasks.example.org"
    address = frames.filled(frame, {"id": "../../x", "question": "a&b=c#d ü"})
    parts = urlsplit(address)
    assert (parts.netloc, parts.path) == ("tasks.example.org", "/ask/..%2F..%2Fx")
    assert parse_qs(parts.query) == {"q": ["a&b=c#d ü"], "lang": ["en"]}


@pytest.mark.parametrize(
    "xml",
    [
        HTML.replace(PAGE, " "),
        HTML.replace("450", "tall"),
        HTML.replace("450", "-1"),
        HTML.replace("450", "99999"),
        HTML.replace("450", "1" * 5000),
        HTML.replace("<FrameHeight>", "<Script>x</Script><FrameHeight>"),
        HTML.replace("<FrameHeight>450</FrameHeight>", "<FrameHeight>1</FrameHeight><FrameHeight>2</FrameHeight>"),
        HTML.replace("<HTMLQuestion", "<!DOCTYPE x [<!ENTITY e 'x'>]><HTMLQuestion"),
        HTML.replace("/HTMLQuestion.xsd", "/QuestionForm.xsd"),
        HTML.replace(SCHEMAS, "http://example.org"),
        HTML.replace("HTMLQuestion", "QuestionForm"),
        EXTERNAL.replace("https://", "http://"),
        EXTERNAL.replace("https://tasks.example.org", "javascript:alert(1)//"),
        EXTERNAL.replace("tasks.example.org", "${host}"),
        EXTERNAL.replace("tasks.example.org", "user:pass@tasks.example.org"),
        EXTERNAL.replace("tasks.example.org", ""),
        EXTERNAL.replace("tasks.example.org", "tasks.example.org:99999999"),
        EXTERNAL.replace("tasks.example.org/", "tasks example.org/"),
        EXTERNAL.replace("lang=en", "x" * 2000),
    ],
)
def test_a_frame_nobody_could_use_is_refused(xml):
    with pytest.raises(InterfaceInvalid) as refused:
        check_interface(xml)
    assert refused.value.details["field"] == "interface"


def test_a_payload_fills_every_variable_with_text():
    FACE.check_payload({"hint": "h", "question": 3})
    for payload, field in [
        ([], "payload"),
        ({"hint": "h"}, "payload.question"),
        ({"hint": "h", "question": ["x"]}, "payload.question"),
        ({"hint": "", "question": "x"}, "payload.hint"),
    ]:
        with pytest.raises(PayloadInvalid) as refused:
            FACE.check_payload(payload)
        assert refused.value.details["field"] == field


class _Seen(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.texts, self.titles = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.titles += [value for name, value in attrs if name == "title"]

    def handle_data(self, data):
        self.texts.append(data)


def seen(page):
    parser = _Seen()
    parser.feed(page)
    return parser


EMPTY = seen(frames.filled(FACE.frame, {"hint": "h", "question": "q"})).tags


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_value_never_becomes_markup_nor_is_filled_again(hint, question):
    page = frames.filled(FACE.frame, {"hint": hint, "question": question})
    found = seen(page)
    assert found.tags == EMPTY, "no tag and no attribute more than the requester wrote"
    assert html.escape(question) in page
    assert frames.filled(FACE.frame, {"hint": "${question}", "question": "q"}).count("${question}") == 1


def test_what_a_form_hands_in():
    answer = FACE.canonical(handed({"b": ["y", "x"], "a": "é", "assignmentId": "A1", "one": ["x"]}), {})
    assert answer == {"form": {"a": "é", "b": ["x", "y"], "one": "x"}}
    assert list(answer["form"]) == ["a", "b", "one"]
    assert FACE.canonical(FACE.result_of(answer), {}) == answer
    assert FACE.labels_of(answer) == frozenset()
    assert FACE.controls["form"].flat(answer["form"]) == {"a": "é", "b": "x|y", "one": "x"}


@pytest.mark.parametrize(
    "fields",
    [
        "answer=x",
        {},
        {"assignmentId": "A1"},
        {"a": 1},
        {"a": None},
        {"a": []},
        {"a": ["x", 1]},
        {"a": {"b": "c"}},
        {"": "x"},
        {"n" * 129: "x"},
        {"a": "x" * 20_001},
        {"a": ["x"] * 101},
        {"a": "\0"},
        {str(n): "x" for n in range(201)},
    ],
)
def test_a_form_that_does_not_fit_is_refused(fields):
    with pytest.raises(AnswerInvalid) as refused:
        FACE.canonical(handed(fields), {})
    assert refused.value.details["control"] == "form"


def test_a_form_is_matched_by_the_fields_the_solution_names():
    truth = FACE.solution({"form": {"answer": "Blue whale", "tags": ["a", "b"]}}, {})
    given_ = FACE.canonical(handed({"answer": "blue  whale", "tags": ["a"], "comment": "hi"}), {})
    assert FACE.match(given_, truth) == 0.75
    assert FACE.match(truth, truth) == 1.0
    with pytest.raises(AnswerInvalid):
        FACE.solution({"form": "x"}, {})


fields = st.dictionaries(
    st.sampled_from("abc"),
    st.text(max_size=5).filter(lambda text: "\0" not in text) | st.lists(st.sampled_from("xyz"), min_size=1, max_size=3),
    min_size=1,
)


@given(fields, fields)
def test_distance_between_forms_is_a_measure(a, b):
    left, right = FACE.canonical(handed(a), {}), FACE.canonical(handed(b), {})
    assert FACE.distance(left, left) == 0
    assert FACE.distance(left, right) == FACE.distance(right, left)
    assert 0 <= FACE.distance(left, right) <= 1
