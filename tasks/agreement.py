"""How far people agree on single labels: computed in the cluster, from the votes a run has read."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks.aggregation import Votes


@dataclass(frozen=True)
class Agreement:
    """Agreement of the answers to one control; None where no two can be compared."""

    alpha: float | None  # Krippendorff's, nominal: 1 for perfect, 0 for chance; None also where everybody always gave one label
    pairwise: float | None  # the share of pairs of answers to one task that are equal


def of(votes: "Votes") -> Agreement:
    """Krippendorff's alpha for nominal labels with any number of answers per task, and the plain share of equal pairs.

    K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C. With n_uc answers c to task u, m_u answers to
    it in all, over tasks with m_u ≥ 2, n = Σ m_u and n_c = Σ_u n_uc:

        alpha = 1 − D_o / D_e,  D_o = 1 − Σ_uc n_uc (n_uc − 1) / (m_u − 1) / n,  D_e = 1 − Σ_c n_c (n_c − 1) / (n (n − 1))

    crowd-kit's own gives the same (a test compares them), pair by pair in Python: minutes for a million answers.
    """
    import numpy as np

    answers = np.bincount(votes.task, minlength=len(votes.tasks))
    comparable = answers[votes.task] > 1
    n = int(comparable.sum())
    if n == 0:
        return Agreement(None, None)
    width = len(votes.labels)
    cells, alike = np.unique(votes.task[comparable] * width + votes.label[comparable], return_counts=True)
    of_task = answers[cells // width].astype(float)
    equal_pairs = alike * (alike - 1.0)
    pairwise = float(equal_pairs.sum() / (answers[answers > 1] * (answers[answers > 1] - 1.0)).sum())
    by_label = np.bincount(votes.label[comparable], minlength=width).astype(float)
    expected = 1 - float((by_label * (by_label - 1)).sum()) / (n * (n - 1))
    if expected == 0:
        return Agreement(None, pairwise)
    observed = 1 - float((equal_pairs / (of_task - 1)).sum()) / n
    return Agreement(1 - observed / expected, pairwise)


def of_few(answers: Collection[Sequence[str]]) -> Agreement:
    """The same of a few answers, one sequence per task, without a numeric library: for pages, which load none."""
    comparable = [Counter(labels) for labels in answers if len(labels) > 1]
    n = sum(count.total() for count in comparable)
    if n == 0:
        return Agreement(None, None)
    equal = [sum(times * (times - 1) for times in count.values()) for count in comparable]
    pairs = [count.total() * (count.total() - 1) for count in comparable]
    pairwise = sum(equal) / sum(pairs)
    by_label: Counter[str] = sum(comparable, Counter())
    expected = 1 - sum(times * (times - 1) for times in by_label.values()) / (n * (n - 1))
    if expected == 0:
        return Agreement(None, pairwise)
    observed = 1 - sum(same / (count.total() - 1) for same, count in zip(equal, comparable, strict=True)) / n
    return Agreement(1 - observed / expected, pairwise)
