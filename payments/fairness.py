"""What is a fair price? Pure integer arithmetic, one rounding, upward."""

SECONDS_PER_HOUR = 3600


def least_price_micros(floor_hourly_micros: int, seconds: int) -> int:
    """The least one answer may pay so that an hour of work like it brings the floor: ⌈floor × seconds ∕ 3600⌉ micros."""
    return -(-floor_hourly_micros * seconds // SECONDS_PER_HOUR)


def hourly_micros(earned_micros: int, seconds: float) -> int | None:
    """What an hour of such work brings, in micros, rounded down; None before any time was worked."""
    return int(earned_micros * SECONDS_PER_HOUR // seconds) if seconds > 0 else None
