"""How good a worker is, as everybody who judges them sees it: estimates, verdicts, aggregations, skills, decisions. Nothing names a gold task."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q

from qualification import estimating, quality
from qualification.models import Grant, Skill
from qualification.quality import Shown
from tasks import gating
from tasks.models import AggregationRun, Assignment, Batch, Project, Review, RunSkill
from workforce.models import Decision

RUNS_MAX = 50
DECISIONS_MAX = 50


def estimates(worker_id: UUID, *, now: datetime) -> list[dict[str, Any]]:
    """Each estimate up to the last midnight, with what it is about, the rule that acts on it, and what would bring it over or under its bar.

    The newest window of a scope; `earlier` are those before, from when its guideline meant something else.
    """
    shown = quality.shown_to(worker_id, now=now)
    newest: dict[str, dict[str, Any]] = {}
    names, bars = _names(shown), _bars(shown)
    for one in shown:
        if one.scope in newest:
            newest[one.scope]["earlier"].append(one)
        else:
            newest[one.scope] = {
                "shown": one,
                "about": names.get(one.scope, one.scope),
                "right": one.alpha - estimating.PRIOR_ALPHA,
                "wrong": one.beta - estimating.PRIOR_BETA,
                "earlier": [],
            } | _rule(one, bars.get(one.scope))
    return list(newest.values())


def _rule(one: Shown, bar: float | None) -> dict[str, Any]:
    """The rule that looks at this estimate, and how far away its bar is; no rule where no batch of the project sets a bar."""
    if bar is None:
        return {"rule": "", "bar": None}
    enough = one.observations >= gating.GATE_MIN_GOLD
    return {
        "rule": gating.GATE_RULE,
        "bar": bar,
        "min_observations": gating.GATE_MIN_GOLD,
        "is_under": enough and one.upper_bound < bar,
        "rights_until": estimating.rights_until(one.alpha, one.beta, bar=bar, level=one.level),
        "wrongs_until": estimating.wrongs_until(one.alpha, one.beta, bar=bar, level=one.level),
    }


def _ids(shown: Sequence[Shown], kind: str) -> list[UUID]:
    return [UUID(one.scope.removeprefix(kind)) for one in shown if one.scope.startswith(kind)]


def _names(shown: Sequence[Shown]) -> dict[str, str]:
    projects = Project.objects.filter(id__in=_ids(shown, "project:")).values_list("id", "name", "organization__name")
    skills = Skill.objects.filter(id__in=_ids(shown, "skill:")).values_list("id", "name")
    found = {f"project:{key}": f"{name} ({requester})" for key, name, requester in projects}
    return found | {f"skill:{key}": name for key, name in skills}


def _bars(shown: Sequence[Shown]) -> dict[str, float]:
    """The highest accuracy that a batch of each project asks for now."""
    rows = Batch.objects.filter(
        project_id__in=_ids(shown, "project:"), accuracy_bar__isnull=False, state__in=[Batch.State.OPEN, Batch.State.PAUSED]
    )
    return {f"project:{key}": bar for key, bar in rows.values_list("project_id").annotate(bar=Max("accuracy_bar"))}


def verdicts(worker_id: UUID) -> dict[str, Any]:
    """How a worker's answers were judged, by people and by deadlines; shares of those judged, None before any was."""
    judged = Exists(Review.objects.filter(assignment=OuterRef("pk")))
    rejected_once = Exists(Review.objects.filter(assignment=OuterRef("pk"), verdict=Review.Verdict.REJECT))
    rows = Assignment.objects.filter(worker_id=worker_id, submitted_at__isnull=False)
    found = rows.aggregate(
        handed_in=Count("id"),
        judged=Count("id", filter=Q(judged)),
        rejected=Count("id", filter=Q(state=Assignment.State.REJECTED)),
        overturned=Count("id", filter=Q(rejected_once) & ~Q(state=Assignment.State.REJECTED)),
    )
    share = 1 - found["rejected"] / found["judged"] if found["judged"] else None
    return found | {"accepted_share": share}


def found_by_methods(worker_id: UUID) -> list[dict[str, Any]]:
    """How good the newest aggregation of each batch and method found a worker to be; the scale is the method's own."""
    rows = RunSkill.objects.filter(worker_id=worker_id, run__state=AggregationRun.State.DONE)
    newest = rows.order_by("run__batch_id", "run__method", "-run_id").distinct("run__batch_id", "run__method")
    values = newest.values("run_id", "run__method", "run__batch_id", "run__batch__name", "run__ended_at", "skill", "answers")
    found = [{name.removeprefix("run__").replace("batch__name", "batch"): value for name, value in row.items()} for row in values]
    return sorted(found, key=lambda row: str(row["run_id"]), reverse=True)[:RUNS_MAX]


def skills(worker_id: UUID, *, now: datetime) -> list[Grant]:
    """The skills a worker holds now, with value, source and end."""
    rows = Grant.objects.filter(worker_id=worker_id, revoked_at=None).select_related("skill")
    return list(rows.filter(Q(expires_at=None) | Q(expires_at__gt=now)).order_by("skill__name"))


def decisions_about(worker_id: UUID, *, now: datetime) -> list[dict[str, Any]]:
    """The decisions about a worker, the newest first; DECISIONS_MAX at most: whether each is in force, and until when it can be appealed."""
    rows = list(Decision.objects.filter(worker_id=worker_id).select_related("organization").order_by("-id")[:DECISIONS_MAX])
    lifted = set(Decision.objects.filter(lifts__in=[row.id for row in rows]).values_list("lifts_id", flat=True))
    return [
        {
            "decision": row,
            "is_lifted": row.id in lifted,
            "is_over": row.effective_until is not None and row.effective_until <= now,
            "may_appeal": row.kind != Decision.Kind.LIFT and row.id not in lifted and row.appeal_until > now,
        }
        for row in rows
    ]


def what_would_change(decision: Decision) -> int | None:
    """Of a pause by the gold rule: how many of the answers it counts as wrong would have had to be right for it not to happen."""
    if decision.rule != gating.GATE_RULE:
        return None
    seen, right = decision.inputs.get("gold_answers"), decision.inputs.get("right")
    bar, level = decision.threshold.get("accuracy_bar"), decision.inputs.get("level")
    if None in (seen, right, bar, level):
        return None
    alpha, beta = estimating.PRIOR_ALPHA + right, estimating.PRIOR_BETA + seen - right
    return estimating.corrections_until(alpha, beta, bar=bar, level=level)
