"""Three of every command at the same moment, without a key: each is answered, none by a fault of ours.

Nobody adds a row before the others have looked, so that whatever looks and then inserts meets its twin, and not only by chance.
"""

import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from tests import builders
from tests.builders import PASSWORD, Person
from tests.journeys import test_idempotency as repeats
from tests.journeys import test_repeats_of_talking as talking
from tests.journeys.world import build, ok
from tests.races.crowd import all_at_once
from workforce import erasure, onboarding
from workforce.models import Agreement, Erasure, Identity, NoticePreference, User

pytestmark = pytest.mark.usefixtures("committed_db")
TWINS = 3
PATIENCE_SECONDS = 0.4  # for a twin that waits for a lock; it bounds the test and is asserted nowhere


class Meeting:
    """Twins meet before each row they add, until one of them is through or waits for another's lock."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(TWINS, timeout=PATIENCE_SECONDS)

    def __call__(self, execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("INSERT"):
            with suppress(threading.BrokenBarrierError):
                self.barrier.wait()
        return execute(sql, *rest)


def at_once(send: Any) -> list[Any]:
    """What each of the twins was answered: a status, or the fault that nothing answered for."""
    meeting, answers = Meeting(), []

    def run(_: int) -> None:
        with connection.execute_wrapper(meeting):
            try:
                answers.append(send())
            except Exception as error:
                answers.append(repr(error))
            finally:
                meeting.barrier.abort()

    all_at_once(run, TWINS)
    return answers


def post(person: Person, path: str, body: Any) -> int:
    at = person.now + timedelta(seconds=90)
    if not isinstance(body, bytes):
        return int(person.post(path, body, at=at).status_code)
    headers = person._headers(at)
    return int(
        Client().generic("POST", f"/api/v1/{path}", body, content_type="application/x-ndjson", headers=headers).status_code
    )


def faults(calls: list[repeats.Call]) -> list[Any]:
    """The commands that were answered by a fault to one of the twins, or to none of them as they are to a single one."""
    found = []
    for route, person, path, body, _, status in calls:
        answers = at_once(lambda person=person, path=path, body=body: post(person, path, body))
        if status not in answers or any(not isinstance(answer, int) or answer >= 500 for answer in answers):
            found.append((route, answers))
    return found


def people(now: Any) -> tuple[Person, Person, Person, Person]:
    return (
        builders.requester("rita", now=now),
        builders.worker("wanda", now=now),
        builders.operator("olga", now=now),
        builders.worker("walt", now=now),
    )


def test_every_command_at_once(now):
    rita, wanda, olga, walt = people(now)
    ids = build(rita, wanda, olga)
    for worker in (wanda, walt):
        ok(worker.post(f"agreements/{ids['agreement_id']}/accept"))
    ok(rita.post(f"skills/{ids['skill_id']}/grants", {"worker": builders.known(walt, rita), "value": 80}), 201)
    firsts: list[repeats.Call] = [
        ("exams/<uuid:exam_id>/attempts", walt, f"exams/{ids['exam_id']}/attempts", {}, None, 201),
        ("batches/<uuid:batch_id>/claim", walt, f"batches/{ids['batch_id']}/claim", {}, None, 200),
        ("me/identity", walt, "me/identity", {"legal_name": "W"}, None, 200),
    ]
    assert faults(firsts + repeats.commands(rita, wanda, olga, ids)) == []
    assert Identity.objects.get(worker=walt.worker).legal_name == "W"
    assert Agreement.objects.filter(slug="a").count() == 1, "nobody is asked three times for the same"


def test_every_command_of_talking_and_leaving_at_once(now):
    rita, wanda, olga, walt = people(now)
    assert faults(talking.commands(rita, wanda, olga, walt, build(rita, wanda, olga))) == []
    assert Erasure.objects.filter(user=walt.user).count() == 1


def test_twins_that_look_and_then_insert_are_found(now):
    """The control."""
    wanda = builders.worker("wanda", now=now)

    def careless() -> int:
        with transaction.atomic():
            if not NoticePreference.objects.filter(user=wanda.user, kind="answered").exists():
                NoticePreference.objects.create(user=wanda.user, kind="answered", on_site=True, mail="none", updated_at=now)
        return 200

    answers = at_once(careless)
    assert sum(IntegrityError.__name__ in str(answer) for answer in answers) == TWINS - 1, answers


def test_another_text_is_another_version(now):
    olga, texts = builders.operator("olga", now=now), iter("123")
    assert at_once(lambda: post(olga, "agreements", {"slug": "a", "title": "A", "text": next(texts)})) == [201] * TWINS
    assert sorted(Agreement.objects.values_list("version", flat=True)) == [1, 2, 3]


def test_giving_up_money_counts_whoever_of_the_twins_says_it(now):
    walt, says = builders.worker("walt", now=now), iter([True, False, False])
    assert at_once(lambda: post(walt, "me/erasure", {"gives_up_money": next(says)})) == [202] * TWINS
    assert Erasure.objects.get().gives_up_money


def test_no_identity_outlives_its_person(now):
    walt = builders.worker("walt", now=now)
    Erasure.objects.create(
        user=walt.user, gives_up_money=False, requested_at=now - erasure.WAIT, due_at=now, state="done", ended_at=now
    )
    with pytest.raises(onboarding.NotFound):
        onboarding.update_identity(walt.worker.id, legal_name="W", now=now)
    assert not Identity.objects.exists()


def test_the_sign_up_form_sent_twice_at_once_is_one_account():
    form = {"display_name": "Nia", "email": "nia@example.org", "password1": PASSWORD, "purpose": "work"}
    answers = at_once(lambda: Client().post("/account/signup/", form).status_code)
    assert set(answers) <= {302, 429}, answers  # 429: the address was mailed to just now, as one who comes a moment later is told
    assert 302 in answers
    assert User.objects.filter(email="nia@example.org").count() == 1
