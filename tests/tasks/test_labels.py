"""Label families: what fits, what is refused and why, and that comparing is a measure. label-studio-sdk is the oracle for structure."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.labels import AnswerInvalid, InterfaceInvalid, PayloadInvalid, check_interface, interface_of

CONFIG = """<View><Header value="Look"/><Image name="image" value="$image"/><Text name="text" value="$caption"/>
<Choices name="one" toName="image" choice="single"><Choice value="cat"/><Choice value="dog"/></Choices>
<Choices name="many" toName="image,text" choice="multiple" required="false"><Choice value="big"/><Choice value="wet"/><Choice value="old"/></Choices>
<TextArea name="why" toName="text"/></View>"""
PAYLOAD = {"image": "https://example.org/1.png", "caption": "A caption"}
FACE = interface_of(CONFIG)
SHARED = Path(__file__).resolve().parents[3] / "shared" / "reference" / "frontend" / "results_lsf_1.23.2.json"


def region(control, value, to_name="image", kind="choices", key=None):
    key = key or ("text" if kind == "textarea" else "choices")
    return {"from_name": control, "to_name": to_name, "type": kind, "value": {key: value}, "id": "x", "origin": "manual"}


ONE = region("one", ["cat"])


def test_a_whole_answer_in_canonical_form():
    result = [ONE, region("many", ["wet", "big"], "text"), region("why", [" because "], "text", "textarea")]
    assert FACE.canonical(result, PAYLOAD) == {"one": "cat", "many": ["big", "wet"], "why": ["because"]}
    assert FACE.canonical(list(reversed(result)), PAYLOAD) == FACE.canonical(result, PAYLOAD)
    assert FACE.canonical(FACE.result_of(FACE.canonical(result, PAYLOAD)), PAYLOAD) == FACE.canonical(result, PAYLOAD)


@pytest.mark.parametrize(
    ("result", "field"),
    [
        ("cat", "result"),
        ([], "result"),  # the required control is not there
        (["cat"], "result[0]"),
        ([{**ONE, "value": "cat"}], "result[0]"),
        ([region("one", ["cat", "dog"])], "result[0].value.choices"),
        ([region("one", [])], "result[0].value.choices"),
        ([region("one", ["cow"])], "result[0].value.choices"),
        ([region("one", "cat")], "result[0].value.choices"),
        ([region("one", [None])], "result[0].value.choices"),
        ([region("one", ["cat"], "text")], "result[0].to_name"),
        ([region("other", ["cat"])], "result[0].from_name"),
        ([region("one", ["cat"], kind="labels")], "result[0].type"),
        ([ONE, ONE], "result[1]"),
        ([{**ONE, "script": 1}], "result[0].script"),
        ([ONE, region("many", ["big", "big"])], "result[1].value.choices"),
        ([ONE, region("many", [])], "result[1].value.choices"),
        ([ONE, region("why", ["  "], "text", "textarea")], "result[1].value.text"),
        ([ONE, region("why", ["x" * 20_001], "text", "textarea")], "result[1].value.text"),
        ([ONE, region("why", [3], "text", "textarea")], "result[1].value.text"),
    ],
)
def test_an_answer_that_does_not_fit_names_its_place(result, field):
    with pytest.raises(AnswerInvalid) as refused:
        FACE.canonical(result, PAYLOAD)
    assert refused.value.details["field"] == field


@pytest.mark.parametrize(
    "xml",
    [
        "<View",
        "<View/>",
        '<View><Text name="t" value="$t"/></View>',
        "<View><script>alert(1)</script></View>",
        CONFIG.replace("<Header", "<Chat"),
        CONFIG.replace('value="Look"', 'onclick="alert(1)"'),
        CONFIG.replace('value="Look"', 'value="javascript:alert(1)"'),
        CONFIG.replace('toName="image" choice="single"', 'toName="nothing" choice="single"'),
        CONFIG.replace('name="many"', 'name="one"'),
        CONFIG.replace('<Choice value="dog"/>', ""),
        CONFIG.replace('<Choice value="dog"/>', '<Choice value="cat"/>'),
        CONFIG.replace('value="$image"', 'value="https://example.org/x.png"'),
        CONFIG.replace('choice="single"', 'choice="several"'),
        CONFIG.replace('choice="single"', 'choice="single" perRegion="true"'),
        '<!DOCTYPE x [<!ENTITY e "x">]>' + CONFIG,
        "<View>" + " " * 100_001 + "</View>",
    ],
)
def test_an_interface_nobody_could_use_is_refused(xml):
    with pytest.raises(InterfaceInvalid) as refused:
        check_interface(xml)
    assert refused.value.details["field"] == "interface"


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ([], "payload"),
        ({"image": PAYLOAD["image"]}, "payload.caption"),
        (PAYLOAD | {"caption": ""}, "payload.caption"),
        (PAYLOAD | {"caption": None}, "payload.caption"),
        (PAYLOAD | {"image": "javascript:alert(1)"}, "payload.image"),
        (PAYLOAD | {"image": "data:text/html;base64,x"}, "payload.image"),
        (PAYLOAD | {"image": "data:image/svg+xml;base64,x"}, "payload.image"),
    ],
)
def test_a_payload_that_does_not_fill_the_interface_is_refused(payload, field):
    with pytest.raises(PayloadInvalid) as refused:
        FACE.check_payload(payload)
    assert refused.value.details["field"] == field


def test_solutions_may_be_short_or_whole():
    assert FACE.solution({"one": "cat", "many": ["wet"]}, PAYLOAD) == {"one": "cat", "many": ["wet"]}
    assert FACE.solution([ONE], PAYLOAD) == {"one": "cat"}
    for bad in ({}, {"one": "cow"}, {"other": "cat"}, None, "cat"):
        with pytest.raises(AnswerInvalid):
            FACE.solution(bad, PAYLOAD)


def test_partial_credit_follows_the_family():
    answer = {"one": "cat", "many": ["big", "wet"]}
    assert FACE.match(answer, {"one": "cat"}) == 1.0
    assert FACE.match(answer, {"one": "dog"}) == 0.0
    assert FACE.match(answer, {"one": "cat", "many": ["big"]}) == 0.75
    assert FACE.match({"one": "cat"}, {"many": ["big"]}) == 0.0


answers = st.fixed_dictionaries(
    {"one": st.sampled_from(["cat", "dog"])},
    optional={
        "many": st.lists(st.sampled_from(["big", "wet", "old"]), min_size=1, unique=True).map(sorted),
        "why": st.lists(
            st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20), min_size=1, max_size=3
        ),
    },
)


@given(answers, answers)
def test_distance_is_zero_on_itself_symmetric_and_at_most_one(a, b):
    assert FACE.distance(a, a) == 0
    assert FACE.match(a, a) == 1
    assert FACE.distance(a, b) == FACE.distance(b, a)
    assert 0 <= FACE.distance(a, b) <= 1


@given(answers)
def test_what_we_accept_the_sdk_accepts(answer):
    from label_studio_sdk.label_interface import LabelInterface

    result = FACE.result_of(answer)
    assert FACE.canonical(result, PAYLOAD).keys() == answer.keys()
    errors = LabelInterface(CONFIG).validate_prediction({"result": result}, return_errors=True)
    assert not errors


if SHARED.exists():

    def test_what_the_real_editor_submits_is_accepted():
        submitted = json.loads(SHARED.read_text())["imgcls"]
        choices = submitted[0]["value"]["choices"]
        config = (
            '<View><Image name="img" value="$image"/><Choices name="c" toName="img" choice="multiple">'
            + "".join(f'<Choice value="{one}"/>' for one in [*choices, "Other"])
            + "</Choices></View>"
        )
        assert interface_of(config).canonical(submitted, {}) == {"c": sorted(choices)}
