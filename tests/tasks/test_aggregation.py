"""Votes in, labels out: the same as crowd-kit's own to the last task, ties told, and no method run on what it cannot take.

The toy votes fix the results of every method; where the real crowds lie beside the checkout, crowd-kit is called on them too.
"""

import csv
import hashlib
import io
import math
import random
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from config.settings import BASE_DIR
from tasks import aggregation
from tasks.aggregation import METHODS, Votes, aggregate, check_parameters, votes_of_columns, votes_of_csv
from tasks.errors import AggregationRefused, BadParameter

TOY = Path(__file__).parent.parent / "data" / "votes"
REAL = BASE_DIR.parent / "shared" / "data"
WITH_GOLD = " with gold"


def rows_in(name: str) -> list[dict[str, str]]:
    with (TOY / name).open(newline="") as file:
        return list(csv.DictReader(file))


def votes_from(rows: list[tuple[str, str, str]]) -> Votes:
    return votes_of_columns([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])


def toy() -> Votes:
    return votes_from([(row["task"], row["worker"], row["label"]) for row in rows_in("toy.csv")])


def toy_gold() -> dict[str, str]:
    return {row["task"]: row["label"] for row in rows_in("toy_gold.csv")}


def run(method: str, votes: Votes, truth: dict[str, str] | None = None, **parameters: Any) -> aggregation.Aggregate:
    return aggregate(method, votes, parameters=check_parameters(method, parameters), truth=truth)


def labels_of(found: aggregation.Aggregate) -> dict[str, str]:
    return {one.task: one.label for one in found.conclusions}


def few_rounds(method: str) -> dict[str, int]:
    """Enough rounds for a test that is not about the numbers."""
    return {"n_iter": 5} if "n_iter" in METHODS[method].parameters else {}


def by_crowdkit(method: str, votes: Votes, *, made_with: dict[str, int] | None = None, **fit: Any) -> Any:
    """crowd-kit's own aggregator, fitted on the same rows as plain text."""
    import pandas as pd
    from crowdkit import aggregation as crowdkit

    frame = pd.DataFrame(list(aggregation.rows_of(votes)), columns=["task", "worker", "label"])
    fitted = getattr(crowdkit, method)(**(made_with or {}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted.fit_predict(frame, **fit)
    return fitted


# ---- the same as crowd-kit ----


@pytest.mark.parametrize("method", [*METHODS, "DawidSkene" + WITH_GOLD])
def test_every_method_gives_the_toy_votes_the_results_on_file(method):
    expected = [row for row in rows_in("toy_results.csv") if row["method"] == method]
    name = method.removesuffix(WITH_GOLD)
    gold = toy_gold() if method.endswith(WITH_GOLD) or METHODS[name].needs_gold else None
    found = {one.task: one for one in run(name, toy(), gold).conclusions}
    assert {task: one.label for task, one in found.items()} == {row["task"]: row["label"] for row in expected}
    assert {task: "|".join(one.tied) for task, one in found.items()} == {row["task"]: row["tied"] for row in expected}
    for row in expected:
        confidence = found[row["task"]].confidence
        if confidence is not None:
            assert confidence == pytest.approx(float(row["probability"]), abs=1e-4)
        else:
            assert method == "MMSR"  # whose negative weights make numbers that are no shares


def test_numbers_outside_0_to_1_are_no_confidence():
    expected = {row["task"]: float(row["probability"]) for row in rows_in("toy_results.csv") if row["method"] == "MMSR"}
    outside = {task for task, number in expected.items() if not 0 <= number <= 1}
    found = {one.task: one.confidence for one in run("MMSR", toy()).conclusions}
    assert outside
    assert all(found[task] is None for task in outside)


@pytest.mark.parametrize(
    "method", ["MajorityVote", "Wawa", "OneCoinDawidSkene", "GLAD", "MMSR", "ZeroBasedSkill", "GoldMajorityVote"]
)
def test_skills_are_the_methods_own(method):
    import pandas as pd

    votes, gold = toy(), toy_gold()
    needs = METHODS[method].needs_gold
    fitted = by_crowdkit(method, votes, **({"true_labels": pd.Series(gold)} if needs else {}))
    own = fitted.alphas_ if method == "GLAD" else fitted.skills_
    found = run(method, votes, gold if needs else None)
    assert {one.worker: one.skill for one in found.skills} == pytest.approx(dict(own), abs=1e-6)
    assert sum(one.answers for one in found.skills) == len(votes)


def test_the_skill_of_dawid_skene_is_the_chance_of_a_right_answer():
    votes = toy()
    fitted = by_crowdkit("DawidSkene", votes)
    expected = {
        worker: sum(
            fitted.priors_[label] * (fitted.errors_.loc[(worker, label), label] if (worker, label) in fitted.errors_.index else 0)
            for label in votes.labels
        )
        for worker in votes.workers
    }
    assert {one.worker: one.skill for one in run("DawidSkene", votes).skills} == pytest.approx(expected)


def test_the_skill_of_mace_is_the_probability_of_not_spamming():
    votes = toy()
    fitted = by_crowdkit("MACE", votes, made_with={"n_restarts": 1})  # the results on file are those of all ten
    in_order = list(dict.fromkeys(worker for _, worker, _ in aggregation.rows_of(votes)))
    expected = dict(zip(in_order, fitted.spamming_[:, 1].tolist(), strict=True))
    assert {one.worker: one.skill for one in run("MACE", votes).skills} == pytest.approx(expected)


def test_labels_named_like_crowdkits_own_columns_do_no_harm():
    names = {"blue": "task", "green": "worker", "sea, mostly": "label"}
    renamed = votes_from([(task, worker, names[label]) for task, worker, label in aggregation.rows_of(toy())])
    for method in ("MajorityVote", "DawidSkene", "GLAD", "MACE"):
        assert set(labels_of(run(method, renamed, **few_rounds(method))).values()) <= set(names.values())
    assert labels_of(run("Wawa", renamed)) == {task: names[label] for task, label in labels_of(run("Wawa", toy())).items()}


def test_the_order_in_which_answers_came_makes_no_difference():
    rows = list(aggregation.rows_of(toy()))
    random.Random(1).shuffle(rows)
    for method in ("MajorityVote", "DawidSkene", "MACE", "MMSR"):
        assert run(method, votes_from(rows), **few_rounds(method)) == run(method, toy(), **few_rounds(method))


def test_a_seed_is_a_parameter_and_the_same_seed_gives_the_same_run():
    first, again = (run("MACE", toy(), random_state=3, n_iter=5) for _ in range(2))
    assert first == again
    assert first.skills != run("MACE", toy(), random_state=4, n_iter=5).skills


# ---- ties ----


def test_a_tie_is_told_and_keeps_crowdkits_choice():
    votes = votes_from([("t", "ann", "z"), ("t", "bob", "a"), ("u", "ann", "z"), ("u", "bob", "z")])
    tie, clear = run("MajorityVote", votes).conclusions
    assert tie.tied == ("a", "z")
    assert (tie.confidence, tie.answers) == (0.5, 2)
    assert tie.label == by_crowdkit("MajorityVote", votes).labels_["t"] == "z"
    assert (clear.tied, clear.confidence) == ((), 1.0)


def test_nearly_equal_weights_are_a_tie_too():
    rows = [(f"t{n}", worker, "a") for n in range(10) for worker in ("ann", "bob", "cem", "dai")]
    rows += [("x", "ann", "a"), ("x", "bob", "a"), ("x", "cem", "b"), ("x", "dai", "b")]
    found = {one.task: one for one in run("OneCoinDawidSkene", votes_from(rows), n_iter=1).conclusions}
    assert found["x"].tied == ()  # the prior decides: a is common
    assert run("Wawa", votes_from(rows[-4:])).conclusions[0].tied == ()  # who agrees with the first choice weighs more
    assert run("MajorityVote", votes_from(rows)).ties == 1


# ---- gold ----


def test_gold_is_a_certainty_to_dawid_skene_and_unknown_to_other_methods():
    gold = {"t00": "green"}  # against what everybody said
    votes = votes_from(
        [("t00", worker, "blue") for worker in ("ann", "bob", "cem")] + [("t01", "ann", "green"), ("t01", "bob", "blue")]
    )
    assert labels_of(run("DawidSkene", votes, gold))["t00"] == "green"
    for method in ("MajorityVote", "Wawa", "OneCoinDawidSkene", "GLAD", "MACE", "ZeroBasedSkill"):
        found = run(method, votes, gold, **few_rounds(method))
        assert found == run(method, votes, **few_rounds(method))
        assert labels_of(found)["t00"] == "blue"


def test_a_known_label_that_nobody_gave_counts_against_everybody_and_is_no_new_class():
    votes = votes_from(
        [("t", "ann", "a"), ("t", "bob", "b"), ("u", "ann", "a"), ("u", "bob", "b"), ("v", "ann", "b"), ("v", "bob", "b")]
    )
    found = run("GoldMajorityVote", votes, {"t": "never said", "u": "a", "v": "b"})
    assert {one.worker: one.skill for one in found.skills} == pytest.approx({"ann": 2 / 3, "bob": 1 / 3})
    assert set(labels_of(run("DawidSkene", votes, {"t": "never said"})).values()) <= {"a", "b"}
    assert run("DawidSkene", votes, {"t": "never said"}) == run("DawidSkene", votes)


# ---- refusals ----


def refused(method: str, votes: Votes, truth: dict[str, str] | None = None) -> AggregationRefused:
    with pytest.raises(AggregationRefused) as caught:
        run(method, votes, truth)
    assert caught.value.details["method"] == method
    return caught.value


def test_no_answers_no_result():
    for method in METHODS:
        refused(method, votes_from([]))


def test_gold_majority_vote_without_gold_is_refused_and_names_what_fits():
    error = refused("GoldMajorityVote", toy())
    assert "needs gold" in error.message
    assert "GoldMajorityVote" not in error.details["fitting"]
    assert "DawidSkene" in error.details["fitting"]


def test_a_worker_without_gold_is_a_reason_to_refuse_not_a_wrong_label():
    votes = votes_from([("g", "ann", "a"), ("t", "ann", "a"), ("t", "bob", "b")])
    assert "answered no gold" in refused("GoldMajorityVote", votes, {"g": "a"}).message


def test_a_task_of_workers_who_failed_all_gold_is_a_reason_to_refuse():
    votes = votes_from([("g", "ann", "b"), ("t", "ann", "b"), ("g", "bob", "a"), ("u", "bob", "a")])
    assert "all gold wrongly" in refused("GoldMajorityVote", votes, {"g": "a"}).message


def test_one_label_alone_is_too_few_for_methods_that_compare():
    votes = votes_from([(f"t{n}", worker, "a") for n in range(3) for worker in ("ann", "bob", "cem")])
    for method in ("GLAD", "MMSR"):
        assert refused(method, votes).details["limit"] == 2
    for method in ("MajorityVote", "Wawa", "DawidSkene", "OneCoinDawidSkene", "MACE", "ZeroBasedSkill"):
        assert set(labels_of(run(method, votes, **few_rounds(method))).values()) == {"a"}


SCARCE = {
    "one vote": [("t", "ann", "a")],
    "one task": [("t", "ann", "a"), ("t", "bob", "b"), ("t", "cem", "a")],
    "one worker": [("t", "ann", "a"), ("u", "ann", "b"), ("v", "ann", "a")],
    "a vote a task": [("t", "ann", "a"), ("u", "bob", "b"), ("v", "cem", "a"), ("x", "dai", "b")],
    "strangers": [("t", "ann", "a"), ("t", "bob", "a"), ("u", "cem", "b"), ("u", "dai", "b")],
    "opposites": [(f"t{n}", worker, "ab"[(n + k) % 2]) for n in range(4) for k, worker in enumerate(("ann", "bob"))],
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scarce", SCARCE)
def test_scarce_votes_end_in_labels_or_in_a_reason(method, scarce):
    votes = votes_from(SCARCE[scarce])
    gold = {"t": "a"} if METHODS[method].needs_gold else None
    try:
        found = run(method, votes, gold, **few_rounds(method))
    except AggregationRefused:
        assert method in ("MMSR", "GLAD", "GoldMajorityVote")
    else:
        assert [one.task for one in found.conclusions] == votes.tasks
        assert all(one.confidence is None or 0 <= one.confidence <= 1 for one in found.conclusions)
        assert all(one.skill is None or math.isfinite(one.skill) for one in found.skills)


def test_a_method_is_not_called_with_more_than_it_can_take():
    n = METHODS["GLAD"].votes_max + 1
    votes = votes_of_columns([f"t{k // 5}" for k in range(n)], [f"w{k % 5}" for k in range(n)], ["ab"[k % 2] for k in range(n)])
    error = refused("GLAD", votes)
    assert (error.details["limit"], error.details["got"]) == (n - 1, n)
    assert "MajorityVote" in error.details["fitting"]
    assert "GLAD" not in error.details["fitting"]


def test_more_probabilities_than_memory_are_refused():
    n = 8_000  # votes, each another label
    votes = votes_of_columns([f"t{k}" for k in range(n)], ["ann"] * n, [str(k) for k in range(n)])
    assert refused("DawidSkene", votes).details["got"] == n * n


def test_mmsr_is_refused_by_the_matrix_it_would_build():
    workers = 140  # who all agree: 9,730 pairs of them, each a row
    votes = votes_from([(f"t{n}", f"w{k}", "ab"[n % 2]) for n in range(4) for k in range(workers)])
    error = refused("MMSR", votes)
    assert error.details["got"] == workers + workers * (workers - 1) // 2
    assert error.details["limit"] == aggregation.MMSR_NODES_MAX
    assert refused("MMSR", votes_from([("t", f"w{k}", "ab"[k % 2]) for k in range(3001)])).details["limit"] == 3000


def test_mmsr_that_finds_no_skills_is_a_refusal_with_crowdkits_words():
    votes = votes_from([(f"t{n}", f"w{k}", "ab"[(n * k) % 2]) for n in range(6) for k in range(3)])
    assert "Skill value is missing" in refused("MMSR", votes).details["reason"]


# ---- parameters ----


def test_a_run_says_all_its_parameters():
    assert check_parameters("DawidSkene", {"n_iter": 7.0}) == {"n_iter": 7, "tol": 1e-5}
    assert check_parameters("MMSR", {}) == {"n_iter": 10_000, "tol": 1e-10, "random_state": 0}
    assert check_parameters("Wawa", {}) == {}


def test_defaults_are_crowdkits_own():
    import attr
    from crowdkit import aggregation as crowdkit

    for method, about in METHODS.items():
        own = {one.name: one.default for one in attr.fields(getattr(crowdkit, method))} if about.parameters else {}
        own |= {name: getattr(getattr(crowdkit, method), name) for name in about.parameters if name not in own}
        assert {name: knob.default for name, knob in about.parameters.items()} == {name: own[name] for name in about.parameters}


@pytest.mark.parametrize(
    ("method", "parameters", "field"),
    [
        ("Oracle", {}, "method"),
        ("MajorityVote", {"n_iter": 3}, "parameters.n_iter"),
        ("DawidSkene", {"n_iter": 0}, "parameters.n_iter"),
        ("DawidSkene", {"n_iter": 501}, "parameters.n_iter"),
        ("DawidSkene", {"n_iter": 1.5}, "parameters.n_iter"),
        ("DawidSkene", {"n_iter": True}, "parameters.n_iter"),
        ("DawidSkene", {"tol": "small"}, "parameters.tol"),
        ("DawidSkene", {"tol": math.nan}, "parameters.tol"),
        ("MACE", {"random_state": -1}, "parameters.random_state"),
        ("MACE", {"n_restarts": 5}, "parameters.n_restarts"),
    ],
)
def test_an_unknown_method_or_parameter_is_refused_with_what_there_is(method, parameters, field):
    with pytest.raises(BadParameter) as caught:
        check_parameters(method, parameters)
    assert caught.value.details["field"] == field
    assert {"known", "limit", "got"} & set(caught.value.details)


# ---- votes ----


def test_the_last_of_several_answers_to_a_task_stands():
    votes = votes_from([("t", "ann", "typo"), ("t", "bob", "b"), ("t", "ann", "a")])
    assert list(aggregation.rows_of(votes)) == [("t", "ann", "a"), ("t", "bob", "b")]
    assert votes.labels == ["a", "b"]


def test_csv_of_postgresql_is_read_as_it_was_meant():
    odd = [
        ("2", "w", "NA"),
        ("10", "w", ""),
        ("1", "w", 'a "b", c'),
        ("x", "v", "two\nlines\r"),
        ("x", "w", "null"),
        ("é", "w", "1.0"),
    ]
    quoted = "".join(",".join('"' + value.replace('"', '""') + '"' for value in row) + "\n" for row in odd)
    votes = votes_of_csv(io.BytesIO(quoted.encode()))
    assert list(aggregation.rows_of(votes)) == sorted(odd)
    assert votes.tasks == ["1", "10", "2", "x", "é"]
    assert len(votes_of_csv(io.BytesIO(b""))) == 0


def test_the_digest_covers_every_row_in_order_and_the_gold():
    rows = [("u", "bob", "b"), ("t", "ann", "a"), ("t", "bob", "a")]
    plain = "t\0ann\0a\0t\0bob\0a\0u\0bob\0b\0"
    assert aggregation.digest(votes_from(rows), {}) == hashlib.sha256(plain.encode()).hexdigest()
    with_gold = plain + "gold\0t\0a\0"
    assert aggregation.digest(votes_from(rows), {"t": "a"}) == hashlib.sha256(with_gold.encode()).hexdigest()
    assert aggregation.digest(votes_from(rows[:2]), {}) != aggregation.digest(votes_from(rows), {})


# ---- where crowd-kit is loaded ----


def test_a_web_process_loads_no_crowdkit():
    script = (
        "import sys, config.wsgi\n"
        "from django.urls import get_resolver\n"
        "def walk(patterns):\n"
        "    return sum(walk(p.url_patterns) if hasattr(p, 'url_patterns') else bool(p.callback) for p in patterns)\n"
        "assert walk(get_resolver().url_patterns) > 50\n"
        "import tasks.jobs, tasks.results, tasks.aggregation, tasks.agreement\n"
        "heavy = {'crowdkit', 'pandas', 'sklearn', 'numpy', 'scipy', 'nltk', 'transformers'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], cwd=BASE_DIR, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


# ---- the real crowds, where they lie beside the checkout ----

if REAL.is_dir():
    QUICK = ["MajorityVote", "Wawa", "DawidSkene"]
    CASES = [(name, method) for name in ("bluebirds", "snow_rte", "snow_temp", "dog", "d_product") for method in QUICK]
    CASES += [(name, method) for name in ("bluebirds", "snow_temp") for method in ("OneCoinDawidSkene", "MMSR", "MACE")]

    def real(name: str) -> Votes:
        import pandas as pd

        frame = pd.read_csv(REAL / name / "labels.csv.gz", dtype=str, keep_default_na=False)
        return votes_of_columns(list(frame["task"]), list(frame["worker"]), list(frame["label"]))

    @pytest.mark.parametrize(("name", "method"), CASES)
    def test_a_real_crowd_gets_crowdkits_own_labels_to_the_last_task(name, method):
        votes = real(name)
        found = run(method, votes)
        fitted = by_crowdkit(method, votes)
        assert labels_of(found) == dict(fitted.labels_)
        numbers = fitted.scores_ if method == "MMSR" else fitted.probas_
        for one in found.conclusions:
            assert one.confidence is None or one.confidence == pytest.approx(numbers.loc[one.task, one.label], abs=1e-9)

    def test_gold_gives_a_real_crowd_crowdkits_own_labels():
        import pandas as pd

        votes = real("snow_rte")
        frame = pd.read_csv(REAL / "snow_rte" / "truth.csv.gz", dtype=str)
        truth = dict(zip(frame.iloc[::5, 0], frame.iloc[::5, 1], strict=True))
        for method in ("DawidSkene", "GoldMajorityVote"):
            assert labels_of(run(method, votes, truth)) == dict(by_crowdkit(method, votes, true_labels=pd.Series(truth)).labels_)
