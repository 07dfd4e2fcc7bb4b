"""`manage.py replay DIR`: live a real crowd's labels through the HTTP API, and hold the results against the truth."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from config.management.commands.demo import operator_token
from config.processes import Cluster, WebServer
from simulation import history, judging
from simulation.replay import Replay, Told

FAST = ["MajorityVote", "Wawa", "DawidSkene", "OneCoinDawidSkene", "ZeroBasedSkill", "GoldMajorityVote"]
ALL = [*FAST, "MMSR", "GLAD", "MACE"]


class Command(BaseCommand):
    """Stop it with Ctrl-C and run it again: it goes on where it stopped. `--fresh` starts over."""

    help = "Replay a directory of labels.csv.gz and truth.csv.gz through the API."

    def add_arguments(self, parser: CommandParser) -> None:
        """What, how much, and against which site."""
        parser.add_argument("directory", type=Path)
        parser.add_argument("--limit", type=int, help="Only the first so many labels.")
        parser.add_argument("--gold", type=float, default=0.1, help="The share of the truth used as gold.")
        parser.add_argument("--methods", nargs="+", choices=ALL, default=ALL)
        parser.add_argument("--threads", type=int, default=4)
        parser.add_argument("--fresh", action="store_true", help="Forget an earlier run of this directory.")
        parser.add_argument("--no-compare", action="store_true", help="Do not run crowd-kit directly beside.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start what is needed, live the history, judge it. Exit code 1 when a result differs from crowd-kit's own."""
        console = Console(width=118)
        try:
            lived_by = history.read(options["directory"], limit=options["limit"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        folder = settings.DATA_DIR / "replay" / f"{lived_by.name}-{options['limit'] or 'all'}"
        if options["fresh"]:
            (folder / "replay.json").unlink(missing_ok=True)
        call_command("migrate", verbosity=0)
        with WebServer() as web, Cluster():
            replay = Replay(
                web.address,
                operator_token(),
                lived_by,
                Told.of(folder),
                gold_share=options["gold"],
                threads=options["threads"],
            )
            console.print(
                f"{lived_by.name}: {len(lived_by.labels)} labels ({lived_by.repeated} replaced by a later one of the same person)"
            )
            requester, batch_id = replay.prepare()
            columns = [TextColumn("answers"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
            with Progress(*columns, console=console) as bar:
                answers = bar.add_task("answers", total=len(lived_by.labels))
                lived = replay.live(batch_id, progress=lambda n: bar.advance(answers, n))
            equal = judging.show(console, lived_by, lived, requester, options["methods"], compare=not options["no_compare"])
        if not equal:
            sys.exit(1)
