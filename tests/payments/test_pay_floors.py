"""Which floor applies where and when."""

from datetime import date

import pytest

from foundation.errors import Forbidden
from foundation.models import AuditEntry
from payments import pay_floors
from payments.errors import NoPayFloor, PayFloorExists
from payments.models import PayFloor


def enter(olga, micros, *, country="", currency="USD", since=date(2026, 1, 1)):
    return pay_floors.set_floor(
        olga.actor,
        country=country,
        currency=currency,
        hourly_micros=micros,
        effective_from=since,
        source="https://example.org/law",
        now=olga.now,
    )


def applying(*countries, currency="USD", on=date(2026, 3, 2)):
    return pay_floors.applying(countries=countries, currency=currency, on=on).hourly_micros


def test_the_platform_s_own_floor_applies_everywhere(olga):
    enter(olga, 8_000_000)
    assert applying() == 8_000_000


def test_the_highest_of_the_platform_and_the_countries_asked_for_applies(olga):
    enter(olga, 8_000_000)
    enter(olga, 14_000_000, country="DE")
    enter(olga, 3_000_000, country="IN")
    assert [applying("DE"), applying("IN"), applying("IN", "DE")] == [14_000_000, 8_000_000, 14_000_000]


def test_a_new_figure_applies_from_its_day_on_though_it_is_lower(olga):
    enter(olga, 8_000_000)
    enter(olga, 9_000_000, since=date(2026, 3, 2))
    enter(olga, 7_000_000, since=date(2026, 4, 1))
    days = [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 31), date(2026, 4, 1)]
    assert [applying(on=day) for day in days] == [8_000_000, 9_000_000, 9_000_000, 7_000_000]


@pytest.mark.parametrize(
    ("countries", "currency", "on", "missing"),
    [
        ((), "EUR", date(2026, 3, 2), "platform"),
        ((), "USD", date(2025, 12, 31), "platform"),
        (("FR",), "USD", date(2026, 3, 2), "FR"),
        (("DE", "FR"), "USD", date(2026, 3, 2), "FR"),
    ],
)
def test_where_nobody_has_entered_a_floor_nothing_is_guessed(olga, countries, currency, on, missing):
    enter(olga, 8_000_000)
    enter(olga, 14_000_000, country="DE")
    with pytest.raises(NoPayFloor) as refused:
        applying(*countries, currency=currency, on=on)
    assert refused.value.details == {"country": missing, "currency": currency, "on": on.isoformat()}


def test_a_floor_is_entered_once_a_day_and_audited(olga):
    enter(olga, 8_000_000)
    with pytest.raises(PayFloorExists):
        enter(olga, 9_000_000)
    assert PayFloor.objects.get().hourly_micros == 8_000_000
    assert AuditEntry.objects.get(action="pay_floor.set").actor_id == olga.user.id


def test_only_operators_enter_floors(rita, wanda):
    for person in (rita, wanda):
        with pytest.raises(Forbidden):
            enter(person, 8_000_000)
    assert not PayFloor.objects.exists()
