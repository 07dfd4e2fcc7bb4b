"""One screen at the end of a demo: what came out, who was paused, what people earned, and that the money adds up."""

import statistics
from typing import Any

from rich.console import Console
from rich.table import Table

from simulation import voting
from simulation.demo import DEPOSIT_MICROS, Labeller, Story
from simulation.showcase import Account, Shown

MICROS = 1_000_000


def show(story: Story, console: Console, address: str) -> bool:
    """Print the report; False when the money does not add up."""
    console.print(_labels(story))
    console.print(_people(story))
    spent = _spent(story)
    fine = story.funds_micros + spent["earned"] + spent["held"] + spent["fees"] + story.escrow_micros == DEPOSIT_MICROS
    console.print(
        f"[bold]Money[/]  paid in {DEPOSIT_MICROS / MICROS:.2f} = earned {spent['earned'] / MICROS:.2f} + held {spent['held'] / MICROS:.2f}"
        f" + fees {spent['fees'] / MICROS:.2f} + kept in case the rejection is overturned {story.escrow_micros / MICROS:.2f}"
        f" + back with the requester {story.funds_micros / MICROS:.2f} USD: "
        + ("[green]adds up[/]" if fine else "[red]DOES NOT ADD UP[/]")
    )
    _tell_of_pilot(story, console)
    rejected = story.rejection
    console.print(
        f"[bold]Review[/] one answer rejected ({rejected['task_key']} shows {rejected['shown']}, answered {rejected['said']}), its place "
        f"filled again; {story.progress['accepted']} accepted by the deadline; {story.progress['expired']} leases expired, "
        f"{story.progress['returned']} returned; {story.progress['complete']} of {story.progress['tasks']} tasks complete"
    )
    console.print(f"[bold]Site[/]   {story.requests} requests in {story.seconds:.0f} s; API documentation {address}/api/docs/")
    return fine


def _tell_of_pilot(story: Story, console: Console) -> None:
    times, price = story.pilot["times"], story.pilot["price"]
    [agreed] = story.pilot["agreement"]
    console.print(
        f"[bold]Pilot[/]  {times['workers']} people, {times['answers']} answers: {times['p10']:.0f}, {times['p50']:.0f}, {times['p90']:.0f} s "
        f"(p10, p50, p90), agreement {agreed['alpha']:.2f}, gold {story.pilot['gold']['score']:.0%} right; it suggests "
        f"{price['suggested_price_micros'] / MICROS:.4f} USD, published at {story.quote['price_micros'] / MICROS:.4f}"
    )


def show_around(shown: Shown, operator: Account, console: Console, address: str, *, mail: str) -> None:
    """Print who can sign in, and where."""
    console.print()
    table = Table(
        title=f"Look around: {address}  ({shown.tasks} tasks of {shown.types} types, {shown.answers} answers)",
        title_justify="left",
    )
    for column in ("sign in as", "email", "password", "what there is to see"):
        table.add_column(column)
    for account in [*shown.accounts, operator]:
        table.add_row(account.who, account.email, account.password, account.see)
    console.print(table)
    console.print(
        f"Whoever follows {shown.invitation} is invited to the vendor's team; sign up to live it all from the beginning."
    )
    console.print(f"Mail is not sent but kept, one file each, in {mail}. `make stop` stops the site; its data stays.")


def _labels(story: Story) -> Table:
    table = Table(title=f"Labels: {len(story.truth)} digits, {story.export_rows} answers", title_justify="left")
    for column in ("method", "accuracy", "right", "ties", "agreement (alpha)", "state"):
        table.add_column(column, justify="left" if column in ("method", "state") else "right")
    for method, run in story.runs.items():
        if run["state"] != "done":
            table.add_row(method, "", "", "", "", f"{run['state']}: {run['refusal']['message']}")
            continue
        right, known = voting.accuracy(story.labels[method], story.truth)
        alpha = f"{run['agreement']:.3f}" if run["agreement"] is not None else ""
        table.add_row(method, f"{right / known:.3f}", f"{right} of {known}", str(run["ties"]), alpha, run["state"])
    return table


def _people(story: Story) -> Table:
    table = Table(title="People, by behaviour", title_justify="left")
    for column in ("behaviour", "people", "answers", "really right", "paused by gold", "hours", "USD/h (median)"):
        table.add_column(column, justify="left" if column == "behaviour" else "right")
    by_behaviour: dict[str, list[Labeller]] = {}
    for one in story.labellers:
        by_behaviour.setdefault(one.behaviour.name, []).append(one)
    for name, group in by_behaviour.items():
        answers = sum(one.answers for one in group)
        hours = sum(one.pay["seconds_total"] for one in group) / 3600
        rates = [rate / MICROS for one in group if (rate := _rate(one.pay)) is not None]
        table.add_row(
            name,
            str(len(group)),
            str(answers),
            f"{sum(one.right for one in group) / answers:.0%}" if answers else "",
            f"{sum(one.paused is not None for one in group)} of {len(group)}",
            f"{hours:.2f}",
            f"{statistics.median(rates):.2f}" if rates else "",
        )
    return table


def _rate(pay: dict[str, Any]) -> int | None:
    rates = [row["hourly_micros"] for row in pay["currencies"] if row["hourly_micros"] is not None]
    return int(rates[0]) if rates else None


def _spent(story: Story) -> dict[str, int]:
    earned = sum(row["earned_micros"] for one in story.labellers for row in one.pay["currencies"])
    held = sum(row["held_micros"] for one in story.labellers for row in one.pay["currencies"])
    return {
        "earned": earned,
        "held": held,
        "fees": story.progress["accepted"] * int(story.quote["fee_micros"]) + story.pilot_fees_micros,
    }
