"""Money and time over HTTP: what each route answers, to whom it refuses, and that a refusal writes nothing."""

from datetime import date, timedelta

import pytest
from psycopg.types.range import Range

from foundation.ids import new_id
from payments import funding, ledger, pay_floors, timekeeping
from payments.models import PayFloor, Transfer
from tests.ledger import books
from workforce import members

DEPOSIT = {"amount_micros": 5_000_000, "currency": "USD", "reference": "wire 7", "reason": "bank statement"}
FLOOR = {"country": "DE", "currency": "EUR", "hourly_micros": 13_900_000, "effective_from": "2026-01-01", "source": "MiLoG"}


def paid_in(olga, rita, micros=5_000_000):
    funding.deposit(olga.actor, rita.organization.id, **(DEPOSIT | {"amount_micros": micros}), now=olga.now)


def worked(worker, *, seconds=600):
    period = Range(worker.now, worker.now + timedelta(seconds=seconds), "[)")
    reference = new_id()
    timekeeping.record(worker.worker.id, kind="task", reference=reference, periods=[period], now=worker.now, currency="USD")
    return reference


def earned(worker, micros=100):
    escrow = books.opened("escrow", cap=micros)
    books.post(books.funded("funds", micros), escrow, micros)
    return books.earning(escrow, books.opened("earnings", owner_id=worker.worker.id), micros)


# ---- me ----


def test_my_pay_shows_what_i_earned_and_my_hours(wanda):
    held = earned(wanda, 2_000_000)
    ledger.accept_earnings({held.reference: 0}, now=wanda.now)
    worked(wanda, seconds=600)
    answer = wanda.get("me/pay")
    assert answer.status_code == 200
    assert answer.json() == {
        "currencies": [
            {
                "currency": "USD",
                "earned_micros": 2_000_000,
                "held_micros": 0,
                "available_micros": 2_000_000,
                "paid_micros": 0,
                "seconds_total": 600,
                "seconds_today": 600,
                "seconds_this_week": 600,
                "hourly_micros": 12_000_000,
                "hourly_with_unpaid_micros": 12_000_000,
            }
        ],
        "seconds_total": 600,
        "seconds_today": 600,
        "seconds_this_week": 600,
        "seconds_without_pay": 0,
    }


def test_my_transfers_are_mine_alone_newest_first_and_narrowed_by_closed_filters(wanda, walt):
    first, second = earned(wanda), earned(wanda)
    earned(walt)
    rows = wanda.get("me/transfers").json()["results"]
    assert [row["id"] for row in rows] == [str(second.id), str(first.id)]
    assert set(rows[0]) == {"id", "phase", "amount_micros", "currency", "reason", "reference", "hold_id", "created_at"}
    assert [row["id"] for row in wanda.get("me/transfers", reference=first.reference).json()["results"]] == [str(first.id)]
    assert wanda.get("me/transfers", phase="settle").json()["results"] == []
    refused = wanda.get("me/transfers", debit_id=first.debit_id)
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_filter")


def test_a_worker_who_also_posts_work_sees_no_funds_among_their_own_transfers(wanda, olga):

    wanda.organization = members.create_organization(wanda.actor, name="Wanda", kind="requester", now=wanda.now)
    paid_in(olga, wanda)
    mine = earned(wanda)
    assert [row["id"] for row in wanda.get("me/transfers").json()["results"]] == [str(mine.id)]
    assert Transfer.objects.visible_to(wanda.actor).count() == 2


def test_my_time_is_mine_alone(wanda, walt):
    reference = worked(wanda)
    worked(walt)
    (row,) = wanda.get("me/time").json()["results"]
    assert (row["reference"], row["kind"], row["currency"]) == (str(reference), "task", "USD")
    assert (row["started_at"], row["ended_at"]) == ("2026-03-02T09:00:00Z", "2026-03-02T09:10:00Z")
    assert wanda.get("me/time", kind="exam").json()["results"] == []


@pytest.mark.parametrize("path", ["me/pay", "me/transfers", "me/time"])
def test_only_workers_have_pay_and_time(rita, path):
    refused = rita.get(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_a_worker")


@pytest.mark.parametrize("path", ["me/pay", "me/transfers", "me/time", "pay-floors"])
def test_a_stranger_without_a_token_is_refused(client, db, path):
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 401
    assert set(answer.json()) == {"code", "message", "details"}


# ---- an organisation's funds ----


def test_funds_show_what_was_paid_in_reserved_and_is_left(rita, olga):
    paid_in(olga, rita)
    funding.reserve(rita.organization.id, new_id(), amount_micros=2_000_000, unit_cap_micros=1, currency="USD", now=rita.now)
    expected = {
        "currency": "USD",
        "deposited_micros": 5_000_000,
        "withdrawn_micros": 0,
        "reserved_micros": 2_000_000,
        "spent_micros": 0,
        "available_micros": 3_000_000,
    }
    for person in (rita, olga):
        assert person.get(f"organizations/{rita.organization.id}/funds").json() == {"results": [expected]}


def test_a_deposit_answers_with_the_reference_that_was_sent(rita, olga):
    body = olga.post(f"organizations/{rita.organization.id}/deposits", DEPOSIT | {"reference": "NC-1: 7"}).json()
    assert (body["reference"], body["organization_id"]) == ("NC-1: 7", str(rita.organization.id))


def test_another_s_funds_are_not_there(rita, rex, wanda, olga):
    paid_in(olga, rita)
    for person in (rex, wanda):
        assert person.get(f"organizations/{rita.organization.id}/funds").status_code == 404
    assert olga.get(f"organizations/{new_id()}/funds").status_code == 404


def test_an_operator_records_a_deposit_and_the_key_repeats_the_answer(rita, olga):
    path = f"organizations/{rita.organization.id}/deposits"
    first = olga.post(path, DEPOSIT, key="k1")
    assert first.status_code == 201
    assert (first.json()["amount_micros"], first.json()["phase"], first.json()["reason"]) == (5_000_000, "post", "deposit")
    assert olga.post(path, DEPOSIT, key="k1").json() == first.json()
    assert olga.post(path, DEPOSIT).json()["id"] == first.json()["id"]
    other = olga.post(path, DEPOSIT | {"amount_micros": 1}, key="k1")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    other = olga.post(path, DEPOSIT | {"amount_micros": 1})
    assert (other.status_code, other.json()["code"]) == (409, "transfer_key_conflict")
    assert Transfer.objects.count() == 1


def test_nobody_deposits_into_their_own_funds(rita, wanda):
    path = f"organizations/{rita.organization.id}/deposits"
    for person in (rita, wanda):
        refused = person.post(path, DEPOSIT)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_an_operator")
    assert not Transfer.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"amount_micros": 0},
        {"amount_micros": -1},
        {"amount_micros": "ten"},
        {"amount_micros": 1.5},
        {"currency": "usd"},
        {"currency": "DOLLARS"},
        {"currency": ""},
        {"reference": ""},
        {"reference": "x" * 61},
        {"reason": ""},
    ],
)
def test_a_deposit_that_cannot_be_right_is_refused_with_the_field(rita, olga, change):
    refused = olga.post(f"organizations/{rita.organization.id}/deposits", DEPOSIT | change)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    assert list(refused.json()["details"]["fields"]) == list(change)
    assert not Transfer.objects.exists()


def test_a_deposit_for_nobody_is_refused(olga):
    assert olga.post(f"organizations/{new_id()}/deposits", DEPOSIT).status_code == 404
    assert not Transfer.objects.exists()


# ---- pay floors ----


def test_an_operator_enters_a_floor_and_everybody_reads_it(olga, wanda, rita):
    made = olga.post("pay-floors", FLOOR)
    assert made.status_code == 201
    assert made.json() | FLOOR == made.json()
    for person in (wanda, rita, olga):
        assert person.get("pay-floors", country="DE").json()["results"] == [made.json()]
    assert wanda.get("pay-floors", country="FR").json()["results"] == []


def test_a_floor_without_a_country_is_the_platform_s_own(olga):
    made = olga.post("pay-floors", {name: value for name, value in FLOOR.items() if name != "country"})
    assert (made.status_code, made.json()["country"]) == (201, "")
    assert pay_floors.applying(countries=[], currency="EUR", on=date(2026, 3, 2)).hourly_micros == 13_900_000


def test_a_floor_entered_twice_is_refused(olga):
    olga.post("pay-floors", FLOOR)
    refused = olga.post("pay-floors", FLOOR | {"hourly_micros": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "pay_floor_exists")
    assert PayFloor.objects.get().hourly_micros == 13_900_000


def test_others_enter_no_floors(rita, wanda):
    for person in (rita, wanda):
        refused = person.post("pay-floors", FLOOR)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_an_operator")
    assert not PayFloor.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"country": "Germany"},
        {"country": "de"},
        {"currency": "EURO"},
        {"hourly_micros": 0},
        {"effective_from": "soon"},
        {"source": ""},
        {"source": "x" * 301},
    ],
)
def test_a_floor_that_cannot_be_right_is_refused_with_the_field(olga, change):
    refused = olga.post("pay-floors", FLOOR | change)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    assert list(refused.json()["details"]["fields"]) == list(change)
    assert not PayFloor.objects.exists()


@pytest.mark.parametrize("path", ["me/pay", "me/transfers", "me/time"])
def test_what_is_read_is_not_written(wanda, path):
    assert wanda.post(path, {}).status_code == 405


# ---- the admin ----


def test_staff_look_at_money_and_change_nothing(olga, wanda, client):
    from django.contrib.auth import get_user_model

    held = earned(wanda)
    worked(wanda)
    pay_floors.set_floor(
        olga.actor, country="", currency="USD", hourly_micros=8_000_000, effective_from=date(2026, 1, 1), source="x", now=olga.now
    )
    get_user_model().objects.filter(id=olga.user.id).update(is_superuser=True)
    client.force_login(get_user_model().objects.get(id=olga.user.id))
    for name in ("account", "transfer", "workinterval", "payfloor"):
        page = client.get(f"/admin/payments/{name}/", secure=True)
        assert page.status_code == 200, name
        assert client.get(f"/admin/payments/{name}/add/", secure=True).status_code == 403
    assert client.get(f"/admin/payments/transfer/{held.id}/change/", secure=True).status_code == 200
    for act in ("change", "delete"):
        assert client.post(f"/admin/payments/transfer/{held.id}/{act}/", {"amount_micros": 1}, secure=True).status_code == 403
    assert Transfer.objects.get(id=held.id).amount_micros == 100


@pytest.mark.parametrize("number", [10**19, 10**20])
def test_a_number_that_could_not_be_given_back_is_refused_at_the_gate(rita, olga, number):
    for refused in (
        olga.post(f"organizations/{rita.organization.id}/deposits", DEPOSIT | {"amount_micros": number}),
        olga.post("pay-floors", FLOOR | {"hourly_micros": number}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_value")
    assert not PayFloor.objects.exists()
