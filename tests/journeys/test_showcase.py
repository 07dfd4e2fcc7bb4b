"""The demo's showcase, lived against a running web server: every type of task, people in every state, money that adds up, twice."""

import pytest
from django.db import connection

from config.jobs import broken_invariants
from config.management.commands.demo import let_in, operator_token
from config.processes import WebServer
from simulation import showcase
from simulation.client import Client
from tasks.jobs import weigh_gold
from tests.journeys.small_showcase import few
from workforce.models import User

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def server(committed_db, monkeypatch):
    monkeypatch.setenv("FAIRHAND_DATABASE", connection.settings_dict["NAME"])
    monkeypatch.setenv("FAIRHAND_DEBUG", "1")
    monkeypatch.setenv("FAIRHAND_SIMULATION", "1")
    with WebServer(workers=1, threads=6) as running:
        yield running


def signed_in(address: str, account: showcase.Account) -> Client:
    client = Client(address)
    body = {"email": account.email, "password": account.password, "name": "a test"}
    client.token = client.post("tokens", body)["token"]
    return client


def test_the_showcase_leaves_something_to_see_in_every_state_and_can_be_lived_again(server):
    shown = showcase.live(server.address, operator_token(), tell=lambda line: None, postings=few())
    mira, nils, rita = (signed_in(server.address, account) for account in shown.accounts[:3])
    assert shown.types == 17

    states = {row["state"] for row in mira.every("assignments")}
    assert states >= {"leased", "submitted", "accepted", "rejected"}
    [held] = [row for row in mira.every("assignments") if row["state"] == "leased"]
    assert held["id"]
    [pay] = mira.get("me/pay")["currencies"]
    assert pay["held_micros"] > 0
    assert pay["earned_micros"] > 0
    assert pay["hourly_micros"] > 10_000_000
    days = {row["began_at"][:10] if "began_at" in row else str(row)[:10] for row in mira.every("me/time")}
    assert len(days) > 2 or len(mira.every("me/time")) > 10
    weigh_gold()  # the cluster's job
    assert mira.get("me/quality")["results"]
    assert [appeal["state"] for appeal in mira.every("appeals")] == ["open"]
    assert {(thread["kind"], thread["state"]) for thread in mira.every("threads")} >= {
        ("question", "answered"),
        ("question", "open"),
    }
    assert any(notice["read_at"] is None for notice in mira.every("notifications"))
    jobs = mira.get("jobs")["results"]
    assert len(jobs) == 17
    assert any(job["sensitive"] for job in jobs)
    assert all(job["eligible"] for job in jobs)

    [platform] = nils.get("me/onboarding")["lists"]
    assert platform["done"] < platform["total"]
    assert not any(job["eligible"] for job in nils.get("jobs")["results"])
    assert [appeal["state"] for appeal in rita.every("appeals", state="overturned")] == ["overturned"]
    assert broken_invariants() == {}

    again = showcase.live(server.address, operator_token(), tell=lambda line: None, postings=few()[:4])
    assert not {one.email for one in again.accounts} & {one.email for one in shown.accounts}
    listed = [job["batch_id"] for job in mira.get("jobs")["results"]]
    before = [job["batch_id"] for job in jobs]
    still = [batch_id for batch_id in before if batch_id in listed]
    assert len(still) == 17 - 4 + 1, "the first four of the run before are closed; a task in hand keeps its batch in the list"
    assert held["batch_id"] in still
    assert len(listed) == 4 + len(still)
    assert broken_invariants() == {}


def test_the_operator_is_let_in_with_a_new_password_every_time(db):
    operator_token()
    first, second = let_in(), let_in()
    assert first.password != second.password
    operator = User.objects.get(email=second.email)
    assert operator.check_password(second.password)
    assert operator.is_staff
    assert operator.is_superuser
