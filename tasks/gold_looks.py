"""Does gold look like the other tasks? Compared before a batch opens, on a sample: which payload fields, of which types, and a suggestion or none.

A look is one such combination. Gold of a look that is rare among the other tasks can be told by it: whoever sees one guesses gold, and is
right far more often than its share. So every look of gold has to be about as common among the others.
"""

import random
from collections import Counter
from typing import Any

from foundation.statements import rows_of
from tasks.errors import GoldStandsOut
from tasks.models import Batch

SAMPLE = 2_000  # tasks of each kind that are looked at, whatever the size of the batch
TOLERANCE = 3  # a look may be so many times as common among gold as among the others: a few gold tasks are never a true sample
SUGGESTION = "prelabel"
NAMED_MAX = 5

LOOK = """
SELECT t.key,
       ARRAY (SELECT e.key FROM jsonb_each(t.payload) AS e ORDER BY e.key) AS fields,
       ARRAY (SELECT jsonb_typeof(e.value) FROM jsonb_each(t.payload) AS e ORDER BY e.key) AS types,
       EXISTS (SELECT FROM tasks_prelabel p WHERE p.task_id = t.id) AS suggested
  FROM tasks_task t
"""
GOLD = LOOK + "WHERE t.batch_id = %(batch_id)s AND t.lane = 2 ORDER BY t.position LIMIT %(sample)s"
OTHERS = (
    LOOK
    + """
 WHERE t.project_id = %(project_id)s AND t.batch_id = %(batch_id)s AND t.lane IN (0, 1) AND t.need > 0 AND t.position = ANY (%(positions)s)
"""
)

Look = frozenset[tuple[str, str]]  # field and type; SUGGESTION as a field of no payload


def refuse_if_it_stands_out(batch: Batch) -> None:
    """Raises GoldStandsOut, naming the fields that tell and some of the gold tasks. Reads SAMPLE tasks of each kind at most.

    A pilot is judged by the batch it tries out: it has too few tasks to be a sample of its own.
    """
    whole = batch.pilot_of or batch
    gold = rows_of(GOLD, {"batch_id": whole.id, "sample": SAMPLE})
    if not gold:
        return
    parameters = {"project_id": whole.project_id, "batch_id": whole.id, "positions": _positions(whole)}
    others = Counter(_look(row) for row in rows_of(OTHERS, parameters))
    looks = Counter(_look(row) for row in gold)
    for look, times in looks.most_common():
        if others and others[look] * len(gold) * TOLERANCE < times * others.total():
            usual = others.most_common(1)[0][0]
            raise GoldStandsOut(
                field="gold",
                only_gold=_named(look - usual),
                only_others=_named(usual - look),
                tasks=[row["key"] for row in gold if _look(row) == look][:NAMED_MAX],
            )


def _positions(batch: Batch) -> list[int]:
    every = range(1, batch.tail + 1)
    return list(every) if len(every) <= SAMPLE else random.Random(batch.id.int).sample(every, SAMPLE)  # noqa: S311 - a sample, no secret


def _look(row: dict[str, Any]) -> Look:
    fields = {(f"payload.{name}", kind) for name, kind in zip(row["fields"], row["types"], strict=True)}
    return frozenset(fields | ({(SUGGESTION, "")} if row["suggested"] else set()))


def _named(fields: Look) -> list[str]:
    return sorted(f"{name} ({kind})" if kind else name for name, kind in fields)[:50]
