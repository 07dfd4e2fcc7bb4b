"""How sure are we of someone's accuracy? Beta posteriors and their bounds. Pure."""

from collections.abc import Callable

PRIOR_ALPHA = PRIOR_BETA = 1.0  # the uniform prior: before any evidence every accuracy is as likely


def bounds(alpha: float, beta: float, *, level: float = 0.95) -> tuple[float, float]:
    """The one-sided lower and upper bounds of a Beta(alpha, beta): each holds with probability `level`.

    P(p > lower) = P(p < upper) = level. Quantiles by the inverse regularised incomplete beta function (scipy.special.betaincinv).
    """
    from scipy.special import betaincinv  # 30 MB that only processes which decide about people need

    return float(betaincinv(alpha, beta, 1 - level)), float(betaincinv(alpha, beta, level))


def mean(alpha: float, beta: float) -> float:
    """The expected accuracy."""
    return alpha / (alpha + beta)


def rights_until(alpha: float, beta: float, *, bar: float, level: float = 0.95, most: int = 1000) -> int | None:
    """How many right answers in a row lift the upper bound to `bar`; 0 when it is there, None when not within `most`."""
    return _first(lambda n: bounds(alpha + n, beta, level=level)[1] >= bar, most)


def wrongs_until(alpha: float, beta: float, *, bar: float, level: float = 0.95, most: int = 1000) -> int | None:
    """How many wrong answers in a row bring the upper bound under `bar`; 0 when it is, None when not within `most`."""
    return _first(lambda n: bounds(alpha, beta + n, level=level)[1] < bar, most)


def corrections_until(alpha: float, beta: float, *, bar: float, level: float = 0.95) -> int | None:
    """How many of the answers seen would have had to be right instead of wrong for the upper bound to be at `bar`; None if not all."""
    wrong = int(beta - PRIOR_BETA)
    return _first(lambda n: bounds(alpha + n, beta - n, level=level)[1] >= bar, wrong)


def _first(holds: Callable[[int], bool], most: int) -> int | None:
    """The least n up to `most` for which it holds, where it holds for every n above one for which it does."""
    if most < 0 or not holds(most):
        return None
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
