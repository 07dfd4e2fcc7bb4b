"""Was it right? A replay's results beside the truth, and beside crowd-kit called directly on the same rows."""

import warnings
from typing import Any

from rich.console import Console
from rich.table import Table

from simulation import voting
from simulation.client import Client
from simulation.history import History
from simulation.replay import ACCURACY_BAR, Life, Lived

MICROS = 1_000_000


def directly(history: History, method: str, gold: dict[str, str], worker_ids: dict[str, str]) -> dict[str, str] | str:
    """crowd-kit's own labels for the history's rows, ordered by task and worker; its error as text where it fails.

    Workers go by the ids the site gave them: methods that start at random depend on the order of the rows.
    """
    import pandas as pd
    from crowdkit import aggregation

    rows = sorted((label.task, worker_ids[label.worker], label.label) for label in history.labels)
    frame = pd.DataFrame(rows, columns=["task", "worker", "label"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitted = getattr(aggregation, method)()
            if method == "GoldMajorityVote":
                return {str(k): str(v) for k, v in fitted.fit_predict(frame, pd.Series(gold, name="label")).items()}
            return {str(task): str(label) for task, label in fitted.fit_predict(frame).items()}
        except Exception as error:  # crowd-kit's known failures; shown beside our refusal
            return f"{type(error).__name__}: {str(error)[:60]}"


def show(console: Console, history: History, lived: Lived, requester: Client, methods: list[str], *, compare: bool) -> bool:
    """Aggregate by every method, print the report, and return False when any result differs from crowd-kit's own."""
    runs = voting.aggregate(requester, lived.batch_id, methods)
    table = Table(title=f"{history.name}: {len(history.labels)} labels, {len(lived.lives)} workers", title_justify="left")
    for column in ("method", "accuracy", "right", "ties", "as crowd-kit directly"):
        table.add_column(column, justify="left" if column == "method" else "right")
    equal = True
    alpha = None
    worker_ids = {life.name: life.worker_id for life in lived.lives}
    for method, run in runs.items():
        direct = directly(history, method, lived.gold, worker_ids) if compare else {}
        if run["state"] != "done":
            equal = equal and run["state"] == "refused"  # a refusal is no wrong label; a failure is our mistake
            said = f"crowd-kit: {direct}" if isinstance(direct, str) else ""
            table.add_row(method, "", "", "", f"{run['state']}: {run['refusal']['message']} {said}")
            continue
        alpha = run["agreement"]
        labels = voting.labels_of(requester, run["id"])
        right, known = voting.accuracy(labels, history.truth)
        verdict = ""
        if isinstance(direct, dict) and compare:
            different = sum(labels.get(task) != label for task, label in direct.items()) + abs(len(labels) - len(direct))
            equal = equal and different == 0
            verdict = f"equal, all {len(direct)}" if different == 0 else f"DIFFERENT in {different}"
        elif isinstance(direct, str):
            equal, verdict = False, f"crowd-kit failed: {direct}"
        share = f"{right / known:.4f}" if known else "no truth"
        table.add_row(method, share, f"{right} of {known}", str(run["ties"]), verdict)
    console.print(table)
    if alpha is not None:
        console.print(f"[bold]Agreement[/] Krippendorff's alpha {alpha:.3f}")
    _pauses(console, history, lived)
    _pay(console, lived, requester)
    return equal


def _accuracy(history: History, life: Life) -> float | None:
    known = [label for label in life.labels if label.task in history.truth]
    return sum(label.label == history.truth[label.task] for label in known) / len(known) if known else None


def _pauses(console: Console, history: History, lived: Lived) -> None:
    paused = [life for life in lived.lives if life.pauses]
    if not paused:
        console.print(f"[bold]Paused[/]    nobody ({len(lived.gold)} gold tasks, bar {ACCURACY_BAR:.0%})")
        return
    accuracies = [accuracy for life in paused if (accuracy := _accuracy(history, life)) is not None]
    right = sum(accuracy < ACCURACY_BAR for accuracy in accuracies)
    console.print(
        f"[bold]Paused[/]    {len(paused)} of {len(lived.lives)} workers ({sum(len(life.pauses) for life in paused)} times, bar "
        f"{ACCURACY_BAR:.0%}); {right} of {len(accuracies)} are under the bar on all the truth there is: "
        + ", ".join(f"{life.name} {accuracy:.0%}" for life in paused[:8] if (accuracy := _accuracy(history, life)) is not None)
    )


def _pay(console: Console, lived: Lived, requester: Client) -> None:
    seconds = held = earned = 0.0
    for life in lived.lives:
        pay: dict[str, Any] = Client(requester.address, token=life.token, at=requester.at).get("me/pay")
        seconds += pay["seconds_total"]
        held += sum(row["held_micros"] for row in pay["currencies"])
        earned += sum(row["earned_micros"] for row in pay["currencies"])
    hours = seconds / 3600
    rate = (held + earned) / MICROS / hours if hours else 0
    console.print(
        f"[bold]Time, pay[/] {hours:.1f} hours, {(held + earned) / MICROS:.2f} USD earned or held, {rate:.2f} USD per hour of credited time"
    )
    console.print(
        f"[bold]Speed[/]     {lived.requests} requests in {lived.seconds:.0f} s: {lived.requests / max(lived.seconds, 0.001):.0f} per second"
    )
