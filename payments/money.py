"""Amounts of money. Pure: an amount is an integer number of micros, millionths of a currency unit; every rounding is named here.

Inside the house nothing is ever rounded but a price, a fee or a floor, and those upward, in the worker's favour. What leaves the
house is rounded down to what the rail can carry, and the rest stays the worker's.
"""

MICROS = 1_000_000  # in one currency unit

# Digits after the point, where they are not two (ISO 4217).
DIGITS = {
    **dict.fromkeys(
        ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"], 0
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}


def rounded_up(numerator: int, denominator: int) -> int:
    """⌈numerator ∕ denominator⌉: prices, fees and floors."""
    return -(-numerator // denominator)


def rounded_down(numerator: int, denominator: int) -> int:
    """⌊numerator ∕ denominator⌋: hourly rates as they are shown, and what is paid out."""
    return numerator // denominator


def text(amount_micros: int, currency: str) -> str:
    """The amount as people read it, exact: as many digits as the currency has, and more where there is more (`0.052 USD`)."""
    units, micros = divmod(abs(amount_micros), MICROS)
    digits = f"{micros:06d}".rstrip("0").ljust(DIGITS.get(currency, 2), "0")
    return f"{'-' if amount_micros < 0 else ''}{units}{'.' if digits else ''}{digits} {currency}"
