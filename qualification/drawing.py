"""Which questions does a sitting ask? Drawn at random from a bank, so that every label appears where that is wanted. Pure."""

from collections.abc import Mapping, Sequence
from random import Random

ROUNDS = 20  # random covers tried before the short one is taken


def draw(bank: Mapping[str, Sequence[str]], count: int, *, rng: Random, stratified: bool) -> list[str]:
    """`count` questions of the bank (id → the labels of its solution) in random order; with `stratified` every label is among them.

    The caller has made sure that `count` is enough: see `needed`.
    """
    names = list(bank)
    chosen: list[str] = []
    if stratified:
        covers = (_cover(bank, rng) for _ in range(ROUNDS))
        chosen = next((cover for cover in covers if len(cover) <= count), _short_cover(bank))
    rest = [name for name in names if name not in set(chosen)]
    chosen = [*chosen, *rng.sample(rest, count - len(chosen))]
    rng.shuffle(chosen)
    return chosen


def needed(bank: Mapping[str, Sequence[str]]) -> int:
    """How many questions a stratified sitting asks at least."""
    return len(_short_cover(bank))


def _labels(bank: Mapping[str, Sequence[str]]) -> list[str]:
    return sorted({label for labels in bank.values() for label in labels})


def _cover(bank: Mapping[str, Sequence[str]], rng: Random) -> list[str]:
    """For each label that is not there yet, the rarest first, a question that has it."""
    holders = {label: [name for name, labels in bank.items() if label in labels] for label in _labels(bank)}
    chosen: list[str] = []
    covered: set[str] = set()
    for label in sorted(holders, key=lambda label: (len(holders[label]), rng.random())):
        if label not in covered:
            name = rng.choice(holders[label])
            chosen.append(name)
            covered.update(bank[name])
    return chosen


def _short_cover(bank: Mapping[str, Sequence[str]]) -> list[str]:
    """The greedy cover: always the question with the most labels that are missing."""
    left = set(_labels(bank))
    chosen: list[str] = []
    while left:
        name = max(bank, key=lambda name: len(left & set(bank[name])))
        chosen.append(name)
        left -= set(bank[name])
    return chosen
