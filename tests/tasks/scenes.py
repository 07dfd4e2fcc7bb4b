"""Scenes for the tests of work: a funded requester, a draft or open batch made by the verbs themselves, answers handed in."""

from datetime import date, datetime, timedelta
from typing import Any

from payments import funding, ledger, pay_floors
from payments.models import Account
from tasks import answering, assigning, gating, publishing, weighing
from tasks.models import Assignment, Batch, Gold, Project, Task
from tests.builders import Person

INTERFACE = (
    '<View><Text name="text" value="$text"/>'
    '<Choices name="label" toName="text"><Choice value="a"/><Choice value="b"/></Choices></View>'
)
FLOOR = 12_000_000  # twelve units an hour
PRICE, FEE = 50_000, 10_000
FUNDS = 100_000_000
COMMENT = (
    "The guideline asks for b whenever the text names a colour. This text names two of them and the answer is a, as on nine "
    "other tasks."
)


def result(choice: str) -> list[dict[str, Any]]:
    return [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [choice]}}]


def floor(olga: Person, *, hourly_micros: int = FLOOR, country: str = "", currency: str = "USD") -> None:
    pay_floors.set_floor(
        olga.actor,
        country=country,
        currency=currency,
        hourly_micros=hourly_micros,
        effective_from=date(2026, 1, 1),
        source="house rule",
        now=olga.now,
    )


def funds(olga: Person, rita: Person, amount_micros: int = FUNDS, reference: str = "wire 1") -> None:
    assert rita.organization
    funding.deposit(
        olga.actor,
        rita.organization.id,
        amount_micros=amount_micros,
        currency="USD",
        reference=reference,
        reason="bank transfer",
        now=olga.now,
    )


def project(rita: Person, *, guideline: bool = True) -> Project:
    assert rita.organization
    made = publishing.create_project(
        rita.actor, organization_id=rita.organization.id, name="Colours", description="", interface=INTERFACE, now=rita.now
    )
    if guideline:
        publishing.add_guideline(rita.actor, made.id, text="Choose a or b.", now=rita.now)
    return made


def add(batch: Batch, key: str, *, overlap: int | None = None, truth: str | None = None, **fields: Any) -> Task:
    """A task at the end of a draft's queue, as an import writes it; gold if its truth is given."""
    batch.refresh_from_db()
    batch.tail += 1
    batch.save(update_fields=["tail"])
    wanted = overlap if overlap is not None else 0 if truth else batch.overlap
    task = Task.objects.create(
        project_id=batch.project_id,
        batch=batch,
        key=key,
        payload={"text": key},
        lane=Task.Lane.GOLD if truth else Task.Lane.ORDINARY,
        position=batch.tail,
        overlap=wanted,
        need=0 if truth else wanted,
        created_at=batch.created_at,
        **fields,
    )
    if truth:
        Gold.objects.create(task=task, solution={"label": truth}, created_at=batch.created_at)
    return task


def draft(rita: Person, *, tasks: int = 2, gold: int = 0, of: Project | None = None, **fields: Any) -> Batch:
    """A draft batch with that many tasks and gold tasks (whose truth is b)."""
    settings = {
        "name": "First",
        "overlap": 1,
        "price_micros": PRICE,
        "currency": "USD",
        "estimate_seconds": 10,
        "lease_size": 10,
        "max_leases": 10,
    }
    batch = publishing.create_batch(rita.actor, (of or project(rita)).id, now=rita.now, **(settings | fields))
    for n in range(tasks):
        add(batch, f"t{n}")
    for n in range(gold):
        add(batch, f"g{n}", truth="b")
    return batch


def opened(rita: Person, olga: Person, **fields: Any) -> Batch:
    """An open batch whose requester has FUNDS before it is published."""
    floor(olga)
    funds(olga, rita)
    return publishing.publish(rita.actor, draft(rita, **fields).id, now=rita.now)


def claim(worker: Person, batch: Batch, *, count: int = 1, now: datetime | None = None) -> list[assigning.Lease]:
    assert worker.worker
    return assigning.claim_next(
        worker.worker.id, standing=worker.actor.standing or 0, batch_id=batch.id, now=now or worker.now, count=count
    )


def submit(
    worker: Person, lease: assigning.Lease, *, choice: str = "b", seconds: float = 10, now: datetime | None = None
) -> Assignment:
    assert worker.worker
    at = (now or lease.leased_at) + timedelta(seconds=seconds)
    answering.submit(lease.id, worker_id=worker.worker.id, token=lease.token, result=result(choice), now=at)
    return Assignment.objects.get(id=lease.id)


def answered(worker: Person, batch: Batch, *, count: int = 1, choice: str = "b", seconds: float = 10) -> list[Assignment]:
    """That many tasks claimed and handed in by the worker, one after the other."""
    done = []
    now = worker.now
    for _ in range(count):
        (lease,) = claim(worker, batch, now=now)
        done.append(submit(worker, lease, choice=choice, seconds=seconds))
        now += timedelta(seconds=seconds)
    return done


def weighed(now: datetime) -> None:
    """What the clock does once all that was handed in up to now has been weighed and looked at."""
    weighing.weigh_due(now=now)
    gating.look_due(now=now + timedelta(seconds=gating.LOOK_AFTER_SECONDS[1]))


def money(batch: Batch, worker: Person | None = None) -> dict[str, int]:
    """What stands in each account that the batch touches: posted, and in escrow what is held out of it."""
    batch.refresh_from_db()
    accounts = {
        "funds": Account.objects.filter(kind="funds", owner_id=batch.organization_id),
        "escrow": Account.objects.filter(kind="escrow", owner_id=batch.id),
        "fees": Account.objects.filter(kind="fees"),
    }
    if worker is not None and worker.worker:
        accounts["earnings"] = Account.objects.filter(kind="earnings", owner_id=worker.worker.id)
    found = {name: [ledger.balance(row.id) for row in rows] for name, rows in accounts.items()}
    sums = {name: sum(balance.posted for balance in balances) for name, balances in found.items()}
    return sums | {"held": sum(balance.held_out for balance in found["escrow"])}
