from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from foundation.errors import NotFound
from tests import builders
from workforce import threads
from workforce.errors import BadMessage, NotAnOperator, NotAWorker, NothingToClarify, RoleTooLow, ThreadFull, TooManyMessages
from workforce.models import Clarification, Message, Notification, Thread

pytestmark = pytest.mark.django_db
BATCH = "batch:7b0c4b9e-0000-7000-8000-000000000000"


def asked(wanda, rita, *, text="What about **blue**?", now=None, **fields):
    settings = {"kind": "question", "subject": BATCH, "about": "Colours", "within": BATCH} | fields
    return threads.start(wanda.actor, organization_id=rita.organization.id, text=text, now=now or wanda.now, **settings)


def notices(person):
    return list(Notification.objects.filter(user=person.user).order_by("id").values_list("kind", "link"))


def test_a_question_waits_is_answered_and_each_side_is_told(wanda, rita, now):
    thread = asked(wanda, rita)
    assert (thread.state, thread.unread_by_organization, thread.unread_by_worker) == ("open", 1, 0)
    assert notices(rita) == [("question_asked", f"/questions/{thread.id}/")]
    threads.write(rita.actor, thread.id, text="Blue is a colour.", now=now + timedelta(hours=2))
    thread.refresh_from_db()
    assert (thread.state, thread.unread_by_organization, thread.unread_by_worker) == ("answered", 0, 1)
    assert thread.first_answered_at == now + timedelta(hours=2)
    assert notices(wanda) == [("answered", f"/questions/{thread.id}/")]
    assert threads.unread_of(wanda.actor) == 1
    threads.read(wanda.actor, thread.id, now=now)
    thread.refresh_from_db()
    assert (thread.unread_by_worker, threads.unread_of(wanda.actor)) == (0, 0)
    assert Notification.objects.get(user=wanda.user).read_at == now
    assert [(one.side, one.number) for one in threads.messages_of(thread)] == [("worker", 1), ("organization", 2)]


def test_writing_again_opens_it_again_and_the_first_answer_stays_the_first(wanda, rita, now):
    thread = asked(wanda, rita)
    threads.write(rita.actor, thread.id, text="Yes.", now=now + timedelta(hours=1))
    threads.close(wanda.actor, thread.id, now=now + timedelta(hours=1))
    assert threads.close(rita.actor, thread.id, now=now + timedelta(hours=5)).closed_at == now + timedelta(hours=1)
    threads.write(wanda.actor, thread.id, text="And green?", now=now + timedelta(hours=2))
    thread.refresh_from_db()
    assert (thread.state, thread.closed_at) == ("open", None)
    threads.write(rita.actor, thread.id, text="Too.", now=now + timedelta(hours=9))
    thread.refresh_from_db()
    assert thread.first_answered_at == now + timedelta(hours=1)
    assert threads.close(rita.actor, thread.id, now=now).state == "closed"
    assert threads.reopen(wanda.actor, thread.id, now=now).state == "open"


def test_strangers_find_no_conversation(wanda, rita, walt, rex, olga, now):
    thread = asked(wanda, rita)
    for stranger in (walt, rex, olga):
        for act in (threads.close, threads.reopen, threads.read):
            with pytest.raises(NotFound):
                act(stranger.actor, thread.id, now=now)
        with pytest.raises(NotFound):
            threads.write(stranger.actor, thread.id, text="Hello", now=now)
    assert Message.objects.count() == 1


def test_a_viewer_reads_and_does_not_answer(wanda, rita, now):
    vera = builders.person("vera", now=now)
    builders.member(rita, "vera@example.org", "viewer")
    thread = asked(wanda, rita)
    assert threads.read(vera.actor, thread.id, now=now).unread_by_organization == 0
    for refused in (
        lambda: threads.write(vera.actor, thread.id, text="Hm", now=now),
        lambda: threads.close(vera.actor, thread.id, now=now),
        lambda: threads.clarify(vera.actor, thread.id, question="Q", answer="A", now=now),
    ):
        with pytest.raises(RoleTooLow):
            refused()


def test_without_an_organisation_the_operators_are_asked(wanda, rita, olga, now):
    thread = threads.start(
        wanda.actor, kind="question", organization_id=None, subject="decision:x", about="A pause", text="Why?", now=now
    )
    assert notices(olga) == [("question_asked", f"/questions/{thread.id}/")]
    threads.write(olga.actor, thread.id, text="Because.", now=now)
    with pytest.raises(NotFound):
        threads.write(rita.actor, thread.id, text="Me too", now=now)
    assert not Thread.objects.visible_to(rita.actor).exists()
    with pytest.raises(NotAnOperator):
        threads.side_of(rita.actor, thread)


@pytest.mark.parametrize("text", ["", "   \n", "\x00", "x" * (threads.TEXT_MAX_CHARACTERS + 1)])
def test_a_message_says_something_and_not_too_much(wanda, rita, text):
    with pytest.raises(BadMessage):
        asked(wanda, rita, text=text)
    assert not Thread.objects.exists()


def test_only_workers_ask(rita, rex):
    with pytest.raises(NotAWorker):
        asked(rex, rita)


def test_a_person_writes_so_much_an_hour_and_no_more(wanda, rita, now, monkeypatch):
    monkeypatch.setattr(threads, "MESSAGES_PER_HOUR", 3)
    for n in range(3):
        asked(wanda, rita, now=now + timedelta(minutes=n))
    with pytest.raises(TooManyMessages):
        asked(wanda, rita, now=now + timedelta(minutes=10))
    asked(wanda, rita, now=now + timedelta(minutes=60, seconds=1))
    assert Thread.objects.count() == 4


def test_a_conversation_has_an_end(wanda, rita, now, monkeypatch):
    monkeypatch.setattr(threads, "MESSAGES_PER_THREAD", 2)
    thread = asked(wanda, rita)
    threads.write(rita.actor, thread.id, text="One", now=now)
    with pytest.raises(ThreadFull):
        threads.write(rita.actor, thread.id, text="Two", now=now)


def test_a_task_is_flagged_once_by_each(wanda, walt, rita):
    fields = {"kind": "flag", "subject": "task:1", "reason": "offensive", "text": ""}
    first = asked(wanda, rita, **fields)
    assert asked(wanda, rita, **fields | {"reason": "other"}).id == first.id
    other = asked(walt, rita, **fields)
    assert other.id != first.id
    assert (other.unread_by_organization, other.messages_count) == (1, 0)
    assert len(notices(rita)) == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        Thread.objects.filter(id=other.id).update(reason="")


def test_messages_are_written_once(wanda, rita, now):
    message = threads.messages_of(asked(wanda, rita))[0]
    for change in ({"text": "other"}, {"author": rita.user}, {"text": "", "erased_at": now, "side": "organization"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Message.objects.filter(id=message.id).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.filter(id=message.id).delete()
    Message.objects.filter(id=message.id).update(text="", erased_at=now)
    with pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.filter(id=message.id).update(text="back", erased_at=None)


def test_an_answer_is_published_for_everybody_and_withdrawn(wanda, rita, walt, rex, now):
    thread = asked(wanda, rita, text="My name is Wanda and I wonder about blue")
    with pytest.raises(NothingToClarify):
        threads.clarify(rita.actor, thread.id, question="Blue?", answer="A colour.", now=now)
    threads.write(rita.actor, thread.id, text="Blue is a colour.", now=now)
    row = threads.clarify(rita.actor, thread.id, question="Is blue a colour?", answer="It is.", now=now)
    assert threads.clarify(rita.actor, thread.id, question="Is blue a colour?", answer="It is.", now=now).id == row.id
    assert [one.question for one in threads.clarifications_of([BATCH])] == ["Is blue a colour?"]
    newer = threads.clarify(rita.actor, thread.id, question="Is blue a colour?", answer="It is, and green.", now=now)
    assert [one.id for one in threads.clarifications_of([BATCH])] == [newer.id]
    for stranger in (wanda, walt, rex):
        with pytest.raises(NotFound):
            threads.clarify(stranger.actor, thread.id, question="Q", answer="A", now=now)
        with pytest.raises(NotFound):
            threads.withdraw_clarification(stranger.actor, newer.id, now=now)
    threads.withdraw_clarification(rita.actor, newer.id, now=now)
    again = threads.withdraw_clarification(rita.actor, newer.id, now=now + timedelta(days=1))
    assert again.withdrawn_at == now
    assert threads.clarifications_of([BATCH]) == []
    assert Clarification.objects.count() == 2


def test_how_long_a_requester_takes_to_answer(wanda, rita, rex, now):
    for hours in (1, 3, 20):
        thread = asked(wanda, rita)
        threads.write(rita.actor, thread.id, text="Yes.", now=now + timedelta(hours=hours))
    asked(wanda, rita)
    asked(wanda, rex)
    assert threads.answer_hours([rita.organization.id, rex.organization.id]) == {rita.organization.id: 3.0}
    assert threads.counts_within(BATCH) == {"questions": 5, "questions_waiting": 2, "flags": 0, "flags_waiting": 0}
