"""Requirements mean what Mechanical Turk's mean; estimates are what the Beta distribution says. Held against plain Python and scipy."""

import operator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualification import estimating
from qualification.eligibility import COMPARATORS, Facts, SkillFact, Way, check_requirements, eligible_until, missing
from qualification.errors import BadRequirement

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SKILL = UUID(int=7)
PLAIN = {
    "less_than": operator.lt,
    "less_than_or_equal_to": operator.le,
    "greater_than": operator.gt,
    "greater_than_or_equal_to": operator.ge,
    "equal_to": operator.eq,
    "not_equal_to": operator.ne,
}
values = st.integers(0, 100)


def skill(comparator, *wanted):
    return check_requirements([{"subject": "skill", "skill_id": str(SKILL), "comparator": comparator, "values": list(wanted)}])


def holds(requirements, facts, now=NOW):
    return not missing(requirements, facts, now)


@given(st.sampled_from(sorted(PLAIN)), values, values)
def test_skill_comparators_are_pythons(comparator, have, wanted):
    facts = Facts(skills={SKILL: SkillFact(have)})
    assert holds(skill(comparator, wanted), facts) == PLAIN[comparator](have, wanted)


@given(values, st.lists(values, min_size=1, max_size=5))
def test_in_and_not_in_are_each_others_opposite(have, wanted):
    facts = Facts(skills={SKILL: SkillFact(have)})
    assert holds(skill("in", *wanted), facts) == (have in wanted)
    assert holds(skill("not_in", *wanted), facts) == (have not in wanted)


@given(st.sampled_from(sorted(COMPARATORS)), values)
def test_who_does_not_hold_a_skill_meets_only_negative_requirements(comparator, wanted):
    requirement = skill(comparator, *([] if "exist" in comparator else [wanted]))
    assert holds(requirement, Facts()) == (comparator in {"not_equal_to", "not_in", "does_not_exist"})


def test_an_expired_skill_is_not_held():
    facts = Facts(skills={SKILL: SkillFact(90, expires_at=NOW)})
    assert holds(skill("greater_than", 50), facts, NOW - timedelta(seconds=1))
    assert not holds(skill("greater_than", 50), facts, NOW)
    assert eligible_until(skill("exists"), facts) == NOW


@pytest.mark.parametrize(
    ("comparator", "wanted", "speaks", "met"),
    [
        ("in", ["en", "fr"], {"FR"}, True),
        ("in", ["en"], {"de"}, False),
        ("not_in", ["en"], {"de"}, True),
        ("not_in", ["en"], {"de", "en"}, False),
        ("equal_to", ["en"], {"en", "de"}, True),
        ("not_equal_to", ["en"], set(), True),
        ("exists", [], {"de"}, True),
        ("does_not_exist", [], {"de"}, False),
    ],
)
def test_languages(comparator, wanted, speaks, met):
    requirement = check_requirements([{"subject": "language", "comparator": comparator, "values": wanted}])
    assert holds(requirement, Facts(languages=frozenset(speaks))) is met


def test_countries_and_what_is_missing_says_how_to_get_it():
    requirement = check_requirements(
        [{"subject": "country", "comparator": "in", "values": ["de", "fr"]}, *skill("greater_than", 80)]
    )
    facts = Facts(country="GB", skills={SKILL: SkillFact(70)})
    country, ability = missing(
        requirement,
        facts,
        NOW,
        ways={SKILL: [Way("exam", "e", "Reading"), Way("course", "c", "Basics", 90), Way("course", "d", "Less", 80)]},
        names={SKILL: "Grammar"},
    )
    assert country.have == "GB"
    assert "Your profile" in country.message
    assert country.command == "POST me/profile"
    assert ability.have == 70
    assert "Reading" in ability.message
    assert "Grammar" in ability.message
    assert [way.title for way in ability.ways] == ["Reading", "Basics"], "a course that grants too little is no way"
    assert holds(requirement, Facts(country="DE", skills={SKILL: SkillFact(81)}))


@pytest.mark.parametrize(
    ("requirement", "field"),
    [
        ("skill", "requirements[0]."),
        ({"subject": "age", "comparator": "exists"}, "requirements[0].subject"),
        ({"subject": "country", "comparator": "like", "values": ["DE"]}, "requirements[0].comparator"),
        ({"subject": "country", "comparator": "less_than", "values": ["DE"]}, "requirements[0].comparator"),
        ({"subject": "country", "comparator": "in", "values": []}, "requirements[0].values"),
        ({"subject": "country", "comparator": "equal_to", "values": ["DE", "FR"]}, "requirements[0].values"),
        ({"subject": "country", "comparator": "exists", "values": ["DE"]}, "requirements[0].values"),
        ({"subject": "country", "comparator": "in", "values": ["Germany"]}, "requirements[0].values"),
        ({"subject": "skill", "comparator": "equal_to", "values": [101], "skill_id": str(SKILL)}, "requirements[0].values"),
        ({"subject": "skill", "comparator": "equal_to", "values": [True], "skill_id": str(SKILL)}, "requirements[0].values"),
        ({"subject": "skill", "comparator": "exists", "skill_id": "x"}, "requirements[0].skill_id"),
        ({"subject": "country", "comparator": "exists", "skill_id": str(SKILL)}, "requirements[0].skill_id"),
        ({"subject": "country", "comparator": "exists", "extra": 1}, "requirements[0].extra"),
    ],
)
def test_a_bad_requirement_names_its_place(requirement, field):
    with pytest.raises(BadRequirement) as refused:
        check_requirements([requirement])
    assert refused.value.details["field"] == field


def test_there_are_ten_requirements_at_most():
    one = {"subject": "country", "comparator": "exists"}
    assert len(check_requirements([one] * 10)) == 10
    with pytest.raises(BadRequirement):
        check_requirements([one] * 11)
    with pytest.raises(BadRequirement):
        check_requirements("all of them")


@given(st.floats(1, 200), st.floats(1, 200), st.floats(0.6, 0.99))
def test_bounds_are_quantiles_of_the_beta_distribution(alpha, beta, level):
    from scipy.stats import beta as distribution

    lower, upper = estimating.bounds(alpha, beta, level=level)
    assert lower < upper
    assert distribution.cdf(upper, alpha, beta) == pytest.approx(level, abs=1e-6)
    assert distribution.sf(lower, alpha, beta) == pytest.approx(level, abs=1e-6)


@given(st.integers(0, 50), st.integers(0, 50))
def test_more_right_answers_never_lower_the_upper_bound(right, wrong):
    _, before = estimating.bounds(1 + right, 1 + wrong)
    assert estimating.bounds(2 + right, 1 + wrong)[1] >= before
    assert estimating.bounds(1 + right, 2 + wrong)[1] <= before
