"""A pilot: a large batch first runs on a small group, so that its guideline and its price rest on what really happened.

A pilot is a batch of its own. Its tasks are copies of tasks drawn from the draft it tries out, which keeps them all: what the pilot's
workers answer teaches and is paid, and the large batch asks again, under the guideline that came of it.
"""

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import combinations
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import MD5, Cast, Concat
from django.utils.translation import gettext_noop

from foundation.ids import new_id
from tasks import agreement, measuring, pricing, publishing, weighing
from tasks.answering import interface_of_project
from tasks.errors import BadBatch, BatchEmpty, BatchStateConflict, PilotRuns
from tasks.labels import Interface
from tasks.models import Assignment, Batch, Gold, Guideline, Prelabel, Task
from workforce import aliases, limits, threads
from workforce.access import Actor
from workforce.models import Membership, Thread

TASKS, WORKERS, OVERLAP = 20, 8, 5  # where the requester says nothing
LIMITS = {"tasks": (5, 100), "workers": (measuring.MIN_WORKERS, 50), "overlap": (measuring.MIN_WORKERS, 50)}
OUTSIDE = {
    "tasks": gettext_noop("A pilot has %(least)s to %(most)s tasks."),
    "workers": gettext_noop("A pilot has %(least)s to %(most)s workers."),
    "overlap": gettext_noop("A pilot wants %(least)s to %(most)s answers to each task."),
}
GOLD_MAX = 50  # gold tasks drawn
DISPUTED_MAX = 10  # tasks shown on which people agree least
QUESTIONS_MAX = 50
NOT_COPIED = {
    *("id", "name", "state", "overlap", "price_micros", "fee_micros", "median_seconds", "escrow_id", "pilot_of", "workers_max"),
    *("skip_pilot_reason", "tail", "workers_choose", "created_at", "published_at", "closed_at"),
    *("hourly_p10_micros", "hourly_p50_micros", "hourly_p90_micros", "p90_seconds", "measured_workers"),
}  # everything else of the settings is the large batch's, so that what is measured is what will be


@transaction.atomic
def begin(
    actor: Actor,
    batch_id: UUID,
    *,
    now: datetime,
    tasks: int = TASKS,
    workers: int = WORKERS,
    overlap: int = OVERLAP,
    price_micros: int | None = None,
) -> Batch:
    """Draw tasks of a draft into a pilot and publish it: for so many workers, each task wanting `overlap` answers. Managers.

    At least five answers per task, so that at least five people take part: fewer are no measure. A pilot that is through and still open
    is closed first. Locks the large batch, then what publishing locks. Raises BatchStateConflict, BatchEmpty, BadBatch, PilotRuns with
    the running one's id, and what `publishing.publish` raises; nothing has changed then.
    """
    publishing.own_batch(actor, batch_id)
    large = Batch.objects.select_for_update(no_key=True).get(id=batch_id)
    if large.state != Batch.State.DRAFT:
        raise BatchStateConflict("A pilot tries out a draft.", state=large.state, wanted=Batch.State.DRAFT)
    if large.pilot_of_id is not None:
        raise BadBatch("A pilot has no pilot of its own.", field="batch_id")
    _check_limits(tasks=tasks, workers=workers, overlap=overlap)
    for earlier in measuring.pilots_of(large):
        if earlier.state != Batch.State.CLOSED:
            if not measuring.is_through(earlier):
                raise PilotRuns(pilot_id=earlier.id)
            publishing.close(actor, earlier.id, now=now)
    limits.hold("batches_per_project", large.project_id, Batch.objects.filter(project_id=large.project_id))
    pilot = Batch.objects.create(
        **{field.attname: getattr(large, field.attname) for field in Batch._meta.concrete_fields if field.name not in NOT_COPIED},
        id=new_id(),
        name=f"Pilot of {large.name}"[:120],
        overlap=overlap,
        price_micros=price_micros or large.price_micros,
        fee_micros=publishing.fee_of(price_micros or large.price_micros),
        workers_max=workers,
        pilot_of=large,
        created_at=now,
    )
    _draw(large, pilot, tasks, now)
    return publishing.publish(actor, pilot.id, now=now)


def _check_limits(**asked: int) -> None:
    for field, value in asked.items():
        least, most = LIMITS[field]
        if not least <= value <= most:
            raise BadBatch(
                OUTSIDE[field],
                field=field,
                least=least,
                most=most,
                limit=[least, most],
                got=value,
            )
    if asked["workers"] < asked["overlap"]:
        raise BadBatch("A task needs as many workers as it wants answers.", field="workers", limit=asked["overlap"])


def _draw(large: Batch, pilot: Batch, tasks: int, now: datetime) -> None:
    """Copy tasks by chance, the same for the same pilot, and gold beside them."""
    by_chance = MD5(Concat(Cast("id", output_field=Task._meta.get_field("key")), Value(str(pilot.id))))
    waiting = Task.objects.filter(batch=large).order_by(by_chance)
    drawn = list(waiting.exclude(lane=Task.Lane.GOLD)[:tasks])
    if not drawn:
        raise BatchEmpty(field="tasks")
    drawn += waiting.filter(lane=Task.Lane.GOLD)[:GOLD_MAX]
    copies = {task.id: _copy(task, pilot, n, now) for n, task in enumerate(drawn, start=1)}
    Task.objects.bulk_create(copies.values())
    Gold.objects.bulk_create(
        Gold(task=copies[row.task_id], solution=row.solution, explanation=row.explanation, created_at=now)
        for row in Gold.objects.filter(task__in=drawn)
    )
    Prelabel.objects.bulk_create(
        Prelabel(task=copies[row.task_id], result=row.result, model_version=row.model_version, score=row.score, created_at=now)
        for row in Prelabel.objects.filter(task__in=drawn)
    )
    Batch.objects.filter(id=pilot.id).update(tail=len(drawn))


def _copy(task: Task, pilot: Batch, position: int, now: datetime) -> Task:
    places = 0 if task.lane == Task.Lane.GOLD else pilot.overlap
    return Task(
        project_id=task.project_id,
        batch=pilot,
        key=task.key,
        payload=task.payload,
        lane=task.lane,
        position=position,
        overlap=places,
        need=places,
        reserved_for=task.reserved_for,
        unavailable_for=task.unavailable_for,
        created_at=now,
    )


# ---- what it showed ----


def report(actor: Actor, batch_id: UUID, *, now: datetime) -> dict[str, Any]:
    """What the newest pilot of a batch shows, or that pilot itself: questions, times, agreement, gold, and the price it suggests.

    Read while it runs, it tells of what there is; where there is no pilot, `pilot_id` is None and the figures are empty. Raises NotFound
    for a foreign batch.
    """
    large = publishing.own_batch(actor, batch_id, at_least=Membership.Role.VIEWER)
    pilot = large if large.pilot_of_id is not None else next(iter(measuring.pilots_of(large)), None)
    large = pilot.pilot_of if pilot and pilot.pilot_of else large
    answers = _answers_of(pilot) if pilot else []
    interface = interface_of_project(large.project_id)
    times = measuring.times_of(pilot.id) if pilot else None
    is_through = pilot is not None and measuring.is_through(pilot)
    return {
        "batch_id": large.id,
        "pilot_id": pilot.id if pilot else None,
        "state": pilot.state if pilot else None,
        "is_through": is_through,
        "is_finished": is_through and times is not None and times.workers >= measuring.MIN_WORKERS,
        "progress": publishing.progress(pilot) if pilot else None,
        "workers_max": pilot.workers_max if pilot else None,
        "guidelines": _guidelines_of(answers, large),
        "times": asdict(times) if times else None,
        "agreement": _agreement_of(answers, interface),
        "disputed": _disputed(answers, interface),
        "gold": _gold_of(answers),
        "workers": _workers_of(answers, large),
        "questions": _questions_of(actor, pilot) if pilot else [],
        "price": _price_of(large, pilot, now),
    }


def _answers_of(pilot: Batch) -> list[Assignment]:
    rows = Assignment.objects.filter(batch=pilot, state__in=Assignment.COUNTED)
    return list(rows.select_related("task", "answer").defer("answer__result").order_by("id"))


def _guidelines_of(answers: Sequence[Assignment], large: Batch) -> list[dict[str, Any]]:
    """The versions that the pilot's answers were given under, and the newest, with the number of answers to each."""
    used = Counter(row.guideline_id for row in answers)
    newest = Guideline.objects.filter(project_id=large.project_id).order_by("-version").first()
    wanted = {*used, *([newest.id] if newest else [])}
    rows = Guideline.objects.filter(id__in=wanted).order_by("version").values("id", "version", "meaning_version")
    return [row | {"answers": used[row["id"]]} for row in rows]


def _by_task(answers: Sequence[Assignment]) -> dict[str, list[Any]]:
    """Per ordinary task, what was answered: gold says how right people are, not how far they agree."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in answers:
        if row.task.lane != Task.Lane.GOLD:
            found[row.task.key].append(row.answer.canonical)
    return found


def _agreement_of(answers: Sequence[Assignment], interface: Interface) -> list[dict[str, Any]]:
    """Per control, how alike two answers to one task are on average (1 − their distance), and alpha where answers are single classes."""
    found = []
    for name in interface.answered:
        control = interface.controls[name]
        given = [[one[name] for one in task if name in one] for task in _by_task(answers).values()]
        alike = [1 - control.distance(a, b) for task in given for a, b in combinations(task, 2)]
        alpha = agreement.of_few(given).alpha if control.categorical else None
        found.append(
            {"control": name, "pairs": len(alike), "similarity": statistics.fmean(alike) if alike else None, "alpha": alpha}
        )
    return found


def _disputed(answers: Sequence[Assignment], interface: Interface) -> list[dict[str, Any]]:
    """The tasks on which people agree least, the worst first, with each different answer and how many gave it."""
    found: list[dict[str, Any]] = []
    for key, given in _by_task(answers).items():
        pairs = list(combinations(given, 2))
        similarity = statistics.fmean(1 - interface.distance(a, b) for a, b in pairs) if pairs else 1.0
        if similarity < 1:
            counts = Counter(json.dumps(one, sort_keys=True) for one in given)
            different = [{"answer": json.loads(one), "workers": n} for one, n in counts.most_common()]
            found.append({"task_key": key, "similarity": similarity, "answers": different})
    return sorted(found, key=lambda task: task["similarity"])[:DISPUTED_MAX]


def _gold_of(answers: Sequence[Assignment]) -> dict[str, Any]:
    scores: dict[str, list[float]] = defaultdict(list)
    worth = weighing.scores_of([row.id for row in answers])
    for row in answers:
        if row.id in worth:
            scores[row.task.key].append(worth[row.id])
    every = [score for task in scores.values() for score in task]
    tasks: list[dict[str, Any]] = [
        {"task_key": key, "answers": len(one), "score": statistics.fmean(one)} for key, one in scores.items()
    ]
    return {
        "answers": len(every),
        "score": statistics.fmean(every) if every else None,
        "tasks": sorted(tasks, key=lambda task: task["score"]),
    }


def _workers_of(answers: Sequence[Assignment], large: Batch) -> list[dict[str, Any]]:
    by_worker: dict[UUID, list[Assignment]] = defaultdict(list)
    for row in answers:
        by_worker[row.worker_id].append(row)
    worth = weighing.scores_of([row.id for row in answers])
    found: list[dict[str, Any]] = []
    for worker_id, rows in by_worker.items():
        scores = [worth[row.id] for row in rows if row.id in worth]
        found.append(
            {
                "worker": aliases.alias_of(worker_id, large.organization_id),
                "answers": len(rows),
                "median_seconds": statistics.median(row.credited_seconds or 0.0 for row in rows),
                "gold_answers": len(scores),
                "gold_score": statistics.fmean(scores) if scores else None,
            }
        )
    return sorted(found, key=lambda one: -one["answers"])


def _questions_of(actor: Actor, pilot: Batch) -> list[dict[str, Any]]:
    """What the group asked and flagged, newest first."""
    rows = Thread.objects.visible_to(actor).filter(within=f"batch:{pilot.id}").order_by("-created_at")[:QUESTIONS_MAX]
    return [
        {
            "thread_id": row.id,
            "kind": row.kind,
            "reason": row.reason,
            "state": row.state,
            "about": row.about,
            "text": next((message.text for message in threads.messages_of(row)[:1]), ""),
            "url": threads.link_of(row),
            "created_at": row.created_at,
        }
        for row in rows
    ]


def _price_of(large: Batch, pilot: Batch | None, now: datetime) -> dict[str, Any]:
    figures = publishing.quote(large, now=now)
    finished = measuring.finished_pilot(large)
    times = finished[1] if finished else None
    return {
        "currency": large.currency,
        "pilot_price_micros": pilot.price_micros if pilot else None,
        "price_micros": large.price_micros,
        "stated_seconds": large.estimate_seconds,
        "measured_seconds": figures["measured_seconds"],
        "paid_for_seconds": pricing.seconds_to_pay_for(times.typical_seconds, times.three_quarters_seconds) if times else None,
        "pay_floor_hourly_micros": figures["pay_floor_hourly_micros"],
        "least_price_micros": figures["least_price_micros"],
        "suggested_price_micros": figures["suggested_price_micros"],
        "hourly_micros": figures["hourly_micros"],
    }
