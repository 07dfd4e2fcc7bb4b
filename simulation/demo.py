"""The whole loop on real images: a requester posts handwritten digits, a simulated crowd qualifies, labels and is paid, and the
labels are concluded and downloaded. Everything over HTTP, in simulated time that runs SPEED times as fast as the wall clock.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from simulation import people, voting
from simulation.client import Client, Refused
from simulation.crowd import CROWD, LABELS, Behaviour
from simulation.digits import Digit, digits

SPEED = 40.0  # simulated seconds per second
TASKS, GOLD, QUESTIONS = 300, 40, 12
OVERLAP = 3
PILOT_TASKS, PILOT_WORKERS = 20, 8
PRICE_MICROS = 50_000  # five cents for about ten seconds
FLOOR_HOURLY_MICROS = 12_000_000
COUNTRIES = ["DE", "FR", "GB"]
DEPOSIT_MICROS = 200 * 1_000_000
METHODS = ["MajorityVote", "Wawa", "DawidSkene", "GoldMajorityVote", "MMSR"]
HEARTBEAT_SECONDS = 15
DEADLINE = timedelta(hours=49)  # a little more than the review time of 48 hours
SEED = 8

Tell = Callable[[str], None]
Someone = TypeVar("Someone")


class Clock:
    """Simulated time: from now on, and running fast. It is ahead of the cluster's own clock, which so never ends a lease early."""

    def __init__(self, start: datetime) -> None:
        self.start, self.began = start, time.monotonic()

    def now(self) -> datetime:
        """The simulated instant."""
        return self.start + timedelta(seconds=(time.monotonic() - self.began) * SPEED)

    def sleep(self, seconds: float) -> None:
        """Let that much simulated time pass."""
        time.sleep(seconds / SPEED)


@dataclass
class Labeller:
    """One simulated worker and what became of them."""

    name: str
    behaviour: Behaviour
    client: Client
    chance: random.Random
    answers: int = 0
    right: int = 0
    paused: dict[str, Any] | None = None
    pay: dict[str, Any] = field(default_factory=dict)


@dataclass
class Story:
    """What happened, for the report."""

    labellers: list[Labeller]
    truth: dict[str, str]
    runs: dict[str, dict[str, Any]]
    labels: dict[str, dict[str, str]]
    quote: dict[str, Any]
    progress: dict[str, int]
    escrow_micros: int
    funds_micros: int
    rejection: dict[str, Any]
    requests: int
    seconds: float
    export_rows: int
    batch_id: str
    pilot: dict[str, Any]
    pilot_fees_micros: int
    job_list_example: dict[str, Any]


def live(
    address: str,
    operator_token: str,
    *,
    each_minute: Callable[[], None],
    after_the_deadline: Callable[[datetime], Any],
    tell: Tell,
) -> Story:
    """Live the whole story against the site at `address`.

    `each_minute` is called every simulated minute, from a thread, and has the cluster do what it does by the minute: weigh gold.
    `after_the_deadline` lets it accept what nobody reviewed.
    """
    clock = Clock(datetime.now(UTC))
    over = threading.Event()
    minutes = threading.Thread(target=_tick, args=(each_minute, over))
    minutes.start()
    try:
        return _live(address, operator_token, clock, after_the_deadline=after_the_deadline, tell=tell)
    finally:
        over.set()
        minutes.join()


def _tick(each_minute: Callable[[], None], over: threading.Event) -> None:
    while not over.wait(60 / SPEED):
        each_minute()


def _live(address: str, operator_token: str, clock: Clock, *, after_the_deadline: Callable[[datetime], Any], tell: Tell) -> Story:
    began = time.monotonic()
    images = digits(TASKS + GOLD + QUESTIONS)
    truth = {digit.key: digit.truth for digit in images[QUESTIONS:]}
    run = f"{datetime.now(UTC):%H%M%S}"
    operator = Client(address, token=operator_token)
    tell("An operator publishes the agreements and the pay floor.")
    prepare(operator)
    tell("A requester sets up project, guideline, exam and batch, and uploads 300 images and 40 gold ones.")
    requester, organization_id = people.requester(
        address, email=f"rita.{run}@example.org", organization=f"Rita's Lab {run}", at=clock.now()
    )
    exam, batch_id = _post_job(requester, operator, organization_id, images)
    tell(f"{len(CROWD)} people sign up, accept the agreements, see what is missing, and sit the exam.")
    labellers = [
        Labeller(f"{behaviour.name} {n}", behaviour, _join(address, n, run, clock), random.Random(SEED * 1000 + n))
        for n, behaviour in enumerate(CROWD)
    ]
    in_threads(lambda one: _sit_exam(one, exam["id"], images[:QUESTIONS], clock), labellers)
    tell(
        "A pilot: eight of them try 20 tasks out; the requester reads what it shows, and publishes at a price that stands up to it."
    )
    pilot = _run_pilot(requester, batch_id, labellers[:PILOT_WORKERS], truth, images, clock)
    price = max(PRICE_MICROS, pilot["price"]["suggested_price_micros"])
    requester.post(f"batches/{batch_id}/publish", {"price_micros": price}, key=f"publish {batch_id}")
    quote = requester.get(f"batches/{batch_id}/quote")
    example = next(job for job in labellers[0].client.get("jobs")["results"] if job["batch_id"] == batch_id)
    tell("They work: claim, heartbeat, submit, sometimes return or forget; gold scores them as they go.")
    in_threads(lambda one: _work(one, batch_id, truth, images, clock), labellers)
    tell("The requester rejects one answer with reasons; its place is filled again; the rest is accepted by the deadline.")
    rejection = _reject_one(requester, batch_id, truth, clock)
    in_threads(lambda one: _work(one, batch_id, truth, images, clock), [one for one in labellers if one.paused is None][:4])
    requester.at = clock.now() + DEADLINE
    _let_the_deadline_pass(requester, [batch_id, pilot["pilot_id"]], after_the_deadline)
    tell("The cluster aggregates; the requester downloads and closes the batch.")
    runs = voting.aggregate(requester, batch_id, METHODS)
    labels = {method: voting.labels_of(requester, one["id"]) for method, one in runs.items() if one["state"] == "done"}
    export_rows = len(voting.lines(requester.download(f"batches/{batch_id}/export")))
    requester.post(f"batches/{batch_id}/close", key=f"close {batch_id}")
    for one in labellers:
        one.pay = one.client.get("me/pay")
    batch, tried = requester.get(f"batches/{batch_id}"), requester.get(f"batches/{pilot['pilot_id']}")
    return Story(
        labellers=labellers,
        truth={key: truth[key] for key in list(truth)[:TASKS]},
        runs=runs,
        labels=labels,
        quote=quote,
        progress=batch["progress"],
        escrow_micros=batch["escrow_micros"],
        funds_micros=requester.get(f"organizations/{organization_id}/funds")["results"][0]["available_micros"],
        rejection=rejection,
        requests=sum(one.client.requests for one in labellers) + requester.requests + operator.requests,
        seconds=time.monotonic() - began,
        export_rows=export_rows,
        batch_id=batch_id,
        pilot=pilot,
        pilot_fees_micros=tried["progress"]["accepted"] * tried["fee_micros"],
        job_list_example=example,
    )


def prepare(operator: Client) -> None:
    """Publish the agreements and the pay floors that are not there yet."""
    known = {row["slug"] for row in operator.get("agreements")["results"]}
    for slug, title, text in [
        ("terms", "Terms of work", "You are paid for every accepted answer, and for every answer nobody reviewed in time."),
        ("privacy", "Privacy", "Requesters know you by an alias. You can download what we keep about you."),
    ]:
        if slug not in known:
            operator.post("agreements", {"slug": slug, "title": title, "text": text}, key=f"agreement {slug}")
    entered = {row["country"] for row in operator.every("pay-floors", currency="USD")}
    for country in ["", *COUNTRIES]:
        if country not in entered:
            floor = {
                "country": country,
                "currency": "USD",
                "hourly_micros": FLOOR_HOURLY_MICROS,
                "source": "the demo's own figure",
            }
            operator.post("pay-floors", floor | {"effective_from": "2026-01-01"})


def _post_job(requester: Client, operator: Client, organization_id: str, images: list[Digit]) -> tuple[dict[str, Any], str]:
    interface = voting.interface(LABELS, shows="Image")
    operator.post(
        f"organizations/{organization_id}/deposits",
        {"amount_micros": DEPOSIT_MICROS, "currency": "USD", "reference": "demo deposit", "reason": "Bank transfer for the demo"},
        key=f"deposit {organization_id}",
    )
    project = requester.post(
        "projects",
        {
            "organization_id": organization_id,
            "name": "Handwritten digits",
            "description": "Which digit is it?",
            "interface": interface,
        },
    )
    requester.post(
        f"projects/{project['id']}/guidelines", {"text": "Look at the image and choose the digit. A 3 is open on the left."}
    )
    skill = requester.post("skills", {"organization_id": organization_id, "name": "Digits", "description": "Reads digits"})
    exam = requester.post(
        "exams",
        {
            "organization_id": organization_id,
            "skill_id": skill["id"],
            "title": "Reading digits",
            "interface": interface,
            "questions": [
                {"id": one.key, "payload": {"image": one.image}, "solution": {voting.CONTROL: one.truth}}
                for one in images[:QUESTIONS]
            ],
            "questions_per_attempt": 8,
            "pass_percent": 70,
            "time_limit_seconds": 600,
            "max_attempts": 3,
            "retry_delay_seconds": 3600,
            "valid_days": 90,
        },
    )
    batch = requester.post(
        f"projects/{project['id']}/batches",
        {
            "name": "300 digits",
            "overlap": OVERLAP,
            "currency": "USD",
            "price_micros": PRICE_MICROS,
            "estimate_seconds": 10,
            "lease_seconds": 300,
            "requirements": [
                {"subject": "skill", "skill_id": skill["id"], "comparator": "greater_than_or_equal_to", "values": [70]},
                {"subject": "country", "comparator": "in", "values": COUNTRIES},
            ],
            "gold_percent": 10,
            "gold_first": 4,
            "accuracy_bar": 0.75,
        },
    )
    _upload(requester, batch["id"], images)
    return exam, batch["id"]


def _upload(requester: Client, batch_id: str, images: list[Digit]) -> None:
    ordinary, gold = images[QUESTIONS : QUESTIONS + TASKS], images[QUESTIONS + TASKS :]
    rows = [{"key": one.key, "payload": {"image": one.image}} for one in ordinary]
    requester.upload(f"batches/{batch_id}/tasks", voting.ndjson(rows), key="tasks")
    rows = [{"key": one.key, "payload": {"image": one.image}, "solution": {voting.CONTROL: one.truth}} for one in gold]
    requester.upload(f"batches/{batch_id}/gold", voting.ndjson(rows), key="gold")


def _join(address: str, n: int, run: str, clock: Clock) -> Client:
    return people.worker(address, email=f"worker{n}.{run}@example.org", name=f"Worker {n}", at=clock.now())


def _sit_exam(one: Labeller, exam_id: str, questions: list[Digit], clock: Clock) -> None:
    """Everybody takes care in the exam, also who will not take care later."""
    known = {question.key: question.truth for question in questions}
    one.client.at = clock.now()
    attempt = one.client.post(f"exams/{exam_id}/attempts")
    clock.sleep(one.behaviour.seconds(one.chance) * len(attempt["questions"]))
    one.client.at = clock.now()
    answers = {question["id"]: voting.result(known[question["id"]], shows="Image") for question in attempt["questions"]}
    one.client.post(f"attempts/{attempt['id']}/submit", {"answers": answers})


def _run_pilot(
    requester: Client, batch_id: str, group: list[Labeller], truth: dict[str, str], images: list[Digit], clock: Clock
) -> dict[str, Any]:
    """Begin it, let the group work until nothing is left, and read the report."""
    requester.at = clock.now()
    pilot = requester.post(
        f"batches/{batch_id}/pilots", {"tasks": PILOT_TASKS, "workers": PILOT_WORKERS}, key=f"pilot {batch_id}"
    )
    in_threads(lambda one: _work(one, pilot["id"], truth, images, clock), group)
    give_up = time.monotonic() + 60
    while True:
        requester.at = clock.now()
        report: dict[str, Any] = requester.get(f"batches/{batch_id}/pilot-report")
        assert report["is_finished"], "the group has answered every task of the pilot"
        if report["gold"]["score"] is not None:
            return report
        if time.monotonic() > give_up:
            raise TimeoutError("The cluster did not weigh the gold of the pilot; is it running?")
        time.sleep(0.3)


def _work(one: Labeller, batch_id: str, truth: dict[str, str], images: list[Digit], clock: Clock) -> None:
    """Take tasks until there are none, or until told to pause."""
    by_image = {digit.image: digit.truth for digit in images}
    previous: str | None = None
    while True:
        one.client.at = clock.now()
        try:
            leases = one.client.post(f"batches/{batch_id}/claim")["assignments"]
        except Refused as refusal:
            if refusal.code == "not_eligible":
                one.paused = one.client.get("decisions", kind="pause")["results"][0]
                return
            if refusal.code == "too_many_leases":  # one they forgot; it runs out by itself
                clock.sleep(60)
                continue
            raise
        if not leases:
            return
        [lease] = leases
        if one.chance.random() < one.behaviour.returns:
            one.client.post(f"assignments/{lease['id']}/return", {"token": lease["token"]})
            continue
        if one.chance.random() < one.behaviour.forgets:
            continue
        shown = by_image[lease["payload"]["image"]]
        label = one.behaviour.answer(shown, previous, one.chance)
        _take_time(one, lease, clock)
        body = {"token": lease["token"], "result": voting.result(label, shows="Image")}
        one.client.post(f"assignments/{lease['id']}/submit", body)
        one.answers, one.right, previous = one.answers + 1, one.right + (label == shown), label


def _take_time(one: Labeller, lease: dict[str, Any], clock: Clock) -> None:
    left = one.behaviour.seconds(one.chance)
    while left > HEARTBEAT_SECONDS:
        clock.sleep(HEARTBEAT_SECONDS)
        left -= HEARTBEAT_SECONDS
        one.client.at = clock.now()
        one.client.post(f"assignments/{lease['id']}/heartbeat", {"token": lease["token"]})
    clock.sleep(left)
    one.client.at = clock.now()


def _reject_one(requester: Client, batch_id: str, truth: dict[str, str], clock: Clock) -> dict[str, Any]:
    """Reject the first wrong answer there is, with what a rejection needs."""
    requester.at = clock.now()
    waiting = requester.every(f"batches/{batch_id}/assignments", state="submitted")
    wrong = next(row for row in waiting if row["label"][voting.CONTROL] != truth[row["task_key"]])
    said, shown = wrong["label"][voting.CONTROL], truth[wrong["task_key"]]
    comment = (
        f"The image {wrong['task_key']} clearly shows a {shown}, and the answer says {said}. The guideline asks to look at the image and "
        "to choose the digit it shows. Several answers of this person in a row are of this kind."
    )
    verdict = {"reason": "instructions_not_followed", "comment": comment, "evidence": {"shown": shown, "answered": said}}
    requester.post(f"assignments/{wrong['id']}/reject", verdict, key=f"reject {wrong['id']}")
    return {**wrong, "shown": shown, "said": said}


def _let_the_deadline_pass(requester: Client, batch_ids: list[str], after_the_deadline: Callable[[datetime], Any]) -> None:
    assert requester.at is not None
    after_the_deadline(requester.at)
    give_up = time.monotonic() + 60
    while any(requester.get(f"batches/{batch_id}")["progress"]["submitted"] for batch_id in batch_ids):
        if time.monotonic() > give_up:
            raise TimeoutError("The cluster did not accept the answers whose deadline has passed; is it running?")
        time.sleep(0.3)


def in_threads(work: Callable[[Someone], Any], people: list[Someone]) -> None:
    """Let everybody do that at the same time, and wait. Raises the first error of any of them."""
    errors: list[BaseException] = []

    def run(one: Someone) -> None:
        try:
            work(one)
        except BaseException as error:
            errors.append(error)

    crew = [threading.Thread(target=run, args=(one,)) for one in people]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    if errors:
        raise errors[0]
