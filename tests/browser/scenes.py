"""Scenes for the tests in a browser: a project with any interface, and an open batch of any tasks, made by the verbs themselves."""

import io
from collections.abc import Callable
from typing import Any

import orjson
from playwright.sync_api import Page

from foundation.ids import new_id
from payments.models import PayFloor
from tasks import importing, media, publishing, uploads
from tasks.models import Batch, Import, MediaFile, Project
from tests.builders import Person
from tests.tasks import scenes

GUIDELINE = "# What we ask\n\nLook at the **whole** of it before you decide.\n\n- One answer per task.\n- When in doubt, ask."


def project(rita: Person, interface: str, *, name: str = "Colours", guideline: str = GUIDELINE) -> Project:
    """A project of rita's with that interface and a first guideline."""
    assert rita.organization
    made = publishing.create_project(
        rita.actor, organization_id=rita.organization.id, name=name, description="", interface=interface, now=rita.now
    )
    publishing.add_guideline(rita.actor, made.id, text=guideline, now=rita.now)
    return made


def draft(rita: Person, of: Project, tasks: list[Any], *, gold: list[Any] = (), **fields: Any) -> Batch:  # type: ignore[assignment]
    """A draft batch; a task is a payload, or a whole row of an import ({"payload": …, "prelabel": …})."""
    settings = {"name": "First", "overlap": 1, "price_micros": 50_000, "currency": "USD", "estimate_seconds": 10}
    batch = publishing.create_batch(rita.actor, of.id, now=rita.now, **(settings | fields))
    for kind, rows in ((Import.Kind.TASKS, tasks), (Import.Kind.GOLD, gold)):
        if rows:
            upload(rita, batch, kind, [row if "payload" in row else {"payload": row} for row in rows])
    batch.refresh_from_db()
    return batch


def upload(rita: Person, batch: Batch, kind: str, rows: list[Any]) -> None:
    report = importing.import_rows(
        rita.actor,
        batch.id,
        kind=kind,
        stream=io.BytesIO(b"\n".join(map(orjson.dumps, rows))),
        content_type=uploads.NDJSON,
        skip_bad=False,
        key=None,
        now=rita.now,
    )
    assert report.state == Import.State.DONE, report.errors


def opened(
    rita: Person,
    olga: Person,
    interface: str = scenes.INTERFACE,
    tasks: list[Any] | None = None,
    *,
    of: Project | None = None,
    **fields: Any,
) -> Batch:
    """An open batch, funded by its requester. Without tasks: three short texts."""
    if not PayFloor.objects.exists():
        scenes.floor(olga)
    scenes.funds(olga, rita, reference=f"wire {new_id()}")
    rows = tasks if tasks is not None else [{"text": f"Text number {n}"} for n in range(3)]
    batch = draft(rita, of or project(rita, interface), rows, **fields)
    return publishing.publish(rita.actor, batch.id, now=rita.now)


def file(rita: Person, name: str, content: bytes) -> MediaFile:
    """A file in the store of rita's organisation; `media.address_of(it)` is what a payload says."""
    assert rita.organization
    return media.receive(rita.actor, rita.organization.id, name=name, stream=io.BytesIO(content), now=rita.now)


def until(page: Page, happened: Callable[[], bool]) -> None:
    """Wait, with the page alive, for something that shows in the database only."""
    for _ in range(200):
        if happened():
            return
        page.wait_for_timeout(50)
    raise AssertionError("It never happened.")
