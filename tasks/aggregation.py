"""Many answers in, one label per task out, by crowd-kit. The only module that imports it, inside functions: it takes 200 MB and
a second or more to load, and is never loaded in a web process.

What crowd-kit cannot do is known (docs/decisions/0005) and handled here: rows are ordered, ties are found by us and told as ties,
sizes are guarded before a method is called, and the failures it is known for become a refusal that says why.
"""

import hashlib
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from tasks.errors import AggregationRefused, BadParameter

if TYPE_CHECKING:
    from numpy.typing import NDArray

AGGREGATION_VERSION = "2"  # of this module: raise it when the same votes could give another result
TIE_TOLERANCE = 1e-9  # two labels this close in weight or probability are a tie
LIBRARIES = ["crowd-kit", "pandas", "numpy", "scikit-learn", "scipy", "shapely", "rapidfuzz"]
DIGEST_ROWS = 100_000  # hashed at a time
# Votes × labels: crowd-kit joins a row of probabilities to every vote, which took 1.6 GB at ten million votes of five labels.
CELLS_MAX = 50_000_000
# MMSR finds signs by three dense matrices over the workers and the pairs of them that agree, 24 bytes × nodes²: 1.1 GB at 7,000
# nodes, 13.8 GB at 24,000. It also keeps a dense matrix of workers × tasks, and each of its 10,000 rounds loops over the workers.
MMSR_NODES_MAX = 9_000
MMSR_CELLS_MAX = 50_000_000
MMSR_WORKERS_MAX = 3_000
ROVER_WORDS_MAX = 2_000  # of one text: every word is compared with every word
PAIR_THINGS_MAX = 3_000
PAIR_ROUNDS = 100


@dataclass(frozen=True)
class Parameter:
    """A knob of a method: crowd-kit's default, and the limits within which a run may set it."""

    default: float
    least: float
    most: float


@dataclass(frozen=True)
class Method:
    """What we know of one of crowd-kit's methods. `votes_max` keeps a run under the hour a job may take, at any parameters."""

    votes_max: int
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    labels_min: int = 1
    takes_gold: bool = False
    needs_gold: bool = False


def _rounds(default: int, most: int) -> dict[str, Parameter]:
    return {"n_iter": Parameter(default, 1, most)}


TOLERANCE = {"tol": Parameter(1e-5, 0.0, 1.0)}
SEED = {"random_state": Parameter(0, 0, 2**31 - 1)}
METHODS: dict[str, Method] = {
    "MajorityVote": Method(10_000_000),
    "Wawa": Method(10_000_000),
    "DawidSkene": Method(5_000_000, _rounds(100, 500) | TOLERANCE, takes_gold=True),  # 3 s a round at the limit
    "OneCoinDawidSkene": Method(250_000, _rounds(100, 500) | TOLERANCE),  # row by row: 57 s for 98 thousand votes
    "GLAD": Method(100_000, _rounds(100, 200) | TOLERANCE, labels_min=2),  # 203 s for 93 thousand votes
    "MACE": Method(250_000, _rounds(50, 200) | SEED),
    "MMSR": Method(100_000, _rounds(10_000, 10_000) | {"tol": Parameter(1e-10, 0.0, 1.0)} | SEED, labels_min=2),
    "ZeroBasedSkill": Method(1_000_000, _rounds(100, 500)),
    "GoldMajorityVote": Method(10_000_000, takes_gold=True, needs_gold=True),
}
# crowd-kit seeds every restart of MACE alike, so that all ten are one: the first alone gives the same numbers ten times sooner.
FIXED: dict[str, dict[str, int]] = {"MACE": {"n_restarts": 1}}


@dataclass(frozen=True)
class Votes:
    """Who gave which label to which task: sorted names, and per vote a code into them, ordered by task and then worker."""

    tasks: list[str]
    workers: list[str]
    labels: list[str]
    task: "NDArray[Any]"
    worker: "NDArray[Any]"
    label: "NDArray[Any]"

    def __len__(self) -> int:
        return len(self.task)


class Conclusion(NamedTuple):
    """The label of one task."""

    task: str
    label: Any  # a class; of whole answers (`tasks.consensus`) their canonical form
    confidence: float | None  # the method's probability of the label; for votes their (weighted) share; None where it is neither
    tied: tuple[str, ...]  # the labels that tie, in order; empty when none do
    answers: int


class Skill(NamedTuple):
    """How good a method found a worker to be, on the method's own scale; None where it could not say."""

    worker: str
    skill: float | None
    answers: int


@dataclass(frozen=True)
class Aggregate:
    """What a method concluded: per task and per worker, each in the order of their names."""

    conclusions: list[Conclusion]
    skills: list[Skill]

    @property
    def ties(self) -> int:
        """How many tasks have no single best label."""
        return sum(bool(one.tied) for one in self.conclusions)


def check_parameters(method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of the method, those not given at crowd-kit's default, so that a run says all that it was made with.

    Raises BadParameter, with what there is or the limits.
    """
    if method not in METHODS:
        raise BadParameter("There is no such method.", field="method", known=list(METHODS), got=method)
    known = METHODS[method].parameters
    for name, value in parameters.items():
        if name not in known:
            raise BadParameter("The method has no such parameter.", field=f"parameters.{name}", known=sorted(known))
        knob = known[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not knob.least <= value <= knob.most:
            raise BadParameter(
                "The value is outside its limits.", field=f"parameters.{name}", limit=[knob.least, knob.most], got=value
            )
        if isinstance(knob.default, int) and value != int(value):
            raise BadParameter("The value is a whole number.", field=f"parameters.{name}", got=value)
    return {name: type(knob.default)(parameters.get(name, knob.default)) for name, knob in known.items()}


def versions() -> dict[str, str]:
    """What a result depends on besides its input."""
    return {name: version(name) for name in LIBRARIES} | {"aggregation": AGGREGATION_VERSION}


# ---- votes ----


def votes_of_columns(tasks: Sequence[str], workers: Sequence[str], labels: Sequence[str]) -> Votes:
    """Votes from three columns of equal length, in any order; where a worker has several for a task, the last stands."""
    import numpy as np
    import pandas as pd

    coded = [pd.factorize(np.asarray(column, dtype=object), sort=True) for column in (tasks, workers, labels)]
    return _ordered([(codes, [str(name) for name in names]) for codes, names in coded])


def votes_of_csv(file: IO[bytes]) -> Votes:
    """Votes from CSV as PostgreSQL writes it, without a header: task, worker, label. A million rows take about a second."""
    import pandas as pd

    if not file.read(1):
        return votes_of_columns([], [], [])
    file.seek(0)
    frame = pd.read_csv(file, header=None, dtype="category", na_filter=False, encoding="utf-8", low_memory=False)
    coded = []
    for name in frame.columns:
        categories = [str(category) for category in frame[name].cat.categories]
        order = sorted(range(len(categories)), key=categories.__getitem__)
        rank = pd.Series(range(len(order)), index=order).sort_index().to_numpy()
        coded.append((rank[frame[name].cat.codes.to_numpy()], [categories[n] for n in order]))
    return _ordered(coded)


def _ordered(coded: list[tuple[Any, list[str]]]) -> Votes:
    import numpy as np

    (task, tasks), (worker, workers), (label, labels) = coded
    pair = task.astype(np.int64) * max(1, len(workers)) + worker
    order = np.argsort(pair, kind="stable")
    if len(order):
        pair = pair[order]
        order = order[np.append(pair[1:] != pair[:-1], True)]  # the last of a task and worker
    task, worker, label = (codes[order].astype(np.int64) for codes in (task, worker, label))
    used, label = np.unique(label, return_inverse=True)  # a label of a vote that did not stand is none
    return Votes(tasks, workers, [labels[n] for n in used], task, worker, label)


def rows_of(votes: Votes) -> Iterator[tuple[str, str, str]]:
    """The votes as they are ordered: task, worker, label."""
    for start in range(0, len(votes), DIGEST_ROWS):
        part = slice(start, start + DIGEST_ROWS)
        columns = ((votes.tasks, votes.task), (votes.workers, votes.worker), (votes.labels, votes.label))
        yield from zip(*([names[code] for code in codes[part].tolist()] for names, codes in columns), strict=True)


def digest(votes: Votes, truth: Mapping[str, str]) -> str:
    """SHA-256 over what a run rests on: the ordered rows, each field ended by a NUL, then the known labels in order of task."""
    sha = hashlib.sha256()
    lines: list[str] = []
    for task, worker, label in rows_of(votes):
        lines.append(f"{task}\0{worker}\0{label}\0")
        if len(lines) == DIGEST_ROWS:
            sha.update("".join(lines).encode())
            lines.clear()
    lines += [f"gold\0{task}\0{label}\0" for task, label in sorted(truth.items())]
    sha.update("".join(lines).encode())
    return sha.hexdigest()


# ---- one run of one method ----


def aggregate(method: str, votes: Votes, *, parameters: Mapping[str, Any], truth: Mapping[str, str] | None = None) -> Aggregate:
    """Combine votes into one label per task, exactly as crowd-kit does for the same rows in the same order.

    `truth` is task → known label; only methods that take it see it. Of labels that tie, crowd-kit's own choice is kept and the
    tie told. Raises AggregationRefused when the method cannot take this input, with the limit and what fits instead.
    """
    import pandas as pd

    known = _known(method, votes, truth or {})
    _guard(method, votes, gold=bool(known))
    frame = pd.DataFrame({"task": votes.task, "worker": votes.worker, "label": votes.label})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # crowd-kit uses what pandas 3 deprecates, and divides by zero; versions are pinned
        fitted = _fit(method, frame, dict(parameters), pd.Series(known, name="label") if known else None)
        return Aggregate(_conclusions(fitted, votes), _skills(fitted, votes, frame))


# ---- crowd-kit's methods for more than single classes ----


def rover(texts: Sequence[str]) -> str:
    """One text of several: words aligned, and at each place the one most have (ROVER: Fiscus 1997). Raises AggregationRefused for long texts."""
    import pandas as pd
    from crowdkit import aggregation as crowdkit

    if (longest := max(len(text.split()) for text in texts)) > ROVER_WORDS_MAX:
        message = "A text has more words than this method has time to align."
        raise AggregationRefused(message, method="ROVER", limit=ROVER_WORDS_MAX, got=longest)
    frame = pd.DataFrame({"task": 0, "worker": range(len(texts)), "text": sorted(texts)})
    return str(crowdkit.ROVER(str.split, " ".join).fit_predict(frame).loc[0])


def pair_scores(contests: Sequence[tuple[str, str, str]]) -> dict[str, float]:
    """How strong each thing is, from who won: rows of left, right, and "left" or "right" (Bradley and Terry 1952; Hunter 2004).

    A thing that never won has 0. Raises AggregationRefused for too many things: the method keeps a matrix of them.
    """
    import pandas as pd
    from crowdkit import aggregation as crowdkit

    things = {thing for left, right, _ in contests for thing in (left, right)}
    if not 0 < len(things) <= PAIR_THINGS_MAX:
        message = "There is nothing to compare yet." if not things else "There are more things than this method has memory for."
        raise AggregationRefused(message, method="BradleyTerry", limit=PAIR_THINGS_MAX, got=len(things))
    rows = [(left, right, left if won == "left" else right) for left, right, won in sorted(contests)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = crowdkit.BradleyTerry(n_iter=PAIR_ROUNDS).fit_predict(pd.DataFrame(rows, columns=["left", "right", "label"]))
    return {str(thing): float(score) for thing, score in scores.items() if math.isfinite(score)}


def _known(method: str, votes: Votes, truth: Mapping[str, str]) -> dict[int, int]:
    """The known labels of answered tasks, in codes, for a method that takes them; empty for others.

    A truth that nobody gave is no class of the votes. To GoldMajorityVote it is an answer all got wrong. DawidSkene is not told
    of it: crowd-kit would add it as a class with a prior of 1.
    """
    if not METHODS[method].takes_gold:
        return {}
    tasks = {name: code for code, name in enumerate(votes.tasks)}
    labels = {name: code for code, name in enumerate(votes.labels)}
    nobodys = len(labels) if METHODS[method].needs_gold else None
    known = {tasks[task]: labels.get(label, nobodys) for task, label in sorted(truth.items()) if task in tasks}
    return {task: label for task, label in known.items() if label is not None}


def _guard(method: str, votes: Votes, *, gold: bool) -> None:
    objection = _objection(method, votes, gold=gold)
    if objection is not None:
        message, details = objection
        fitting = [other for other in METHODS if _objection(other, votes, gold=gold) is None]
        raise AggregationRefused(message, method=method, **details, fitting=fitting)


def _objection(method: str, votes: Votes, *, gold: bool) -> tuple[str, dict[str, Any]] | None:
    """What speaks against running the method on these votes, if anything."""
    about = METHODS[method]
    cells = len(votes) * len(votes.labels)
    if not len(votes):
        return "There are no answers to aggregate yet.", {}
    if len(votes) > about.votes_max:
        return "There are more answers than this method can take.", {"limit": about.votes_max, "got": len(votes)}
    if cells > CELLS_MAX:
        return "Answers times labels are more than this method has memory for.", {"limit": CELLS_MAX, "got": cells}
    if len(votes.labels) < about.labels_min:
        return "This method needs different labels to compare.", {"limit": about.labels_min, "got": len(votes.labels)}
    if about.needs_gold and not gold:
        return "This method needs gold, and none of the answered tasks has a known label.", {}
    return _mmsr_objection(votes) if method == "MMSR" else None


def _mmsr_objection(votes: Votes) -> tuple[str, dict[str, Any]] | None:
    workers, cells = len(votes.workers), len(votes.workers) * len(votes.tasks)
    if workers > MMSR_WORKERS_MAX:
        return "There are more workers than this method has time for.", {"limit": MMSR_WORKERS_MAX, "got": workers}
    if cells > MMSR_CELLS_MAX:
        return "Workers times tasks are more than this method has memory for.", {"limit": MMSR_CELLS_MAX, "got": cells}
    if (nodes := _mmsr_nodes(votes)) > MMSR_NODES_MAX:
        message = "More pairs of workers agree than this method has memory for, which grows with the square of them."
        return message, {"limit": MMSR_NODES_MAX, "got": nodes}
    return None


def _mmsr_nodes(votes: Votes) -> int:
    """Rows of the matrices MMSR builds: one per worker, and one per two who agree on their common tasks more than by chance."""
    import numpy as np
    from scipy import sparse

    shape = (len(votes.workers), len(votes.tasks))
    ones = np.ones(len(votes))
    did = sparse.csr_array((ones, (votes.worker, votes.task)), shape=shape)
    together = sparse.triu(did @ did.T, k=1)
    by_label = sparse.csr_array(
        (ones, (votes.worker, votes.task * len(votes.labels) + votes.label)), shape=(shape[0], shape[1] * len(votes.labels))
    )
    agree = sparse.triu(by_label @ by_label.T, k=1)
    return int(shape[0] + ((agree * len(votes.labels)) > together).sum())


def _fit(method: str, frame: Any, parameters: dict[str, Any], truth: Any) -> Any:
    """The fitted aggregator. Failures crowd-kit 1.4.2 is known for on sound input are refusals; anything else is our mistake."""
    import numpy as np
    from crowdkit import aggregation as crowdkit
    from scipy.sparse.linalg import ArpackError

    fitted = getattr(crowdkit, method)(**parameters, **FIXED.get(method, {}))
    try:
        if truth is None:
            fitted.fit_predict(frame)
        else:
            fitted.fit_predict(frame, true_labels=truth)
    except (ValueError, np.linalg.LinAlgError, ArpackError) as error:
        reason = str(error)
        if method == "GoldMajorityVote" and "Skill value is missing" in reason:
            raise AggregationRefused(
                "Some workers answered no gold, so that their votes have no weight.", method=method
            ) from error
        if method == "GoldMajorityVote" and "all NA values" in reason:
            message = "Every worker of some task has answered all gold wrongly, so that no label of it has weight."
            raise AggregationRefused(message, method=method) from error
        if method == "MMSR":
            raise AggregationRefused("The method found no skills to fit these answers.", method=method, reason=reason) from error
        raise
    if fitted.labels_.isna().any():
        raise AggregationRefused("The method came to no label for some tasks.", method=method)
    return fitted


def _conclusions(fitted: Any, votes: Votes) -> list[Conclusion]:
    import numpy as np

    table = getattr(fitted, "probas_", None)
    table = fitted.scores_ if table is None else table  # MMSR's name for the weighted shares
    values = table.to_numpy(dtype=float)
    filled = np.nan_to_num(values, nan=-np.inf)
    near = filled >= filled.max(axis=1, keepdims=True) - TIE_TOLERANCE
    is_share = ((values >= -TIE_TOLERANCE) & (values <= 1 + TIE_TOLERANCE)).all(axis=1)  # false too where a weight is no number
    tops = np.clip(filled.max(axis=1), 0.0, 1.0).tolist()
    names = [votes.labels[int(code)] for code in table.columns]
    ties = {int(row): tuple(sorted(names[n] for n in np.flatnonzero(near[row]))) for row in np.flatnonzero(near.sum(axis=1) > 1)}
    chosen = fitted.labels_.reindex(table.index).astype(int).tolist()
    answers = np.bincount(votes.task, minlength=len(votes.tasks)).tolist()
    found = [
        Conclusion(votes.tasks[task], votes.labels[label], top if share else None, ties.get(row, ()), answers[task])
        for row, (task, label, top, share) in enumerate(zip(table.index.tolist(), chosen, tops, is_share.tolist(), strict=True))
    ]
    return sorted(found)


def _skills(fitted: Any, votes: Votes, frame: Any) -> list[Skill]:
    """The method's own skill of each worker: a share or probability of right answers; GLAD's ability; MMSR's weight (log odds).

    None where it is no finite number.
    """
    import numpy as np

    found = _skill_series(fitted, frame)
    answers = np.bincount(votes.worker, minlength=len(votes.workers)).tolist()
    return [
        Skill(votes.workers[code], skill if math.isfinite(skill) else None, answers[code])
        for code, skill in sorted((int(code), float(skill)) for code, skill in found.items())
    ]


def _skill_series(fitted: Any, frame: Any) -> Any:
    import numpy as np
    import pandas as pd

    for name in ("skills_", "alphas_"):
        if getattr(fitted, name, None) is not None:
            return getattr(fitted, name)
    if getattr(fitted, "spamming_", None) is not None:  # MACE: the probability of knowing, workers in order of first appearance
        return pd.Series(np.asarray(fitted.spamming_)[:, 1], index=pd.unique(frame["worker"]))
    # DawidSkene: the chance of a right answer, from the worker's error matrix and how common each label is.
    given = fitted.errors_.index.get_level_values("label")
    right = fitted.errors_.to_numpy()[range(len(given)), fitted.errors_.columns.get_indexer(given)]
    weighted = pd.Series(right * fitted.priors_.reindex(given).to_numpy(), index=fitted.errors_.index)
    return weighted.groupby(level="worker").sum()
