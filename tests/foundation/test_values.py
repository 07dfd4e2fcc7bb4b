"""The gate for values: what passes is kept, shown and given back unchanged; what does not is refused with its path and the way out."""

import json
from typing import Any

import orjson
import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from foundation import values
from foundation.values import Unkeepable


def refused(raw: str | bytes) -> dict[str, Any]:
    with pytest.raises(Unkeepable) as refusal:
        values.parse(raw if isinstance(raw, bytes) else raw.encode())
    return refusal.value.details | {"message": refusal.value.message}


@pytest.mark.parametrize(
    "literal",
    ["123456789012345678901", "1e21", "1E21", "1e400", "-1e400", "1e16", "9007199254740992", "-9007199254740992", "9007199254740993.0",
     "18446744073709551616", "0.1000000000000000055", "3.141592653589793238", "1e-400", "-0", "-0.0", "-0e5", "NaN", "Infinity",
     "-Infinity", "0.12345678901234567", "9" * 5000, "0." + "1" * 5000, "1e99999999999"],
)  # fmt: skip
def test_a_number_that_would_not_stay_is_refused_by_its_path(literal):
    for raw, path in ((f'{{"payload":{{"items":[1,2,3,{{"x":{literal}}}]}}}}', "payload.items[3].x"), (f"[{literal}]", "[0]")):
        said = refused(raw)
        assert said["field"] == path
        assert "send" in said["message"] or "round" in said["message"]


@pytest.mark.parametrize(
    "literal",
    ["0", "-1", "9007199254740991", "-9007199254740991", "0.1", "23.333333333333332", "0.30000000000000004", "0.10000000000000001", "1e5",
     "1E-7", "5e-324", "1.50", "0e0", "2.5e3", "100.00", "-0.5", "1e15"],
)  # fmt: skip
def test_a_number_that_stays_is_taken(literal):
    assert values.parse(literal.encode()) == float(literal)


@pytest.mark.parametrize(
    ("raw", "path"),
    [('{"a":["x\\u0000y"]}', "a[0]"), ('{"a":{"b\\u0000":1}}', "a.b\\u0000"), ('{"a":"\\ud800"}', "a"), ('{"\\udc00":1}', "\\udc00"),
     ('{"' + "n" * 1001 + '":1}', "n" * 80), ('{"a":"' + "x" * 1_000_001 + '"}', "a")],
)  # fmt: skip
def test_a_text_that_cannot_be_kept_is_refused_by_its_path(raw, path):
    assert refused(raw)["field"] == path


def test_what_is_too_deep_or_too_long_is_refused():
    assert values.parse(b"[" * 64 + b"]" * 64)
    for depth in (65, 260, 1100, 100_000):
        said = refused(b'{"a":' + b"[" * depth + b"]" * depth + b"}")
        assert said["limit"] == 64
    assert refused('{"a":' * 65 + "1" + "}" * 65)["field"].startswith("a.a.a")
    assert refused("[" + "1," * 500_000 + "1]")["limit"] == 500_000


def test_what_is_no_json_is_said_to_be_none():
    for raw in (b"", b"{", b"[1,]", b"\xff", b"{'a':1}", b"[1e5"):
        with pytest.raises(orjson.JSONDecodeError):
            values.parse(raw)


def test_a_number_that_a_later_field_replaced_is_refused_too():
    assert refused('{"a":1e400,"a":1}')["limit"] == values.WHOLE_MAX


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-(10**40), 10**40) | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.django_db
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@example(10**21)
@example(1e21)
@example([2**53 - 1, 5e-324, 1.7976931348623157e308])
@given(anything)
def test_what_passes_comes_back_unchanged_from_the_database_and_every_reader(value):
    raw = json.dumps(value).encode()
    try:
        read = values.parse(raw)
    except Unkeepable:
        with pytest.raises(Unkeepable):
            values.check(json.loads(raw))
        return
    assert read == value
    with connection.cursor() as cursor:
        cursor.execute("SELECT (%s::jsonb)::text", [orjson.dumps(read).decode()])
        kept = json.loads(cursor.fetchone()[0])
    assert kept == value
    assert json.dumps(kept, sort_keys=True) == json.dumps(orjson.loads(orjson.dumps(kept)), sort_keys=True)


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_one_row_that_cannot_be_written_is_one_row():
    page = {
        "next": None,
        "results": [{"id": "a", "x": 1}, {"id": "b", "x": {"y": [10**30]}, "z": 2}, {"id": "c", "x": deep(300)}],
    }
    shown = orjson.loads(values.encode(page, option=orjson.OPT_NON_STR_KEYS))
    first, second, third = shown["results"]
    assert first == {"id": "a", "x": 1}
    assert (second["id"], second["x"], second["z"]) == ("b", None, 2)
    assert second["unreadable"][0]["field"] == "x.y[0]"
    assert third["unreadable"][0]["field"].startswith("x[0]")
    claimed = orjson.loads(values.encode({"assignments": [{"id": "a", "payload": 10**30}]}))
    assert claimed["assignments"][0]["payload"] is None
    assert orjson.loads(values.encode({"id": "a", "x": "\ud800"}))["x"] is None


@pytest.mark.parametrize(
    ("raw", "path"),
    [('{"text":"first","text":"second"}', "text"), ('{"payload":{"items":[1,{"x":1,"y":2,"x":1}]}}', "payload.items[1].x"),
     ('{"a":{"b":1,"b":2},"a":1}', "a"), ('{"a":1,"\\u0061":2}', "a"), ('{ "a" : 1 , "a"\n:2}', "a"), ('{"a":null,"b":"x:y","a":"\\":"}', "a"),
     ('[{"":1,"":2}]', "[0]."), ('{"price_micros":900000,"price_micros":1}', "price_micros"), ('{"a":1,"a":1,"a":1}', "a")],
)  # fmt: skip
def test_a_field_that_is_given_twice_is_refused_by_its_path(raw, path):
    said = refused(raw)
    assert said["field"] == path
    assert "twice" in said["message"]


@pytest.mark.parametrize(
    "raw", ['{"a":"b:c\\":\\"d\\\\","e":{"a":":"},":":":"}', '[{"a":1},{"a":1}]', '{"a":{"a":{"a":1}}}', '"a:b"']
)
def test_the_same_name_in_different_objects_and_colons_in_texts_are_fine(raw, monkeypatch):
    """And cost no second reading."""
    monkeypatch.setattr(values, "_look_closely", None)
    assert values.parse(raw.encode()) == json.loads(raw)


names = st.recursive(
    st.text(max_size=5) | st.integers(-9, 9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", ":", '"', "\\", 'b":', "é"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=100)
@given(names, st.booleans())
def test_names_are_counted_as_they_stand(value, spaced):
    try:
        values.check(value)
    except Unkeepable:
        return
    raw = json.dumps(value, ensure_ascii=spaced, indent=1 if spaced else None).encode()
    assert values.parse(raw) == value
    assert refused(b'{"x":' + raw + b',"x":1}')["field"] == "x"
