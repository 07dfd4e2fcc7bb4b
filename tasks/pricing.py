"""What a batch costs. Pure integer arithmetic in micros; every rounding is upward."""

from math import isqrt

RESERVE_PERCENT = 125  # room for answers that are collected again (reference: fair-work.md A.2 rule 13)


def gold_places(ordinary_places: int, *, gold_percent: int, gold_first: int, overlap: int) -> int:
    """How many gold answers a batch pays for at most, beside its ordinary ones.

    With one gold task in every L = max(2, ⌊100 ∕ gold_percent⌋), a worker meets one per L − 1 ordinary ones, and `gold_first`
    more at the start. Nobody knows how many workers will come; at least `overlap` must, and one per 20 ordinary places is allowed
    for.
    """
    steady = -(-ordinary_places // (max(2, 100 // gold_percent) - 1)) if gold_percent else 0
    newcomers = max(overlap, -(-ordinary_places // 20)) if gold_first else 0
    return steady + gold_first * newcomers


def fee_micros(price_micros: int, percent: int) -> int:
    """The platform's fee for one answer, on top of its price."""
    return -(-price_micros * percent // 100)


def reserve_micros(places: int, *, price_micros: int, fee_micros: int) -> int:
    """What is set aside when a batch is published: ⌈places × (price + fee) × 1.25⌉."""
    return -(-places * (price_micros + fee_micros) * RESERVE_PERCENT // 100)


def lease_seconds(estimate_seconds: int) -> int:
    """How long a worker may hold a task, from what it is said to take: 2 + X + 2√X minutes, X in minutes (Prolific's formula)."""
    return 120 + estimate_seconds + 2 * isqrt(estimate_seconds * 60)


def seconds_to_pay_for(typical_seconds: int, three_quarters_seconds: int) -> int:
    """The time per answer that a pilot suggests to price by: ⌈1.2 × the typical time⌉, or that of three of four workers if it is longer.

    1.2 is the divisor of the UK's fair piece rate, by which who is a fifth slower than the typical worker still reaches the floor
    (reference: fair-work.md A.2 rules 8 and 9).
    """
    return max(-(-typical_seconds * 12 // 10), three_quarters_seconds)
