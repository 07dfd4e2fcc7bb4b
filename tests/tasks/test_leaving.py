"""One's own data: the copy, who may have it, and being forgotten without a trace of who one was."""

import csv
import io
import json
import zipfile
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client

from config.jobs import broken_invariants
from foundation.errors import NotFound
from foundation.ids import new_id
from foundation.liveness import LOST_AFTER
from foundation.models import AuditEntry, IdempotentRequest
from qualification.quality import LOT
from tasks import asking, job_list, leaving, personal_data, reviewing
from tasks.models import Answer, Assignment
from tests import builders
from tests.tasks import scenes
from workforce import erasure, mailing, notifying, onboarding, tokens
from workforce.access import actor_of_token
from workforce.errors import AlreadyLeaving, MoneyLeft, StillOwner, WorkInHand
from workforce.models import DataCopy, Erasure, Message, Notification, Thread, Worker

pytestmark = pytest.mark.django_db
NAME, STREET = "Wanda Wonderlich", "Nebelgasse 17"
SECRETS = [
    NAME,
    STREET,
    "wandasalias",
    "wanda@example.org",
    "my telephone is 555-0199",
    "token of my laptop",
    "too blurry, says I",
]


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def batch(rita, olga):
    return scenes.opened(rita, olga, tasks=6)


@pytest.fixture
def life(wanda, rita, batch, now):
    """wanda has done about everything here, and said who she is everywhere."""
    onboarding.update_profile(wanda.worker.id, now=now, display_name="wandasalias")
    wanda.post("me/identity", {"legal_name": NAME, "address": STREET, "birth_date": "1990-01-02"}, key="identity")
    EmailAddress.objects.get_or_create(user=wanda.user, email="wanda@example.org", defaults={"verified": True, "primary": True})
    tokens.issue(wanda.user, name="token of my laptop", now=now)
    accepted, rejected = scenes.answered(wanda, batch, count=2)
    reviewing.accept(rita.actor, accepted.id, now=now)
    reviewing.reject(rita.actor, rejected.id, reason="low_effort", comment=scenes.COMMENT, evidence={"text": "t"}, now=now)
    asking.about_batch(wanda.actor, batch.id, text="Hello, my telephone is 555-0199", now=now)
    lease = wanda.post(f"batches/{batch.id}/claim").json()["assignments"][0]
    draft = {"token": lease["token"], "result": scenes.result("a"), "base_revision": 0}
    assert wanda.post(f"assignments/{lease['id']}/draft", draft).status_code == 200
    body = {"token": lease["token"], "reason": "other", "comment": "too blurry, says I"}
    assert wanda.post(f"assignments/{lease['id']}/return", body).status_code == 200
    return wanda


def found_in_the_database(needles):
    """Which of them stand anywhere in any row of any table."""
    hits = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            for needle in needles:
                cursor.execute(f'SELECT count(*) FROM "{table}" AS t WHERE t::text ILIKE %s', [f"%{needle}%"])
                if cursor.fetchone()[0]:
                    hits.append((table, needle))
    return hits


def copy(person, now):
    row = erasure.ask_for_copy(person.actor, now=now)
    assert personal_data.make(row.id, now=now)
    return DataCopy.objects.get(id=row.id)


def opened(person, row, now):
    with personal_data.hand_over(person.actor, row.id, now=now) as whole:
        return zipfile.ZipFile(io.BytesIO(whole.read()))


# ---- the copy ----


def test_a_copy_holds_everything_and_the_identity_only_as_it_is_handed_over(life, now):
    row = copy(life, now)
    assert (row.state, row.kept_until, row.parts_done) == ("done", now + timedelta(days=7), row.parts_total)
    archive = opened(life, row, now)
    names = set(archive.namelist())
    assert {"identity.json", "account.json", "assignments.csv", "time.json", "transfers.json", "decisions.json"} <= names
    assert {"conversations.json", "tokens.json", "skills.json", "quality.json", "reviews.json", "agreements.csv"} <= names
    assert json.loads(archive.read("identity.json"))["legal_name"] == NAME
    assert json.loads(archive.read("account.json"))[0]["email"] == "wanda@example.org"
    assert len(json.loads(archive.read("assignments.json"))) == 3
    rows = list(csv.DictReader(io.StringIO(archive.read("assignments.csv").decode())))
    assert [one["state"] for one in rows] == ["accepted", "rejected", "returned"]
    assert "555-0199" in archive.read("conversations.json").decode()
    assert json.loads(archive.read("transfers.json"))[0]["direction"] == "in"
    with default_storage.open(row.stored_as) as kept:
        kept_names = zipfile.ZipFile(io.BytesIO(kept.read())).namelist()
    assert "identity.json" not in kept_names
    assert Notification.objects.get(user=life.user, kind="my_data").data["what"] == "ready"


def test_a_copy_does_not_tell_which_tasks_are_gold(wanda, rita, olga, now):
    batch = scenes.opened(rita, olga, tasks=LOT + 1, gold=LOT, gold_percent=50, gold_first=LOT)
    scenes.answered(wanda, batch, count=2 * LOT)
    scenes.weighed(now + timedelta(hours=1))
    assert json.loads(opened(wanda, copy(wanda, now), now).read("observations.json")) == []  # until midnight, nothing
    tomorrow = now + timedelta(days=1)
    archive = opened(wanda, copy(wanda, tomorrow), tomorrow)
    text = b"".join(archive.read(name) for name in archive.namelist()).decode()
    observations = json.loads(archive.read("observations.json"))
    assert len(observations) == LOT
    assert all(set(one) == {"scope", "score", "weight", "counts", "until_day"} for one in observations)
    assert "gold" not in text.replace("check questions", "")
    assert not [one for one in ("g0", "g1", "g2") if f'"{one}"' in text]


def test_a_copy_is_made_once_and_not_without_end(wanda, now):
    first = erasure.ask_for_copy(wanda.actor, now=now)
    assert erasure.ask_for_copy(wanda.actor, now=now).id == first.id
    assert personal_data.make(first.id, now=now)
    assert not personal_data.make(first.id, now=now)
    made = {copy(wanda, now + timedelta(minutes=n)).id for n in range(1, erasure.COPIES_PER_DAY)}
    assert erasure.ask_for_copy(wanda.actor, now=now + timedelta(hours=1)).id in made
    assert DataCopy.objects.count() == erasure.COPIES_PER_DAY


def files():
    try:
        return sorted(default_storage.listdir("copies")[1])
    except FileNotFoundError:
        return []


def test_a_lost_copy_is_taken_over_within_minutes_and_a_failed_one_is_told(wanda, now, monkeypatch):
    row = erasure.ask_for_copy(wanda.actor, now=now)
    assert erasure.begin_copy(row.id, now=now) is not None
    assert not personal_data.make(row.id, now=now + LOST_AFTER)
    monkeypatch.setattr(personal_data, "_write", lambda *args: 1 / 0)
    assert not personal_data.make(row.id, now=now + LOST_AFTER + timedelta(seconds=1))
    row.refresh_from_db()
    assert row.state == "failed"
    assert files() == []
    assert Notification.objects.get(user=wanda.user).data["what"] == "failed"


def test_a_copy_whose_job_died_is_queued_again_and_given_up_in_the_end(wanda, now):
    row = erasure.ask_for_copy(wanda.actor, now=now)
    assert erasure.requeue_lost_copies(now=now + timedelta(minutes=2)) == 0
    at = now + timedelta(minutes=2, seconds=1)
    assert erasure.requeue_lost_copies(now=at) == 1
    assert erasure.requeue_lost_copies(now=at + timedelta(minutes=9)) == 0, (
        "a queue that is merely long is not filled with doubles"
    )
    for _ in range(erasure.ATTEMPTS_MAX):
        assert erasure.begin_copy(row.id, now=at) is not None
        assert erasure.requeue_lost_copies(now=at + LOST_AFTER) == 0
        at += timedelta(minutes=11)
        assert erasure.requeue_lost_copies(now=at) == 1
    assert not personal_data.make(row.id, now=at)
    row.refresh_from_db()
    assert row.state == "failed"


def test_a_process_that_was_lost_and_comes_back_leaves_no_second_file(wanda, now, monkeypatch):
    row = erasure.ask_for_copy(wanda.actor, now=now)
    write, later = personal_data._write, now + LOST_AFTER * 2

    def is_overtaken(*args):
        monkeypatch.setattr(personal_data, "_write", write)
        assert personal_data.make(row.id, now=later)
        write(*args)

    monkeypatch.setattr(personal_data, "_write", is_overtaken)
    assert not personal_data.make(row.id, now=now)
    row.refresh_from_db()
    assert (row.state, row.attempts, files()) == ("done", 2, [f"{row.id}-2.zip"])


def test_what_no_copy_points_to_is_deleted_and_what_is_being_made_is_not(wanda, now):
    kept = copy(wanda, now)
    made = erasure.ask_for_copy(wanda.actor, now=now)
    erasure.begin_copy(made.id, now=now)
    for name in (
        f"{kept.id}_x7Gh2.zip",
        f"{kept.id}.zip",
        f"{new_id()}-1.zip",
        f"{made.id}-1.zip",
        f"{made.id}-2.zip",
        "notes.txt",
    ):
        default_storage.save(f"copies/{name}", ContentFile(b"x"))
    assert personal_data.discard(now=now) == 0
    assert files() == sorted([f"{kept.id}-1.zip", f"{made.id}-1.zip", "notes.txt"])


def test_erasure_waits_for_a_copy_that_is_being_made(wanda, now):
    leaving.ask(wanda.actor, gives_up_money=False, now=now)
    due = now + erasure.WAIT
    row = erasure.ask_for_copy(wanda.actor, now=due)
    assert erasure.begin_copy(row.id, now=due) is not None
    default_storage.save(f"copies/{row.id}-1.zip", ContentFile(b"half"))
    assert leaving.erase_due(now=due + LOST_AFTER) == 0
    erasure.note_progress(row := DataCopy.objects.get(id=row.id), now=due + LOST_AFTER)
    assert leaving.erase_due(now=due + LOST_AFTER + timedelta(minutes=1)) == 0, "it has shown signs of life"
    assert files() == [f"{row.id}-1.zip"]
    assert leaving.erase_due(now=due + LOST_AFTER * 3) == 1, "nobody is waited for who is lost"
    assert (files(), DataCopy.objects.count()) == ([], 0)
    assert not erasure.finish_copy(row, stored_as="copies/x", size_bytes=1, now=due + LOST_AFTER * 3)


def test_nobody_gathers_the_data_of_somebody_who_is_erased(wanda, now):
    leaving.ask(wanda.actor, gives_up_money=False, now=now)
    assert leaving.erase_due(now=now + erasure.WAIT) == 1
    row = DataCopy.objects.create(user=wanda.user, requested_at=now)  # asked for in the instant before
    assert not personal_data.make(row.id, now=now + erasure.WAIT)
    assert (files(), DataCopy.objects.count()) == ([], 0)


def test_nobody_else_gets_it_and_nobody_after_its_time(wanda, walt, now):
    row = copy(wanda, now)
    address = personal_data.address_of(row)
    client = Client()
    assert client.get(address).status_code == 302
    client.force_login(walt.user)
    assert client.get(address).status_code == 404
    client.force_login(wanda.user)
    headers = {"Fairhand-Now": now.isoformat()}
    got = client.get(address, headers=headers)
    assert (got.status_code, got["Cache-Control"], got["Content-Type"]) == (200, "private, no-store", "application/zip")
    assert zipfile.ZipFile(io.BytesIO(got.getvalue())).testzip() is None
    assert client.get(f"/my/data/{row.id}/wrong/", headers=headers).status_code == 404
    with pytest.raises(NotFound):
        personal_data.hand_over(walt.actor, row.id, now=now)
    with pytest.raises(NotFound):
        personal_data.hand_over(wanda.actor, row.id, now=now + timedelta(days=7))
    assert personal_data.discard(now=now + timedelta(days=6)) == 0
    assert personal_data.discard(now=now + timedelta(days=7)) == 1
    assert not default_storage.exists(row.stored_as)


# ---- being forgotten ----


def test_it_is_refused_while_money_or_tasks_are_there(wanda, rita, batch, now):
    (lease,) = scenes.claim(wanda, batch)
    with pytest.raises(WorkInHand):
        leaving.ask(wanda.actor, gives_up_money=True, now=now)
    scenes.submit(wanda, lease)
    with pytest.raises(MoneyLeft) as refusal:
        leaving.ask(wanda.actor, gives_up_money=False, now=now)
    assert refusal.value.details["money"] == [{"currency": "USD", "available_micros": 0, "held_micros": scenes.PRICE}]
    with pytest.raises(StillOwner):
        leaving.ask(rita.actor, gives_up_money=False, now=now)
    assert not Erasure.objects.exists()


def test_for_a_week_it_can_be_undone_and_no_work_is_given_out(wanda, batch, now):
    row = leaving.ask(wanda.actor, gives_up_money=False, now=now)
    assert row.due_at == now + timedelta(days=7)
    assert leaving.ask(wanda.actor, gives_up_money=False, now=now + timedelta(days=1)).id == row.id
    refused = wanda.post(f"batches/{batch.id}/claim")
    assert (refused.status_code, refused.json()["details"]["missing"][0]["step"]) == (403, "leaving")
    (job,) = job_list.jobs_for(wanda.worker.id, now=now)
    assert job["missing"][0]["step"] == "leaving"
    assert leaving.erase_due(now=now + timedelta(days=6, hours=23)) == 0
    assert erasure.undo(wanda.actor, now=now).state == "undone"
    assert erasure.undo(wanda.actor, now=now + timedelta(days=1)).ended_at == now
    assert leaving.erase_due(now=now + timedelta(days=8)) == 0
    assert wanda.post(f"batches/{batch.id}/claim").status_code == 200


def test_nothing_to_undo(wanda, now):
    with pytest.raises(AlreadyLeaving):
        erasure.undo(wanda.actor, now=now)


def test_money_that_came_since_puts_it_off_until_it_is_given_up(wanda, rita, batch, now):
    (answer,) = scenes.answered(wanda, batch)
    reviewing.reject(rita.actor, answer.id, reason="low_effort", comment=scenes.COMMENT, evidence={"text": "t"}, now=now)
    row = leaving.ask(wanda.actor, gives_up_money=False, now=now)
    reviewing.accept(rita.actor, answer.id, now=now)
    due = now + timedelta(days=7)
    assert leaving.erase_due(now=due) == 0
    assert leaving.erase_due(now=due + timedelta(hours=1)) == 0
    row.refresh_from_db()
    assert (row.state, row.put_off_because) == ("waiting", "money")
    assert Notification.objects.filter(user=wanda.user, data__what="money").count() == 1
    assert leaving.ask(wanda.actor, gives_up_money=True, now=due).id == row.id
    assert leaving.erase_due(now=due) == 1


def test_erased_nothing_says_who_it_was_and_everything_still_adds_up(life, rita, batch, now):
    client = Client()
    client.force_login(life.user)
    kept = copy(life, now)
    notifying.prefer(life.actor, [{"kind": "answered", "mail": "none"}], now=now)
    assert {needle for _, needle in found_in_the_database(SECRETS)} == set(SECRETS) - {NAME, STREET}  # sealed from the first day
    earned = scenes.money(batch, life)["earnings"]
    leaving.ask(life.actor, gives_up_money=True, now=now)
    assert leaving.erase_due(now=now + timedelta(days=7)) == 1
    assert found_in_the_database(SECRETS) == []
    assert not default_storage.exists(kept.stored_as)
    assert Worker.objects.get(id=life.worker.id).display_name == "Former worker"
    assert actor_of_token(life.token, now=now) is None
    assert client.get("/questions/").status_code == 302
    assert Answer.objects.filter(assignment__worker=life.worker).count() == 2
    assert scenes.money(batch, life)["earnings"] == earned
    assert Message.objects.get().text == ""
    assert not IdempotentRequest.objects.filter(actor_id=str(life.user.id)).exists()
    assert AuditEntry.objects.filter(action="person.erased", subject=f"user:{life.user.id}").count() == 1
    assert broken_invariants() == {}
    assert leaving.erase_due(now=now + timedelta(days=8)) == 0
    assert mailing.send_due(now=now + timedelta(days=8)) == 0
    thread_page = Client()
    thread_page.force_login(rita.user)
    thread = Thread.objects.get()
    assert "Erased with its author." in thread_page.get(f"/questions/{thread.id}/").content.decode()


def test_who_is_no_worker_leaves_too(now):
    pia = builders.person("pia", now=now)
    leaving.ask(pia.actor, gives_up_money=False, now=now)
    assert leaving.erase_due(now=now + timedelta(days=7)) == 1
    assert found_in_the_database(["pia@example.org"]) == []


def test_a_task_taken_at_the_last_moment_puts_it_off(wanda, batch, now):
    leaving.ask(wanda.actor, gives_up_money=True, now=now)
    scenes_lease = Assignment.objects.create(
        task=batch.task_set.first(),
        worker=wanda.worker,
        project_id=batch.project_id,
        batch=batch,
        price_micros=1,
        fee_micros=0,
        currency="USD",
        guideline_id=batch.guideline_id,
        review_seconds=1,
        leased_at=now,
        expires_at=now + timedelta(days=30),
    )
    assert leaving.erase_due(now=now + timedelta(days=7)) == 0
    assert Erasure.objects.get().put_off_because == "leases"
    Assignment.objects.filter(id=scenes_lease.id).update(state="returned", ended_at=now)
    assert leaving.erase_due(now=now + timedelta(days=7)) == 1
