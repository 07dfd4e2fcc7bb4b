"""Amounts as people read them, and the two roundings."""

import pytest

from payments import fairness, money


@pytest.mark.parametrize(
    ("micros", "currency", "words"),
    [
        (0, "USD", "0.00 USD"),
        (1, "USD", "0.000001 USD"),
        (52_000, "USD", "0.052 USD"),
        (50_000, "EUR", "0.05 EUR"),
        (1_500_000, "USD", "1.50 USD"),
        (-1_500_000, "USD", "-1.50 USD"),
        (-1, "USD", "-0.000001 USD"),
        (7_000_000, "JPY", "7 JPY"),
        (7_100_000, "JPY", "7.1 JPY"),
        (7_100_000, "KWD", "7.100 KWD"),
        (2**63 - 1, "USD", "9223372036854.775807 USD"),
    ],
)
def test_an_amount_is_written_exactly(micros, currency, words):
    assert money.text(micros, currency) == words


def test_prices_are_rounded_up_and_rates_down():
    assert (money.rounded_up(10, 3), money.rounded_up(9, 3), money.rounded_up(0, 3)) == (4, 3, 0)
    assert (money.rounded_down(10, 3), money.rounded_down(9, 3)) == (3, 3)


@pytest.mark.parametrize(
    ("floor", "seconds", "price"), [(12_000_000, 30, 100_000), (7_250_000, 1, 2_014), (1, 1, 1), (3_600, 1, 1)]
)
def test_the_least_price_is_rounded_up_so_that_an_hour_never_brings_less_than_the_floor(floor, seconds, price):
    assert fairness.least_price_micros(floor, seconds) == price
    assert price * 3600 >= floor * seconds


def test_an_hourly_rate_is_rounded_down_and_unknown_before_any_work():
    assert fairness.hourly_micros(100_000, 30) == 12_000_000
    assert fairness.hourly_micros(1, 7) == 514
    assert fairness.hourly_micros(100_000, 0) is None
