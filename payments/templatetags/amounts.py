"""Money as its reader writes it: micros and a currency in, a localised amount out."""

from decimal import Decimal

from babel.numbers import format_currency
from django import template
from django.utils.translation import get_language, to_locale

from payments.money import MICROS

register = template.Library()


@register.filter
def amount(micros: int | None, currency: str) -> str:
    """An amount with at least the currency's own decimals, and as many as it needs: a task may pay less than a cent. None is a dash."""
    if micros is None:
        return "–"
    exact = Decimal(micros) / MICROS
    text: str = format_currency(
        exact, currency, locale=to_locale(get_language() or "en"), decimal_quantization=exact == round(exact, 2)
    )
    return text


@register.filter
def rounded_amount(micros: int | None, currency: str) -> str:
    """An amount to the currency's own decimals: for rates and sums that are only measured. None is a dash."""
    if micros is None:
        return "–"
    text: str = format_currency(Decimal(micros) / MICROS, currency, locale=to_locale(get_language() or "en"))
    return text
