"""Who may do a job, and what is missing? Pure: requirements and facts in, verdict out.

A requirement is a JSON object: {"subject": "skill" | "country" | "language", "skill_id"?, "comparator", "values"?}. The comparators
are Amazon Mechanical Turk's ten, over skills (0–100), the worker's country, and the languages they speak. All must hold.
"""

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from qualification.errors import BadRequirement

REQUIREMENTS_MAX = 10  # as on MTurk
VALUES_MAX = 50

ORDERING: dict[str, Callable[[int, int], bool]] = {
    "less_than": operator.lt,
    "less_than_or_equal_to": operator.le,
    "greater_than": operator.gt,
    "greater_than_or_equal_to": operator.ge,
}
EQUALITY = {"equal_to", "not_equal_to"}
MEMBERSHIP = {"in", "not_in"}
EXISTENCE = {"exists", "does_not_exist"}
COMPARATORS = {*ORDERING, *EQUALITY, *MEMBERSHIP, *EXISTENCE}
SUBJECTS = {"skill", "country", "language"}
NEGATIVE = {"not_equal_to", "not_in", "does_not_exist"}
IN_WORDS = {
    "less_than": _lazy("under"),
    "less_than_or_equal_to": _lazy("at most"),
    "greater_than": _lazy("over"),
    "greater_than_or_equal_to": _lazy("at least"),
    "equal_to": _lazy("exactly"),
    "not_equal_to": _lazy("other than"),
    "in": _lazy("one of"),
    "not_in": _lazy("none of"),
}


@dataclass(frozen=True)
class SkillFact:
    """A value that a worker holds in a skill, and until when."""

    value: int
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Facts:
    """What matching knows about a worker."""

    country: str = ""
    languages: frozenset[str] = frozenset()
    skills: Mapping[UUID, SkillFact] = field(default_factory=dict)

    def of_skills(self, usable: Collection[UUID]) -> "Facts":
        """The same of a worker who holds no skills but these."""
        return replace(self, skills={skill_id: fact for skill_id, fact in self.skills.items() if skill_id in usable})


@dataclass(frozen=True)
class Way:
    """Something a worker can do to get a skill: sit an exam, or take a course that gives this value in it."""

    kind: str  # exam, course
    id: str
    title: str
    value: int | None = None  # None: as much as they score


@dataclass(frozen=True)
class Missing:
    """A requirement that does not hold: what it asks, what the worker has, and how to get there; in words, and as a command."""

    requirement: dict[str, Any]
    have: Any
    message: str
    command: str = ""
    ways: tuple[Way, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON; `step` says what kind of thing is missing."""
        return {"step": self.requirement["subject"], **asdict(self)}


def check_requirements(requirements: Any) -> list[dict[str, Any]]:
    """The requirements in canonical form. Raises BadRequirement with index, field, limit and the way out."""
    if not isinstance(requirements, list):
        raise BadRequirement("Requirements are a list of objects.", field="requirements")
    if len(requirements) > REQUIREMENTS_MAX:
        raise BadRequirement(
            "There are too many requirements.", field="requirements", limit=REQUIREMENTS_MAX, got=len(requirements)
        )
    return [_checked(requirement, index) for index, requirement in enumerate(requirements)]


def missing(
    requirements: Sequence[Mapping[str, Any]],
    facts: Facts,
    now: datetime,
    *,
    ways: Mapping[UUID, Sequence[Way]] | None = None,
    names: Mapping[UUID, str] | None = None,
) -> list[Missing]:
    """The requirements that do not hold for these facts at `now`; empty when the worker may.

    `ways` tells, per skill, the exams and courses that grant it, `names` what the skills are called: the answer says how to get there.
    """
    return [
        Missing(dict(requirement), _have(requirement, facts, now), *_advice(requirement, ways or {}, names or {}))
        for requirement in requirements
        if not _holds(requirement, facts, now)
    ]


def eligible_until(requirements: Sequence[Mapping[str, Any]], facts: Facts) -> datetime | None:
    """When the first skill that these requirements rest on expires; None when none does."""
    ends = []
    for requirement in requirements:
        fact = facts.skills.get(UUID(requirement["skill_id"])) if requirement["subject"] == "skill" else None
        if fact is not None and fact.expires_at is not None:
            ends.append(fact.expires_at)
    return min(ends, default=None)


def _checked(requirement: Any, index: int) -> dict[str, Any]:
    def bad(name: str, message: str, **details: Any) -> BadRequirement:
        return BadRequirement(message, field=f"requirements[{index}].{name}", **details)

    if not isinstance(requirement, dict):
        raise bad("", "A requirement is an object with subject, comparator and values.")
    unknown = set(requirement) - {"subject", "skill_id", "comparator", "values"}
    if unknown:
        raise bad(sorted(unknown)[0], "A requirement has no such field.", known=["subject", "skill_id", "comparator", "values"])
    subject, comparator = requirement.get("subject"), requirement.get("comparator")
    if not isinstance(subject, str) or subject not in SUBJECTS:
        raise bad("subject", "Choose a subject.", known=sorted(SUBJECTS), got=subject)
    if not isinstance(comparator, str) or comparator not in COMPARATORS:
        raise bad("comparator", "Choose a comparator.", known=sorted(COMPARATORS), got=comparator)
    if comparator in ORDERING and subject != "skill":
        raise bad("comparator", "Only skills can be compared by size.", known=sorted(COMPARATORS - set(ORDERING)))
    values = requirement.get("values", [])
    if not isinstance(values, list) or len(values) > VALUES_MAX:
        raise bad("values", "Values are a list.", limit=VALUES_MAX)
    wanted = 0 if comparator in EXISTENCE else 1
    if (comparator in MEMBERSHIP and not values) or (comparator not in MEMBERSHIP and len(values) != wanted):
        raise bad(
            "values",
            "in and not_in take at least one value, exists and does_not_exist none, the others one.",
            got=len(values),
        )
    checked: dict[str, Any] = {"subject": subject, "comparator": comparator, "values": [_value(subject, v, bad) for v in values]}
    if subject == "skill":
        try:
            checked["skill_id"] = str(UUID(str(requirement.get("skill_id"))))
        except ValueError as error:
            raise bad("skill_id", "Name the skill by its id.", got=requirement.get("skill_id")) from error
    elif "skill_id" in requirement:
        raise bad("skill_id", "Only a skill requirement names a skill.")
    return checked


def _value(subject: str, value: Any, bad: Callable[..., BadRequirement]) -> Any:
    if subject == "skill":
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
            raise bad("values", "A skill's value is an integer from 0 to 100.", limit=100, got=value)
        return value
    if subject == "country":
        if not (isinstance(value, str) and len(value) == 2 and value.isascii() and value.isalpha()):
            raise bad("values", "A country is two letters (ISO 3166-1), such as DE.", got=value)
        return value.upper()
    if not (isinstance(value, str) and 2 <= len(value) <= 12):
        raise bad("values", "A language is a BCP 47 tag, such as en or pt-BR.", got=value)
    return value.lower()


def _skill(requirement: Mapping[str, Any], facts: Facts, now: datetime) -> int | None:
    fact = facts.skills.get(UUID(requirement["skill_id"]))
    if fact is None or (fact.expires_at is not None and fact.expires_at <= now):
        return None
    return fact.value


def _have(requirement: Mapping[str, Any], facts: Facts, now: datetime) -> Any:
    if requirement["subject"] == "skill":
        return _skill(requirement, facts, now)
    return facts.country or None if requirement["subject"] == "country" else sorted(facts.languages)


def _holds(requirement: Mapping[str, Any], facts: Facts, now: datetime) -> bool:
    """Nothing held satisfies only the negative comparators, as on MTurk."""
    comparator, values = requirement["comparator"], requirement["values"]
    if requirement["subject"] == "language":
        spoken = {language.lower() for language in facts.languages}
        met = bool(spoken) if comparator in EXISTENCE else bool(spoken & set(values))
        return not met if comparator in NEGATIVE else met
    have = _skill(requirement, facts, now) if requirement["subject"] == "skill" else facts.country or None
    if comparator in EXISTENCE:
        return bool((have is not None) == (comparator == "exists"))
    if have is None:
        return comparator in NEGATIVE
    if comparator in ORDERING:
        return isinstance(have, int) and ORDERING[comparator](have, values[0])
    return bool((have in values) != (comparator in NEGATIVE))


def _advice(
    requirement: Mapping[str, Any], ways: Mapping[UUID, Sequence[Way]], names: Mapping[UUID, str]
) -> tuple[str, str, tuple[Way, ...]]:
    asked = _asked(requirement)
    if requirement["subject"] == "country":
        message = _("This job asks for the country %(asked)s. Your profile says where you live.")
        return message % {"asked": asked}, "POST me/profile", ()
    if requirement["subject"] == "language":
        message = _("This job asks for the language %(asked)s. Your profile says which you speak.")
        return message % {"asked": asked}, "POST me/profile", ()
    skill_id = UUID(requirement["skill_id"])
    name = names.get(skill_id)
    said = _("This job asks for %(asked)s in “%(name)s”.") if name else _("This job asks for a value %(asked)s in this skill.")
    stated = said % {"asked": asked, "name": name}
    if requirement["comparator"] in NEGATIVE:
        return stated, "", ()
    open_ways = tuple(way for way in ways.get(skill_id, ()) if way.value is None or _would_hold(requirement, way.value))
    if not open_ways:
        return f"{stated} {_('Its requester grants it.')}", "", ()
    exams, courses = (", ".join(way.title for way in open_ways if way.kind == kind) for kind in ("exam", "course"))
    if exams:
        stated += " " + _("These exams grant it: %(titles)s.") % {"titles": exams}
    if courses:
        stated += " " + _("These courses grant it: %(titles)s.") % {"titles": courses}
    return stated, "GET exams" if exams else "GET courses", open_ways


def _asked(requirement: Mapping[str, Any]) -> str:
    comparator, values = requirement["comparator"], ", ".join(str(value) for value in requirement["values"])
    if comparator in EXISTENCE:
        return str(_("any value") if comparator == "exists" else _("none"))
    return f"{IN_WORDS[comparator]} {values}"


def _would_hold(requirement: Mapping[str, Any], value: int) -> bool:
    """Would this value be enough?"""
    comparator, values = requirement["comparator"], requirement["values"]
    if comparator in ORDERING:
        return ORDERING[comparator](value, values[0])
    return comparator == "exists" or value in values
