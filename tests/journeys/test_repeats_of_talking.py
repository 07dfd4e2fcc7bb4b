"""Fifty concurrent repeats of every command of talking, appealing and leaving: one effect, equal answers; another body: 409."""

from typing import Any

import pytest

from tests import builders
from tests.builders import Person
from tests.journeys import test_idempotency as repeats
from tests.journeys.world import build, ok
from tests.tasks.scenes import COMMENT
from workforce.models import Appeal, Clarification, DataCopy, Erasure, Message, Notification, Thread

TEXT, OTHER = {"text": "What about green?"}, {"text": "And red?"}
EFFECTS = {
    ("appeals/<uuid:appeal_id>/decide", "Transfer"): 2,  # pay and fee
    ("appeals/<uuid:appeal_id>/decide", "Event"): 2,  # of the answer and of the appeal
    ("appeals/<uuid:appeal_id>/decide", "AuditEntry"): 2,  # of the decision and of the appeal
}


def rejected(rita: Person, wanda: Person, ids: dict[str, str]) -> list[str]:
    """Two more decisions that can be appealed."""
    waiting = ok(rita.get(f"batches/{ids['batch_id']}/assignments", state="submitted"))["results"]
    for answer in waiting[:2]:
        rejection = {"reason": "low_effort", "comment": COMMENT, "evidence": {"task": "t"}}
        ok(rita.post(f"assignments/{answer['id']}/reject", rejection))
    made = [one["id"] for one in ok(wanda.get("decisions", kind="reject_work"))["results"]]
    return [one for one in made if one != ids["decision_id"]]


def commands(rita: Person, wanda: Person, olga: Person, walt: Person, ids: dict[str, str]) -> list[repeats.Call]:
    first, second = rejected(rita, wanda, ids)
    filed = ok(wanda.post(f"decisions/{first}/appeal", TEXT), 201)["id"]
    calls: list[tuple[str, Person, dict[str, str], Any, Any, int]] = [
        ("questions/begin", wanda, {}, {}, {"x": 1}, 200),
        ("assignments/<uuid:assignment_id>/questions", wanda, {}, TEXT, OTHER, 201),
        ("assignments/<uuid:assignment_id>/flag", wanda, {}, {"reason": "other"}, {"reason": "offensive"}, 201),
        ("batches/<uuid:batch_id>/questions", wanda, {}, TEXT, OTHER, 201),
        ("decisions/<uuid:decision_id>/questions", wanda, {}, TEXT, OTHER, 201),
        ("threads/<uuid:thread_id>/messages", rita, {}, TEXT, OTHER, 201),
        ("threads/<uuid:thread_id>/read", wanda, {}, {}, {"x": 1}, 200),
        ("threads/<uuid:thread_id>/clarify", rita, {}, {"question": "Q", "answer": "A"}, {"question": "Q", "answer": "B"}, 201),
        ("clarifications/<uuid:clarification_id>/withdraw", rita, {}, {}, {"x": 1}, 200),
        ("threads/<uuid:thread_id>/close", wanda, {}, {}, {"x": 1}, 200),
        ("threads/<uuid:thread_id>/reopen", wanda, {}, {}, {"x": 1}, 200),
        ("notifications/<uuid:notification_id>/read", wanda, {}, {}, {"x": 1}, 200),
        ("notifications/read", wanda, {}, {}, {"x": 1}, 200),
        ("me/notification-preferences", wanda, {}, preference("daily"), preference("none"), 200),
        ("decisions/<uuid:decision_id>/appeal", wanda, {"decision_id": second}, TEXT, OTHER, 201),
        ("appeals/<uuid:appeal_id>/withdraw", wanda, {"appeal_id": filed}, {}, {"x": 1}, 200),
        ("appeals/<uuid:appeal_id>/decide", olga, {}, verdict("overturned"), verdict("upheld"), 200),
        ("me/data", walt, {}, {}, {"x": 1}, 202),
        ("me/erasure", walt, {}, {}, {"gives_up_money": True}, 202),
        ("me/erasure/undo", walt, {}, {}, {"x": 1}, 200),
    ]
    return [(route, who, filled(route, ids | at), body, other, status) for route, who, at, body, other, status in calls]


def filled(route: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        route = route.replace(f"<uuid:{name}>", value)
    return route


def preference(mail: str) -> dict[str, Any]:
    return {"preferences": [{"kind": "answered", "mail": mail}]}


def verdict(which: str) -> dict[str, str]:
    return {"verdict": which, "reason": "The text names no colour at all, so the answer is right after all."}


@pytest.mark.usefixtures("committed_db")
def test_fifty_repeats_have_one_effect(now, monkeypatch):
    rita, wanda, olga = builders.requester("rita", now=now), builders.worker("wanda", now=now), builders.operator("olga", now=now)
    walt = builders.worker("walt", now=now)
    ids = build(rita, wanda, olga)
    talk = [Appeal, Clarification, DataCopy, Erasure, Message, Notification, Thread]
    monkeypatch.setattr(repeats, "COUNTED", [*repeats.COUNTED, *talk])
    monkeypatch.setattr(repeats, "EFFECTS", repeats.EFFECTS | EFFECTS)
    calls = commands(rita, wanda, olga, walt, ids)
    assert {call[0] for call in calls} == repeats.TALKING
    for call in calls:
        repeats.check(call)
