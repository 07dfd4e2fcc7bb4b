"""How sure are we of someone's accuracy? Beta posteriors and their bounds. Pure."""

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
