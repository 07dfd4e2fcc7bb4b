import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualification import drawing, scoring
from qualification.errors import BadScoring
from qualification.item_statistics import Sitting, correlation, items

KEY = """<AnswerKey xmlns="http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/AnswerKey.xsd">
  <Question><QuestionIdentifier>nextmove</QuestionIdentifier>
    <AnswerOption><SelectionIdentifier>D</SelectionIdentifier><AnswerScore>5</AnswerScore></AnswerOption>
    <AnswerOption><SelectionIdentifier>A</SelectionIdentifier><SelectionIdentifier>B</SelectionIdentifier><AnswerScore>3</AnswerScore></AnswerOption>
    <DefaultScore>-1</DefaultScore></Question>
  <Question><QuestionIdentifier>second</QuestionIdentifier>
    <AnswerOption><SelectionIdentifier>x</SelectionIdentifier><AnswerScore>10</AnswerScore></AnswerOption></Question>
  {mapping}
</AnswerKey>"""


def mapped(inner):
    return KEY.format(mapping=f"<QualificationValueMapping>{inner}</QualificationValueMapping>" if inner else "")


@pytest.mark.parametrize(
    ("inner", "answers", "value"),
    [
        ("", {"nextmove": ["D"], "second": ["x"]}, 15),
        ("", {"nextmove": ["B", "A"]}, 3),
        ("", {"nextmove": ["A"], "second": ["x"]}, 9),  # a part of a set is something else: the default
        ("", {"nextmove": ["A"]}, 0),  # -1, cut
        ("<PercentageMapping><MaximumSummedScore>15</MaximumSummedScore></PercentageMapping>", {"second": ["x"]}, 67),
        ("<ScaleMapping><SummedScoreMultiplier>2.5</SummedScoreMultiplier></ScaleMapping>", {"nextmove": ["D"]}, 13),
        ("<ScaleMapping><SummedScoreMultiplier>100</SummedScoreMultiplier></ScaleMapping>", {"nextmove": ["D"]}, 100),
        (
            "<RangeMapping><SummedScoreRange><InclusiveLowerBound>0</InclusiveLowerBound><InclusiveUpperBound>9</InclusiveUpperBound>"
            "<QualificationValue>40</QualificationValue></SummedScoreRange><SummedScoreRange><InclusiveLowerBound>10</InclusiveLowerBound>"
            "<InclusiveUpperBound>15</InclusiveUpperBound><QualificationValue>90</QualificationValue></SummedScoreRange>"
            "<OutOfRangeQualificationValue>7</OutOfRangeQualificationValue></RangeMapping>",
            {"nextmove": ["D"], "second": ["x"]},
            90,
        ),
    ],
)
def test_an_answer_key_of_mechanical_turk(inner, answers, value):
    key = scoring.check(scoring.from_answer_key(mapped(inner)), ["nextmove", "second"])
    asked = [name for name in ("nextmove", "second") if name in answers]
    assert scoring.value(key, answers, asked) == value


@pytest.mark.parametrize(
    ("xml", "field"),
    [
        ("<AnswerKey><Question/></AnswerKey>", "answer_key.QuestionIdentifier"),
        ("<!DOCTYPE x><AnswerKey/>", "answer_key"),
        ("<Other/>", "answer_key"),
        ("<AnswerKey>", "answer_key"),
        (
            "<AnswerKey><QualificationValueMapping><X/></QualificationValueMapping></AnswerKey>",
            "answer_key.QualificationValueMapping",
        ),
        (
            "<AnswerKey><Question><QuestionIdentifier>q</QuestionIdentifier><AnswerOption><SelectionIdentifier>a</SelectionIdentifier>"
            "<AnswerScore>many</AnswerScore></AnswerOption></Question></AnswerKey>",
            "answer_key.AnswerScore",
        ),
    ],
)
def test_what_is_no_answer_key_is_refused(xml, field):
    with pytest.raises(BadScoring) as refused:
        scoring.from_answer_key(xml)
    assert refused.value.details["field"] == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"mapping": {"kind": "sum"}}, "scoring"),
        ({"questions": {"z": {"options": []}}, "mapping": {"kind": "sum"}}, "scoring.questions.z"),
        ({"questions": {}, "mapping": {"kind": "log"}}, "scoring.mapping"),
        ({"questions": {}, "mapping": {"kind": "percentage", "maximum": 0}}, "scoring.mapping.maximum"),
        ({"questions": {}, "mapping": {"kind": "scale", "multiplier": True}}, "scoring.mapping.multiplier"),
        ({"questions": {}, "mapping": {"kind": "range", "ranges": [], "outside": 0}}, "scoring.mapping.ranges"),
        ({"questions": {}, "mapping": {"kind": "range", "ranges": [{"from": 2, "to": 1, "value": 0}], "outside": 0}}, "scoring.mapping.ranges[0]"),
        (
            {"questions": {"q": {"options": [{"selections": [], "points": 1}]}}, "mapping": {"kind": "sum"}},
            "scoring.questions.q.options[0].selections",
        ),
        (
            {"questions": {"q": {"options": [{"selections": ["a"], "points": 1.5}]}}, "mapping": {"kind": "sum"}},
            "scoring.questions.q.options[0].points",
        ),
        ({"questions": {"q": {"options": [], "extra": 1}}, "mapping": {"kind": "sum"}}, "scoring.questions.q"),
    ],
)  # fmt: skip
def test_a_scoring_is_a_closed_schema(change, field):
    with pytest.raises(BadScoring) as refused:
        scoring.check(change, ["q"])
    assert refused.value.details["field"] == field


names = st.sampled_from(["q1", "q2", "q3"])
labels = st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)
question = st.fixed_dictionaries(
    {
        "options": st.lists(st.fixed_dictionaries({"selections": labels, "points": st.integers(-50, 50)}), max_size=4),
        "default": st.integers(-50, 50),
    }
)
mapping = st.one_of(
    st.just({"kind": "sum"}),
    st.integers(1, 200).map(lambda n: {"kind": "percentage", "maximum": n}),
    st.integers(1, 20).map(lambda n: {"kind": "scale", "multiplier": n}),
    st.builds(
        lambda a, b, v, o: {"kind": "range", "ranges": [{"from": min(a, b), "to": max(a, b), "value": v}], "outside": o},
        *[st.integers(-100, 100)] * 2,
        *[st.integers(0, 100)] * 2,
    ),
)
keys = st.builds(lambda q, m: {"questions": q, "mapping": m}, st.dictionaries(names, question, max_size=3), mapping)


@given(keys, st.dictionaries(names, labels))
def test_a_value_lies_between_0_and_100_and_the_order_of_selections_means_nothing(key, given_labels):
    checked = scoring.check(key, ["q1", "q2", "q3"])
    assert scoring.check(checked, ["q1", "q2", "q3"]) == checked
    value = scoring.value(checked, given_labels, ["q1", "q2", "q3"])
    assert 0 <= value <= 100
    backwards = {name: list(reversed(given)) for name, given in given_labels.items()}
    assert scoring.value(checked, backwards, ["q3", "q2", "q1"]) == value


def written(key):
    """The same key as Mechanical Turk writes it."""
    out = ["<AnswerKey>"]
    for name, one in key["questions"].items():
        options = "".join(
            "<AnswerOption>" + "".join(f"<SelectionIdentifier>{s}</SelectionIdentifier>" for s in option["selections"])
            + f"<AnswerScore>{option['points']}</AnswerScore></AnswerOption>"
            for option in one["options"]
        )  # fmt: skip
        out.append(
            f"<Question><QuestionIdentifier>{name}</QuestionIdentifier>{options}<DefaultScore>{one['default']}</DefaultScore></Question>"
        )
    m = key["mapping"]
    inner = {
        "percentage": lambda: f"<PercentageMapping><MaximumSummedScore>{m['maximum']}</MaximumSummedScore></PercentageMapping>",
        "scale": lambda: f"<ScaleMapping><SummedScoreMultiplier>{m['multiplier']}</SummedScoreMultiplier></ScaleMapping>",
        "range": lambda: "<RangeMapping>" + "".join(
            f"<SummedScoreRange><InclusiveLowerBound>{r['from']}</InclusiveLowerBound><InclusiveUpperBound>{r['to']}</InclusiveUpperBound>"
            f"<QualificationValue>{r['value']}</QualificationValue></SummedScoreRange>" for r in m["ranges"]
        ) + f"<OutOfRangeQualificationValue>{m['outside']}</OutOfRangeQualificationValue></RangeMapping>",
    }  # fmt: skip
    if m["kind"] != "sum":
        out.append(f"<QualificationValueMapping>{inner[m['kind']]()}</QualificationValueMapping>")
    return "".join([*out, "</AnswerKey>"])


@given(keys)
def test_a_key_written_as_xml_is_read_as_the_same_key(key):
    checked = scoring.check(key, ["q1", "q2", "q3"])
    assert scoring.check(scoring.from_answer_key(written(checked)), ["q1", "q2", "q3"]) == checked


def test_percentages_are_exact_and_halves_rounded_up():
    key = {
        "questions": {"q": {"options": [{"selections": ["a"], "points": 1}], "default": 0}},
        "mapping": {"kind": "percentage", "maximum": 8},
    }
    assert Fraction(100, 8) == Fraction(25, 2)
    assert scoring.value(key, {"q": ["a"]}, ["q"]) == 13


# ---- per label ----


def test_a_label_is_as_good_as_the_questions_that_have_it():
    bank = {"q1": ["cat"], "q2": ["cat", "dog"], "q3": ["dog"], "q4": ["bird"]}
    shares = scoring.label_shares({"q1": 1.0, "q2": 0.5}, bank, ["q1", "q2", "q3"])
    assert shares == {"cat": 0.75, "dog": 0.25}
    assert scoring.short_labels(shares, {"every": 50}) == ["dog"]
    assert scoring.short_labels(shares, {"labels": {"cat": 80}}) == ["cat"]
    assert scoring.short_labels(shares, {"every": 50, "labels": {"dog": 20}}) == []
    assert scoring.short_labels(shares, {}) == []


@pytest.mark.parametrize(
    "bad", [[], {"all": 50}, {"every": 101}, {"every": True}, {"labels": {"cow": 50}}, {"labels": {"cat": -1}}]
)
def test_minimums_are_a_closed_schema(bad):
    with pytest.raises(BadScoring):
        scoring.check_minimums(bad, ["cat", "dog"])


# ---- drawing ----

banks = st.dictionaries(
    st.text("qwerty", min_size=1, max_size=4), st.lists(st.sampled_from("abcde"), unique=True), min_size=1, max_size=12
)


@given(banks, st.integers(0, 2**32), st.data())
def test_a_stratified_draw_has_every_label_and_a_draw_asks_nothing_twice(bank, seed, data):
    least = max(drawing.needed(bank), 1)
    count = data.draw(st.integers(least, len(bank)))
    drawn = drawing.draw(bank, count, rng=random.Random(seed), stratified=True)
    assert len(drawn) == len(set(drawn)) == count
    assert {label for name in drawn for label in bank[name]} == {label for own in bank.values() for label in own}
    plain = drawing.draw(bank, count, rng=random.Random(seed), stratified=False)
    assert len(plain) == len(set(plain)) == count


def test_every_question_may_be_drawn():
    bank = {f"q{n}": ["a" if n % 2 else "b"] for n in range(8)}
    seen = {name for seed in range(200) for name in drawing.draw(bank, 3, rng=random.Random(seed), stratified=True)}
    assert seen == set(bank)


# ---- item statistics ----


def test_items_by_hand():
    """Four people, three questions: q1 tells them apart, q2 the wrong way round, q3 is right for everybody."""
    rows = [(1, 0, 1), (1, 0, 1), (0, 1, 1), (0, 0, 1)]
    sittings = [Sitting(dict(zip(("q1", "q2", "q3"), row, strict=True)), {"q1": ["a" if row[0] else "b"]}) for row in rows]
    first, second, third = items(["q1", "q2", "q3"], sittings, sittings_min=4)
    assert (first.difficulty, second.difficulty, third.difficulty) == (0.5, 0.25, 1.0)
    assert first.labels == {"a": 2, "b": 2}
    # rest of q1: .5 .5 1 .5 against 1 1 0 0: r = -1/sqrt(3)
    assert first.discrimination == pytest.approx(-1 / 3**0.5)
    assert second.flags == ["does_not_discriminate"]
    assert third.discrimination is None
    assert third.flags == ["too_easy"]
    assert items(["q1", "unseen"], sittings)[0].flags == [], "four sittings are chance"
    assert (items(["unseen"], sittings)[0].seen, items(["unseen"], sittings)[0].difficulty) == (0, None)


scores = st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=3, max_size=30)


@given(scores)
def test_items_as_numpy_computes_them(rows):
    import numpy as np

    table = np.array(rows)
    sittings = [Sitting({f"q{n}": float(x) for n, x in enumerate(row)}, {}) for row in rows]
    for n, item in enumerate(items([f"q{n}" for n in range(4)], sittings)):
        assert item.difficulty == pytest.approx(table[:, n].mean())
        rest = np.delete(table, n, axis=1).mean(axis=1)
        if table[:, n].std() > 1e-3 and rest.std() > 1e-3:
            assert item.discrimination == pytest.approx(np.corrcoef(table[:, n], rest)[0, 1], abs=1e-6)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20))
def test_a_correlation_with_itself_is_one_where_it_varies(xs):
    r = correlation(xs, xs)
    assert r is None or r == pytest.approx(1.0)
