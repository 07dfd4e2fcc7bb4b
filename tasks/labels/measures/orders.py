"""How far apart two orders of the same things are, and which order is nearest to many."""

from collections.abc import Sequence
from itertools import combinations, permutations

EXACT_MAX = 8  # things: their orders are tried out one by one, 40,320 at the most


def kendall_distance(a: Sequence[str], b: Sequence[str]) -> float:
    """The share of pairs of things that stand the other way round: (1 − Kendall's tau) / 2 (Kendall 1938). Both hold the same things."""
    place = {name: index for index, name in enumerate(b)}
    pairs = len(a) * (len(a) - 1) // 2
    return sum(place[one] > place[other] for one, other in combinations(a, 2)) / pairs if pairs else 0.0


def kendall_tau(a: Sequence[str], b: Sequence[str]) -> float:
    """Kendall's tau: 1 for the same order, −1 for the reverse."""
    return 1.0 - 2.0 * kendall_distance(a, b)


def borda(orders: Sequence[Sequence[str]]) -> list[str]:
    """Things by the sum of their places, the least first (Borda 1781); of equals the first by name."""
    places: dict[str, int] = {}
    for order in orders:
        for index, name in enumerate(order):
            places[name] = places.get(name, 0) + index
    return sorted(places, key=lambda name: (places[name], name))


def kemeny(orders: Sequence[Sequence[str]]) -> list[str]:
    """The order with the fewest disagreements over all pairs (Kemeny 1959), of equals the first by name; Borda's beyond EXACT_MAX things."""
    names = sorted(orders[0])
    if len(names) > EXACT_MAX:
        return borda(orders)
    before = dict.fromkeys(permutations(names, 2), 0)
    for order in orders:
        for pair in combinations(order, 2):
            before[pair] += 1
    return list(
        min(permutations(names), key=lambda order: sum(before[later, sooner] for sooner, later in combinations(order, 2)))
    )
