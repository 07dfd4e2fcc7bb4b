"""What is a fair price? Pure integer arithmetic, one rounding."""

from payments.money import rounded_down, rounded_up

SECONDS_PER_HOUR = 3600


def least_price_micros(floor_hourly_micros: int, seconds: int) -> int:
    """The least one answer may pay so that an hour of work like it brings the floor: ⌈floor × seconds ∕ 3600⌉ micros."""
    return rounded_up(floor_hourly_micros * seconds, SECONDS_PER_HOUR)


def hourly_micros(earned_micros: int, seconds: int) -> int | None:
    """What an hour of such work brings, in micros, rounded down; None before any time was worked."""
    return rounded_down(earned_micros * SECONDS_PER_HOUR, seconds) if seconds > 0 else None
