"""The demo's showcase with few tasks of every type, for tests."""

from dataclasses import replace

from simulation.postings import Posting, all_postings

ORDINARY, GOLD = 4, 1
ENOUGH_FOR_ACCURACY = "tickets"  # all of it: accuracy is shown in fives


def few() -> list[Posting]:
    """Every posting with its first four tasks and one gold, and all of the one that shows accuracy."""
    return [
        one
        if one.slug == ENOUGH_FOR_ACCURACY
        else replace(one, items=[*one.ordinary[:ORDINARY], *one.gold[:GOLD]], files=_shown(one))
        for one in all_postings()
    ]


def _shown(posting: Posting) -> dict[str, bytes]:
    items = [*posting.ordinary[:ORDINARY], *posting.gold[:GOLD]]
    named = {value.removeprefix("file:") for item in items for value in item.payload.values() if isinstance(value, str)}
    return {name: body for name, body in posting.files.items() if name in named}
