"""24 annotators, 300 tasks, overlap 3, many times over: exactly 900 are handed out, each time, and every task finishes.

    make bench name=overlap                       # 100 repeats
    make bench name=overlap args="--repeats 10"

The last line is one JSON object: repeats, handed_out (all repeats together), over, starved.
"""

import argparse
import os
import time
from datetime import UTC, datetime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["FAIRHAND_DATABASE"] = "bench_overlap"
os.environ.setdefault("FAIRHAND_DEBUG", "1")

import django

django.setup()

import orjson
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from tests.races.crowd import all_at_once, scene
from tests.races.test_overlap import OVERLAP, TASKS, THREADS, work_until_nothing_is_left


def main() -> None:
    """Repeat the race and add up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=100)
    options = parser.parse_args()
    settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"] = THREADS + 2
    call_command("migrate", verbosity=0)
    total = {"repeats": options.repeats, "handed_out": 0, "wanted": options.repeats * TASKS * OVERLAP, "over": 0, "starved": 0}
    started = time.perf_counter()
    for repeat in range(options.repeats):
        place = scene(tasks=TASKS, overlap=OVERLAP, workers=THREADS, now=datetime(2026, 3, 2, 9, tzinfo=UTC))
        all_at_once(lambda n, place=place: work_until_nothing_is_left(place, place.workers[n]), THREADS)
        counts = place.counts()
        total["handed_out"] += counts["handed_out"]
        total["over"] += counts["over"]
        total["starved"] += counts["unfinished"]
        print(f"{repeat + 1}: {counts}", flush=True)
    total["pairs_per_s"] = round(total["handed_out"] / (time.perf_counter() - started), 1)
    connection.close()
    print(orjson.dumps(total).decode())


if __name__ == "__main__":
    main()
