"""A site to look around in: a requester with a small batch of every type of task, a crew that has answered some of it in the last days, a
worker who is half-way through everything, and a newcomer. Everything over HTTP, dated back with the simulation's own clock.

A second run on the same database makes new people and new batches, and closes the batches of the run before.
"""

import random
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from simulation import learning, people, talking, teams
from simulation.client import Client, Refused
from simulation.demo import Tell, in_threads, prepare
from simulation.postings import Posting, all_postings
from simulation.stage import Player, Stage, fill, post, read, settings_of, work

ORGANIZATION = "Meadow Research"
DAYS = 4  # of history
DEPOSIT_MICROS = 400 * 1_000_000
SEED = 16
PEOPLE_MAX = 1000  # runs on one database

# name, how often right, pace; the crew's answers give the figures of each posting something to rest on
CREW = [
    ("Ada", 0.95, 1.1),
    ("Bruno", 0.9, 0.8),
    ("Chiara", 0.93, 1.0),
    ("Deniz", 0.85, 0.9),
    ("Emeka", 0.96, 1.3),
    ("Farah", 0.9, 1.0),
]
BY_ALL = ("tickets", "names", "birds")  # enough people for measured times
# Mira's days: day, hour, and what she does one after the other: posting, answers
WEEK: list[tuple[int, int, list[tuple[str, int]]]] = [
    (0, 8, [("tickets", 10), ("birds", 5), ("replies", 3), ("pairs", 3)]),
    (0, 14, [("shelves", 4), ("photographs", 2)]),
    (1, 9, [("streets", 3), ("names", 2), ("talks", 2)]),
    (2, 8, [("comments", 5), ("summaries", 2), ("calls", 1)]),
    (3, 10, [("tracks", 1), ("lights", 2), ("gardens", 3), ("lakes", 2), ("searches", 2)]),
]
TODAY = [("tickets", 2), ("birds", 2), ("shelves", 1), ("replies", 1)]
PILOTED, LARGER, MONTH = "tickets", 5, " (December)"  # the larger batch has as many times the tasks
REJECTED = "streets"
REVIEWED = 13  # postings
DRAFTED = ASKED = "names"
WAITING, FLAGGED, OVERTURNED = "tracks", "gardens", "tickets"


@dataclass(frozen=True)
class Account:
    """Someone to sign in as."""

    who: str
    email: str
    password: str
    see: str


@dataclass(frozen=True)
class Shown:
    """What the showcase left behind, for the report."""

    accounts: list[Account]
    invitation: str  # to join the vendor's team
    types: int
    tasks: int
    answers: int
    requests: int


def live(address: str, operator_token: str, *, tell: Tell, postings: Iterable[Posting] | None = None) -> Shown:
    """Set the site up for looking around; answers with who can sign in."""
    now = datetime.now(UTC)
    operator = Client(address, token=operator_token)
    prepare(operator)
    tell(
        "A second requester posts a small batch of every type of task: text, pictures, sound, video, comparisons, a page of its own."
    )
    stage, rita = _set_up(address, operator, now, list(postings or all_postings()))
    school = learning.found(stage, stage.postings[learning.SLUG]) if learning.SLUG in stage.postings else None
    for slug, posting in stage.postings.items():
        post(stage, posting, **_settings(slug, school))
    tell("A crew works on them through four days. Mira is half-way through everything; Nils has only just signed up.")
    crew = [_join(stage, rita, name, accuracy, pace) for name, accuracy, pace in CREW]
    mira = _join(stage, rita, "Mira", 0.95, 1.0)
    vera = Account("vendor", rita.email_of("vera"), secrets.token_urlsafe(9), "a team, its checklist and invitation (API)")
    name = teams.NAME if rita.number == 1 else f"{teams.NAME} {rita.number}"
    team = teams.found(stage, email=vera.email, password=vera.password, name=name)
    for one, steps in ((crew[0], 2), (crew[1], 0), (mira, 1)):
        teams.join(team, one, steps=steps, at=stage.at(0, 7, 10))
    if school is not None:
        _learn(stage, school, mira, crew)
    if PILOTED in stage.postings:
        _try_out(stage, crew)
    in_threads(lambda one: _pass(stage, crew, one), crew)
    talking.rejection_overturned(stage, crew[4], OVERTURNED, day=2)
    _week(stage, mira)
    _review(stage)
    _today(stage, mira, now)
    nils = _newcomer(stage, rita, now)
    clients = [operator, stage.requester, mira.client, *(one.client for one in crew)]
    return Shown(
        accounts=[
            Account(
                "worker, half-way", mira.email, mira.password, "answers in every state, a running draft, hours, earnings, quality"
            ),
            nils,
            Account("requester", rita.email, rita.password, "questions, appeals, a draft with the report of its pilot"),
            vera,
        ],
        invitation=team.link,
        types=len(stage.postings),
        tasks=sum(len(one.items) for one in stage.postings.values()),
        answers=sum(len(one.done) for one in [mira, *crew]),
        requests=sum(client.requests for client in clients),
    )


def _settings(slug: str, school: learning.School | None) -> dict[str, Any]:
    """What a posting's batch has besides the posting's own: enough places for everybody where everybody works, and what it asks for."""
    settings: dict[str, Any] = {"overlap": len(CREW) + 2} if slug in BY_ALL else {}
    if school is not None and slug == learning.SLUG:
        skill = {"subject": "skill", "skill_id": school.skill_id, "comparator": "greater_than_or_equal_to", "values": [75]}
        settings["requirements"] = [skill]
    return settings


# ---- who and what ----


@dataclass(frozen=True)
class _Rita:
    """The requester's account, and the number of this run."""

    email: str
    password: str
    number: int

    def email_of(self, name: str) -> str:
        return f"{name.lower()}{self.number if self.number > 1 else ''}@meadow.example"


def _set_up(address: str, operator: Client, now: datetime, postings: list[Posting]) -> tuple[Stage, _Rita]:
    """The requester of this run with its money; what the runs before left open is closed."""
    first_day = (now - timedelta(days=DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
    password = secrets.token_urlsafe(9)
    for number in range(1, PEOPLE_MAX):
        rita = _Rita("", password, number)
        rita = _Rita(rita.email_of("rita"), password, number)
        try:  # the password is new: who can log in with it has just signed up
            people.person(address, email=rita.email, name="Rita", as_worker=False, at=first_day, password=password)
            break
        except Refused as refusal:
            if refusal.code != "bad_credentials":
                raise
    name = f"{ORGANIZATION} {number}" if number > 1 else ORGANIZATION
    requester, organization_id = people.requester(address, email=rita.email, organization=name, at=first_day, password=password)
    deposit = {
        "amount_micros": DEPOSIT_MICROS,
        "currency": "USD",
        "reference": "showcase",
        "reason": "Bank transfer for the demo",
    }
    operator.post(f"organizations/{organization_id}/deposits", deposit, key=f"deposit {organization_id}")
    known = {posting.name for posting in postings}
    for batch in operator.every("batches", state="open"):
        if batch["name"].removeprefix("Pilot of ").removesuffix(MONTH) in known:
            operator.post(f"batches/{batch['id']}/close", key=f"close {batch['id']}")
    stage = Stage(address, first_day, operator, requester, organization_id, {one.slug: one for one in postings})
    requester.at = stage.at(0, 6)
    return stage, rita


def _join(stage: Stage, rita: _Rita, name: str, accuracy: float, pace: float) -> Player:
    """A worker who is ready to start, and accepts to see unpleasant comments."""
    email, password = rita.email_of(name), secrets.token_urlsafe(9)
    client = people.worker(stage.address, email=email, name=name, at=stage.at(0, 7), languages=("en", "de"), password=password)
    client.post("me/content", {"sensitive_accepted": ["hate", "harassment"]})
    return Player(name, email, password, client, random.Random(f"{SEED} {name}"), accuracy, pace)


def _newcomer(stage: Stage, rita: _Rita, now: datetime) -> Account:
    """Nils has an account, has said where he lives and what he speaks, and has accepted one agreement of two."""
    email, password = rita.email_of("nils"), secrets.token_urlsafe(9)
    client = people.person(stage.address, email=email, name="Nils", as_worker=True, at=now, password=password)
    client.post("me/profile", {"country": "DE", "languages": ["de", "en"], "time_zone": "Europe/Berlin"})
    first = client.get("agreements")["results"][0]
    client.post(f"agreements/{first['id']}/accept")
    return Account("worker, brand-new", email, password, "the steps before the first task")


# ---- four days ----


def _learn(stage: Stage, school: learning.School, mira: Player, crew: list[Player]) -> None:
    """The crew passes the exam. Mira has two of three lessons behind her, failed once, and passed in the afternoon."""
    for n, one in enumerate(crew):
        at = stage.at(n % 3, 7, 30)
        learning.sit(school, one, wrong=n % 2, at=learning.study(school, one, lessons=3, at=at) if n < 2 else at)
    at = learning.study(school, mira, lessons=2, at=stage.at(0, 7, 20))
    learning.sit(school, mira, wrong=2, at=at)
    learning.sit(school, mira, at=stage.at(0, 16))


def _try_out(stage: Stage, crew: list[Player]) -> None:
    """A larger batch, still a draft, had a pilot, which is accepted and over: its report suggests a price."""
    posting = stage.postings[PILOTED]
    rounds = [replace(item, key=f"{item.key}-{n}") for n in range(LARGER) for item in posting.items]
    larger = replace(posting, slug="larger", name=posting.name + MONTH, items=rounds)
    stage.requester.at = stage.at(0, 6, 40)
    batch = stage.requester.post(f"projects/{stage.projects[PILOTED]}/batches", settings_of(larger))["id"]
    fill(stage, larger, batch)
    stage.batches["pilot"] = stage.requester.post(f"batches/{batch}/pilots", {"tasks": 8, "workers": len(crew), "overlap": 5})[
        "id"
    ]
    with_pilot = replace(stage, postings=stage.postings | {"pilot": larger})
    in_threads(lambda one: work(with_pilot, one, "pilot", count=9, at=stage.at(0, 7, 1)), crew)
    stage.requester.at = stage.at(0, 18)
    pilot_id = stage.batches.pop("pilot")
    for verb in ("accept-submitted", "close"):
        stage.requester.post(f"batches/{pilot_id}/{verb}", key=f"{verb} {pilot_id}")


def _pass(stage: Stage, crew: list[Player], one: Player) -> None:
    """What somebody of the crew does: all of what everybody does, and every sixth of the other postings."""
    n = crew.index(one)
    others = [slug for slug in stage.postings if slug not in BY_ALL]
    at = stage.at(n % 3, 8 + n)
    for slug in [*(slug for slug in BY_ALL if slug in stage.postings), *others[n :: len(crew)]]:
        at, _ = work(stage, one, slug, count=len(stage.postings[slug].items), at=at)


def _week(stage: Stage, mira: Player) -> None:
    """Mira's days; the first time she meets a posting she reads its guideline, and on the third evening what she was told."""
    met: set[str] = set()
    for day, hour, doing in WEEK:
        at = stage.at(day, hour, 4)
        for slug, count in doing:
            if slug not in stage.postings:
                continue
            if slug not in met:
                at = read(stage, mira, slug, at=at, seconds=12 + 2 * stage.postings[slug].seconds ** 0.5)
            met.add(slug)
            first = [stage.postings[slug].ordinary[0].key] if slug == REJECTED else []
            at, done = work(stage, mira, slug, count=count, at=at, mistakes=first)
            _talk(stage, mira, slug, done, at=at)
    mira.client.at = stage.at(2, 18)
    mira.client.post("notifications/read")


def _talk(stage: Stage, mira: Player, slug: str, done: list[dict[str, Any]], *, at: datetime) -> None:
    """What comes up while she works."""
    if not done:
        return
    if slug == REJECTED:
        talking.rejection_appealed(stage, mira, done[0]["assignment_id"], at=stage.at(2, 7))
    if slug == ASKED:
        talking.question_answered(stage, mira, done[-1]["assignment_id"], at=at)
    if slug == WAITING:
        talking.question_waiting(stage, mira, slug, at=at)
    if slug == FLAGGED:
        talking.flagged(mira, done[0]["assignment_id"], at=at)


def _review(stage: Stage) -> None:
    """On the evening of the last whole day the requester accepts what is there, and does not get round to everything."""
    stage.requester.at = stage.at(DAYS - 1, 18)
    for batch_id in list(stage.batches.values())[:REVIEWED]:
        stage.requester.post(f"batches/{batch_id}/accept-submitted", key=f"accept {batch_id}")


def _today(stage: Stage, mira: Player, now: datetime) -> None:
    """Some answers that wait for review, and one that is unfinished."""
    at = now - timedelta(minutes=25)
    for slug, count in TODAY:
        if slug in stage.postings:
            at, _ = work(stage, mira, slug, count=count, at=at)
    if DRAFTED in stage.postings:
        mira.client.at = now
        for lease in mira.client.post(f"batches/{stage.batches[DRAFTED]}/claim")["assignments"]:
            item = next(item for item in stage.postings[DRAFTED].items if item.payload == lease["payload"])
            draft = {"token": lease["token"], "result": item.truth[:1], "base_revision": 0}
            mira.client.post(f"assignments/{lease['id']}/draft", draft)
