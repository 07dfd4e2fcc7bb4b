from hypothesis import given
from hypothesis import strategies as st

from tasks import pricing


def test_reserve_is_a_quarter_more_than_price_and_fee_of_all_places():
    assert pricing.reserve_micros(100, price_micros=50_000, fee_micros=10_000) == 7_500_000


def test_reserve_rounds_up():
    assert pricing.reserve_micros(1, price_micros=1, fee_micros=0) == 2


def test_fee_rounds_up_and_comes_on_top():
    assert pricing.fee_micros(50_000, 20) == 10_000
    assert pricing.fee_micros(1, 20) == 1
    assert pricing.fee_micros(50_000, 0) == 0


def test_lease_follows_the_published_formula():
    # 2 + X + 2√X minutes: 5 → 11.47, 10 → 18.32, 60 → 77.49
    assert [pricing.lease_seconds(minutes * 60) // 60 for minutes in (5, 10, 60)] == [11, 18, 77]


def test_gold_places_follow_the_share_that_the_claim_gives():
    # one gold in every ten tasks is one for every nine ordinary ones
    assert pricing.gold_places(900, gold_percent=10, gold_first=0, overlap=3) == 100
    assert pricing.gold_places(1, gold_percent=10, gold_first=0, overlap=1) == 1


def test_first_gold_allows_for_as_many_newcomers_as_the_overlap_needs():
    assert pricing.gold_places(3, gold_percent=0, gold_first=5, overlap=3) == 15
    assert pricing.gold_places(200, gold_percent=0, gold_first=5, overlap=3) == 50


def test_without_a_gold_policy_nothing_is_planned():
    assert pricing.gold_places(1000, gold_percent=0, gold_first=0, overlap=3) == 0


@given(st.integers(0, 10**7), st.integers(1, 10**10), st.integers(0, 10**10))
def test_reserve_always_covers_every_place(places, price, fee):
    assert pricing.reserve_micros(places, price_micros=price, fee_micros=fee) >= places * (price + fee)


@given(st.integers(1, 10**6), st.integers(0, 50), st.integers(0, 50), st.integers(1, 100))
def test_gold_places_grow_with_the_ordinary_ones(ordinary, percent, first, overlap):
    fewer = pricing.gold_places(ordinary, gold_percent=percent, gold_first=first, overlap=overlap)
    more = pricing.gold_places(ordinary + 1, gold_percent=percent, gold_first=first, overlap=overlap)
    assert 0 <= fewer <= more
