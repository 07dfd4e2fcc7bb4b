"""How far people agree: the formula by hand, and against crowd-kit's own."""

import random
import warnings

import pytest

from tasks import agreement
from tasks.aggregation import rows_of, votes_of_columns

RELIABILITY = [  # Krippendorff (2011), section C: units × observers, "." for nothing said
    "11.1", "2232", "3333", "3333", "2222", "1234", "4444", "1121", "2222", ".555", "..11", ".3..",
]  # fmt: skip


def votes(rows):
    return votes_of_columns([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])


def by_crowdkit(some_votes):
    import pandas as pd
    from crowdkit.metrics.data import alpha_krippendorff

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return alpha_krippendorff(pd.DataFrame(list(rows_of(some_votes)), columns=["task", "worker", "label"]))


def test_alpha_of_the_published_example():
    rows = [(f"u{u:02d}", f"o{o}", value) for u, unit in enumerate(RELIABILITY) for o, value in enumerate(unit) if value != "."]
    assert agreement.of(votes(rows)).alpha == pytest.approx(0.743, abs=0.0005)


def test_two_of_three_questions_agreed_upon():
    rows = [("x", "a", "yes"), ("x", "b", "yes"), ("y", "a", "no"), ("y", "b", "no"), ("z", "a", "yes"), ("z", "b", "no")]
    found = agreement.of(votes(rows))
    assert found.alpha == pytest.approx(4 / 9)
    assert found.pairwise == pytest.approx(2 / 3)


def test_every_pair_of_answers_counts_once():
    found = agreement.of(votes([("t", "a", "x"), ("t", "b", "x"), ("t", "c", "y"), ("u", "a", "x"), ("u", "b", "y")]))
    assert found.pairwise == pytest.approx(1 / 4)


def test_answers_nobody_can_be_compared_with_count_for_nothing():
    rows = [("x", "a", "yes"), ("x", "b", "no"), ("y", "a", "no"), ("y", "b", "no")]
    lonely = [("only a", "a", "perhaps"), ("only b", "b", "yes")]
    assert agreement.of(votes(rows + lonely)) == agreement.of(votes(rows))
    assert agreement.of(votes(lonely)) == agreement.Agreement(None, None)
    assert agreement.of(votes([])) == agreement.Agreement(None, None)


def test_one_label_for_everything_is_equal_pairs_and_no_alpha():
    assert agreement.of(votes([("x", "a", "yes"), ("x", "b", "yes")])) == agreement.Agreement(None, 1.0)


@pytest.mark.parametrize("seed", range(4))
def test_the_same_alpha_as_crowdkit(seed):
    chance = random.Random(seed)
    rows = [
        (f"t{t}", f"w{w}", chance.choice("abc") if chance.random() < 0.4 else "abc"[t % 3])
        for t in range(40)
        for w in range(6)
        if chance.random() < 0.5
    ]
    assert agreement.of(votes(rows)).alpha == pytest.approx(by_crowdkit(votes(rows)), abs=1e-12)


def test_a_few_answers_agree_as_many_do():
    chance = random.Random(4)
    for _ in range(50):
        rows = [(f"t{task}", f"w{worker}", chance.choice("abc")) for task in range(6) for worker in range(chance.randint(1, 5))]
        few: dict[str, list[str]] = {}
        for task, _worker, label in rows:
            few.setdefault(task, []).append(label)
        whole, small = agreement.of(votes(rows)), agreement.of_few(list(few.values()))
        assert small.alpha == (None if whole.alpha is None else pytest.approx(whole.alpha))
        assert small.pairwise == (None if whole.pairwise is None else pytest.approx(whole.pairwise))
    assert agreement.of_few([]) == agreement.of_few([["a"]]) == agreement.Agreement(None, None)
    assert agreement.of_few([["a", "a"]]) == agreement.Agreement(None, 1.0)
