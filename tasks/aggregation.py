"""Many answers in, one label per task out, by crowd-kit. The only module that imports it, inside a function: 200 MB and seconds to load,
so never in a web process.

What crowd-kit gets wrong or cannot do is known (docs/decisions/0004) and handled here: rows are ordered, ids coded, ties found by us
and reported as ties, sizes guarded before a method is called, and known failures turned into a refusal that says why.
"""

import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from tasks.errors import AggregationRefused, BadParameter

AGGREGATION_VERSION = "1"  # of this module: raise it when the same votes could give another result
TIE_TOLERANCE = 1e-9  # two labels this close in weight or probability are a tie
LIBRARIES = ["crowd-kit", "pandas", "numpy", "scikit-learn", "scipy"]
MMSR_MAX_CELLS = 500_000  # workers × tasks; crowd-kit's matrices took 13.8 GB at 9 million


@dataclass(frozen=True)
class Method:
    """What we know of one of crowd-kit's methods."""

    max_labels: int  # above which it takes too long or too much memory for a background job
    parameters: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # name → least, most
    takes_gold: bool = False
    needs_gold: bool = False


ITERATIONS = {"n_iter": (1, 1000)}
METHODS: dict[str, Method] = {
    "MajorityVote": Method(10_000_000),
    "Wawa": Method(10_000_000),
    "DawidSkene": Method(5_000_000, ITERATIONS | {"tol": (0, 1)}, takes_gold=True),
    "OneCoinDawidSkene": Method(250_000, ITERATIONS | {"tol": (0, 1)}),
    "GLAD": Method(50_000, ITERATIONS | {"tol": (0, 1)}),
    "MACE": Method(100_000, {"n_iter": (1, 200), "n_restarts": (1, 50), "random_state": (0, 2**31)}),
    "MMSR": Method(100_000, {"n_iter": (1, 100_000), "tol": (0, 1), "random_state": (0, 2**31)}),
    "ZeroBasedSkill": Method(250_000, ITERATIONS),
    "GoldMajorityVote": Method(10_000_000, takes_gold=True, needs_gold=True),
}


@dataclass(frozen=True)
class Conclusion:
    """The label of one task."""

    label: str
    confidence: float | None  # the method's probability of the label; for votes their (weighted) share
    tied: tuple[str, ...]  # the labels that tie, in order; empty when none do
    answers: int


@dataclass(frozen=True)
class Aggregate:
    """What a method concluded: per task, and how good it found each worker."""

    conclusions: dict[str, Conclusion]
    skills: dict[str, float]  # crowd-kit's skill; GLAD's alpha; else the share of answers equal to the result
    answers_by_worker: dict[str, int]
    input_digest: str


def check_parameters(method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, if the method has them and their values are within limits. Raises BadParameter."""
    if method not in METHODS:
        raise BadParameter("There is no such method.", field="method", known=list(METHODS), got=method)
    limits = METHODS[method].parameters
    for name, value in parameters.items():
        if name not in limits:
            raise BadParameter("The method has no such parameter.", field=f"parameters.{name}", known=sorted(limits))
        least, most = limits[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise BadParameter("The value is outside its limits.", field=f"parameters.{name}", limit=[least, most], got=value)
        if name != "tol" and value != int(value):
            raise BadParameter("The value is a whole number.", field=f"parameters.{name}", got=value)
    return {name: value if name == "tol" else int(value) for name, value in parameters.items()}


def versions() -> dict[str, str]:
    """What a result depends on besides its input."""
    return {name: version(name) for name in LIBRARIES} | {"fairhand-aggregation": AGGREGATION_VERSION}


def aggregate(
    method: str,
    tasks: Sequence[str],
    workers: Sequence[str],
    labels: Sequence[str],
    *,
    parameters: Mapping[str, Any],
    truth: Mapping[str, str] | None = None,
) -> Aggregate:
    """Combine votes (three columns of equal length; one vote per task and worker) into one label per task.

    The order of the rows does not matter: they are sorted by task and worker. `truth` is task → known label, given only to methods
    that take it. Raises AggregationRefused when the method cannot take this input, with the limit and what fits instead.
    """
    import numpy as np
    import pandas as pd

    coded = {}
    columns = {}
    for name, values in (("task", tasks), ("worker", workers), ("label", labels)):
        codes, uniques = pd.factorize(np.asarray(values, dtype=object), sort=True)
        columns[name], coded[name] = codes, [str(unique) for unique in uniques]
    frame = pd.DataFrame(columns).sort_values(["task", "worker"], kind="stable", ignore_index=True)
    _guard(method, len(frame), len(coded["worker"]), len(coded["task"]))
    known = _coded_truth(truth or {}, coded)
    if METHODS[method].needs_gold and not known:
        raise AggregationRefused("This method needs gold, and none of the answered tasks has a known label.", method=method)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # crowd-kit uses what pandas 3 deprecates; versions are pinned
        fitted = _fit(method, frame, dict(parameters), pd.Series(known, name="label") if known else None)
    return Aggregate(
        conclusions=_conclusions(fitted, frame, coded),
        skills=_skills(fitted, frame, coded),
        answers_by_worker={coded["worker"][w]: int(n) for w, n in frame["worker"].value_counts().items()},
        input_digest=_digest(frame, coded, known),
    )


def _guard(method: str, n_labels: int, n_workers: int, n_tasks: int) -> None:
    limit = METHODS[method].max_labels
    fitting = [name for name, other in METHODS.items() if n_labels <= other.max_labels and name != method]
    if n_labels == 0:
        raise AggregationRefused("There are no answers to aggregate yet.", method=method)
    if n_labels > limit:
        raise AggregationRefused(
            "The batch has more answers than this method can take.", method=method, limit=limit, got=n_labels, fitting=fitting
        )
    if method == "MMSR" and n_workers * n_tasks > MMSR_MAX_CELLS:
        raise AggregationRefused(
            "This method's memory grows with workers × tasks, which is too large here.",
            method=method,
            limit=MMSR_MAX_CELLS,
            got=n_workers * n_tasks,
            fitting=[name for name in fitting if name != "MMSR"],
        )


def _coded_truth(truth: Mapping[str, str], coded: Mapping[str, list[str]]) -> dict[int, int]:
    """The known labels among the coded tasks; a truth nobody has given as an answer has no code, and is left out."""
    tasks = {task: code for code, task in enumerate(coded["task"])}
    labels = {label: code for code, label in enumerate(coded["label"])}
    return {tasks[t]: labels[label] for t, label in sorted(truth.items()) if t in tasks and label in labels}


def _fit(method: str, frame: Any, parameters: dict[str, Any], truth: Any) -> Any:
    from crowdkit import aggregation as crowdkit

    fitted = getattr(crowdkit, method)(**parameters)
    with_truth = truth is not None and METHODS[method].takes_gold
    fit: Callable[..., Any] = fitted.fit_predict
    try:
        fit(frame, true_labels=truth) if with_truth else fit(frame)
    except ValueError as error:
        # The ways in which crowd-kit 1.4.2 is known to fail on sound input (docs/decisions/0004); anything else is our mistake.
        if method == "GoldMajorityVote" and "Skill value is missing" in str(error):
            raise AggregationRefused("Some workers have answered no gold, so their votes have no weight.", method=method) from error
        if method == "GoldMajorityVote" and "NA" in str(error):
            raise AggregationRefused("Every worker of some task has gold accuracy 0, so the task has no vote.", method=method) from error
        if method == "MMSR" and ("NaN" in str(error) or "nan" in str(error) or "infs" in str(error)):
            raise AggregationRefused("The method found no skills for these answers.", method=method) from error
        raise
    return fitted


def _probabilities(fitted: Any) -> Any:
    probas = getattr(fitted, "probas_", None)
    return probas if probas is not None else getattr(fitted, "scores_", None)


def _conclusions(fitted: Any, frame: Any, coded: Mapping[str, list[str]]) -> dict[str, Conclusion]:
    import numpy as np

    counts = frame["task"].value_counts()
    probas = _probabilities(fitted)
    table = None if probas is None else probas.fillna(0.0)
    rows = {} if table is None else {task: n for n, task in enumerate(table.index)}
    values = None if table is None else table.to_numpy(dtype=float)
    names = [] if table is None else [coded["label"][int(code)] for code in table.columns]
    found: dict[str, Conclusion] = {}
    for task, label in fitted.labels_.items():
        confidence, tied = None, ()
        if values is not None:
            row = values[rows[task]]
            top = row.max()
            ties = np.flatnonzero(row >= top - TIE_TOLERANCE)
            tied = tuple(sorted(names[n] for n in ties)) if len(ties) > 1 else ()
            confidence = float(min(1.0, max(0.0, top)))
        found[coded["task"][int(task)]] = Conclusion(coded["label"][int(label)], confidence, tied, int(counts[task]))
    return found


def _skills(fitted: Any, frame: Any, coded: Mapping[str, list[str]]) -> dict[str, float]:
    for name in ("skills_", "alphas_"):
        skills = getattr(fitted, name, None)
        if skills is not None and getattr(skills, "index", None) is not None:
            return {coded["worker"][int(w)]: float(skill) for w, skill in skills.items() if skill == skill}  # noqa: PLR0124 - not NaN
    right = frame["label"] == frame["task"].map(fitted.labels_)
    return {coded["worker"][int(w)]: float(share) for w, share in right.groupby(frame["worker"]).mean().items()}


def _digest(frame: Any, coded: Mapping[str, list[str]], truth: Mapping[int, int]) -> str:
    """SHA-256 over the ordered rows as they went in, and the gold given with them."""
    sha = hashlib.sha256()
    for name in ("task", "worker", "label"):
        sha.update("\0".join(coded[name]).encode())
        sha.update(frame[name].to_numpy(dtype="<i8").tobytes())
    sha.update(repr(sorted(truth.items())).encode())
    return sha.hexdigest()


def krippendorff_alpha(tasks: Sequence[str], workers: Sequence[str], labels: Sequence[str]) -> float | None:
    """Agreement beyond chance of nominal labels (Krippendorff 2011), by crowd-kit; None when no two answers can be compared."""
    import pandas as pd
    from crowdkit.metrics.data import alpha_krippendorff

    frame = pd.DataFrame({"task": tasks, "worker": workers, "label": labels})
    several = frame.groupby("task")["label"].transform("size") > 1
    if not several.any() or frame["label"].nunique() < 2:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(alpha_krippendorff(frame[several]))
