"""Thousands of lives of a batch, drawn by chance: work, verdicts, appeals, late answers, closing, leaving, with the funds gone in between.

    make bench name=money_fuzz                                  # 2,000 sequences, in as many processes as there are cores
    make bench name=money_fuzz args="--sequences 100 --first 5000"

Each sequence is lived through the verbs at simulated time beside a model that knows only the rules, and rolled back (tests/ledger/lives.py).
A seed in which something is found is printed with its story. The last line is one JSON object: sequences, unpaid (rightful payments that
were not made), paid_twice (an answer paid twice or unduly, or a requester charged twice), negative (an account below zero, or an escrow short
of what it may have to pay), escrow_left (escrows not empty at the end).
"""

import argparse
import logging
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime

import orjson

FINDINGS = ("unpaid", "paid_twice", "negative", "escrow_left")


def main() -> None:
    """Share the seeds among processes, each on a database of its own: the audit chain is one, and lives hold it to their end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--part", type=int, help=argparse.SUPPRESS)  # this is one of the processes
    options = parser.parse_args()
    if options.part is not None:
        live(options.part, range(options.first + options.part, options.first + options.sequences, options.processes))
        return
    total: Counter[str] = Counter(dict.fromkeys(("sequences", *FINDINGS), 0))
    arguments = ["--sequences", str(options.sequences), "--first", str(options.first), "--processes", str(options.processes)]
    parts = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "bench.money_fuzz", *arguments, "--part", str(n)], stdout=subprocess.PIPE
        )
        for n in range(options.processes)
    ]
    for part in parts:
        assert part.stdout
        for line in part.stdout:
            if line.startswith(b"{"):
                total.update(orjson.loads(line))
            else:
                print(line.decode(), end="", flush=True)
    if any(part.wait() for part in parts):
        sys.exit("a process failed")
    if total["sequences"] >= 50 and not (total["reject"] and total["appeal"] and total["decide"] and total["drain"]):
        sys.exit("too little happened for these sequences to say anything")
    print("what happened:", ", ".join(f"{name} {n}" for name, n in total.most_common() if name not in ("sequences", *FINDINGS)))
    print(orjson.dumps({name: total[name] for name in ("sequences", *FINDINGS)}).decode())


def live(part: int, seeds: range) -> None:
    """Live these seeds; the last line printed is what was found and what happened."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["FAIRHAND_DATABASE"] = f"bench_money_fuzz_{part}"
    os.environ.update(FAIRHAND_DEBUG="1", FAIRHAND_SIMULATION="1")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from tests.ledger import lives

    logging.disable(logging.ERROR)  # refusals are part of the play
    call_command("migrate", verbosity=0)
    people = lives.cast(datetime(2026, 3, 2, 9, tzinfo=UTC))
    total: Counter[str] = Counter()
    for seed in seeds:
        life = lives.Life(people, seed)
        findings = life.run()
        total += findings
        total["sequences"] += 1
        total.update(re.sub(r"^\d+ [\d:]+ ", "", line) for line in life.story if line[:1].isdigit())
        if findings:
            print(f"seed {seed}: {dict(findings)}", *life.story, sep="\n  ", flush=True)
        if total["sequences"] % 100 == 0:
            print(f"process {part}: {total['sequences']} of {len(seeds)}", flush=True)
    connection.close()
    print(orjson.dumps(total).decode(), flush=True)


if __name__ == "__main__":
    main()
