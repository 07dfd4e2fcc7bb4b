"""A crowd for the races: rows laid directly, threads that start together, and what became of the tasks."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from foundation.ids import new_id
from payments.models import Account
from tasks.models import Assignment, Batch, Enrolment, Guideline, Project, Task
from workforce.models import Organization, User, Worker

INTERFACE = '<View><Text name="text" value="$text"/><Choices name="label" toName="text"><Choice value="a"/><Choice value="b"/></Choices></View>'
RESULT = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["a"]}}]


@dataclass
class Scene:
    """An open batch, its tasks and the workers enrolled in it."""

    batch: Batch
    workers: list[UUID]
    now: datetime

    def counts(self) -> dict[str, int]:
        """How the queue stands: what was handed out in all, tasks over and under their overlap, tasks with open places."""
        counted = Q(assignment__state__in=["leased", "submitted", "accepted", "rejected"])
        tasks = Task.objects.filter(batch=self.batch).annotate(held=Count("assignment", filter=counted))
        return {
            "handed_out": Assignment.objects.filter(batch=self.batch).exclude(state__in=["returned", "expired", "late"]).count(),
            "over": sum(task.held > task.overlap or task.done > task.overlap for task in tasks),
            "unfinished": sum(task.state != Task.State.COMPLETE for task in tasks),
            "need": sum(task.need for task in tasks),
        }


def scene(
    *, tasks: int, overlap: int, workers: int, now: datetime, lease_seconds: int = 600, lane: int = Task.Lane.ORDINARY
) -> Scene:
    """Lay an open batch with as many places as `tasks × overlap`, in one lane, and enrol the workers."""
    organization = Organization.objects.create(name="Races", created_at=now)
    project = Project.objects.create(organization=organization, name="Races", interface=INTERFACE, created_at=now)
    guideline = Guideline.objects.create(project=project, version=1, text="Choose.", created_at=now)
    batch_id = new_id()
    escrow = Account.objects.create(
        kind="escrow", owner_id=batch_id, currency="USD", guard="places", unit_cap_micros=10_000_000, created_at=now
    )
    batch = Batch.objects.create(
        id=batch_id,
        project=project,
        organization=organization,
        name="Races",
        state="open",
        overlap=overlap,
        lease_seconds=lease_seconds,
        currency="USD",
        price_micros=50_000,
        fee_micros=10_000,
        estimate_seconds=10,
        review_seconds=172_800,
        escrow_id=escrow.id,
        guideline=guideline,
        tail=tasks,
        created_at=now,
        published_at=now,
    )
    Task.objects.bulk_create(
        Task(
            project=project,
            batch=batch,
            key=f"t{n}",
            payload={"text": f"task {n}"},
            lane=lane,
            position=n,
            overlap=overlap,
            need=overlap,
            created_at=now,
        )
        for n in range(1, tasks + 1)
    )
    return Scene(batch, [_enrolled(batch, n, now) for n in range(workers)], now)


CLEAR = datetime(2100, 1, 1, tzinfo=UTC)  # nobody's day is looked at here


def _enrolled(batch: Batch, n: int, now: datetime) -> UUID:
    user = User.objects.create(email=f"{new_id()}@example.org")
    worker = Worker.objects.create(user=user, display_name=f"w{n}", country="DE", languages=["en"], created_at=now)
    earnings = Account.objects.create(kind="earnings", owner_id=worker.id, currency="USD", guard="balance", created_at=now)
    Enrolment.objects.create(worker=worker, batch=batch, standing=1, earnings_id=earnings.id, clear_until=CLEAR, created_at=now)
    return worker.id


def all_at_once(work: Callable[[int], None], threads: int) -> None:
    """Run `work(n)` in that many threads that start together; re-raise the first error."""
    barrier = threading.Barrier(threads)
    errors: list[BaseException] = []

    def run(n: int) -> None:
        try:
            barrier.wait()
            work(n)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    crew = [threading.Thread(target=run, args=(n,)) for n in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    if errors:
        raise errors[0]


def later(now: datetime, seconds: float) -> datetime:
    """An instant after `now`."""
    return now + timedelta(seconds=seconds)
