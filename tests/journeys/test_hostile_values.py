"""Every field of every command, and every filter of every list, with what nobody should send: refused or taken, never our mistake.

And what was stored before there was a gate: one bad row is one bad row.
"""

import copy
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from django.apps import apps
from django.db import connection, models, transaction
from django.urls import URLPattern, URLResolver, get_resolver

from foundation.fields import JSONField
from tests.builders import Person, Visitor
from tests.journeys import test_idempotency, test_matrix
from tests.journeys.world import build, ok

pytestmark = pytest.mark.django_db

HOSTILE: list[Any] = [[[]], {"a": [1]}, 2**53 - 1, "²", "9" * 5000, None, True, 10**21]
TEXTS = ["²", "9" * 4999, "x\0y", "-1", "[]", "'", "٣"]
PAGES = {  # address → parameters that it reads
    "/jobs/": ["order"],
    "/my/work/": ["before", "state", "batch"],
    "/my/earnings/": ["before"],
    "/my/time/": ["until"],
    "/notifications/": ["page", "show"],
    "/questions/": ["page", "show", "kind"],
}


def spoilt(body: Any) -> Iterator[tuple[str, Any]]:
    """The body with one value in it replaced, for every value and everything hostile."""

    def places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        if path:
            yield path
        inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
        for step, one in inner:
            yield from places(one, (*path, step))

    for path in places(body, ()):
        for evil in HOSTILE:
            worse = copy.deepcopy(body)
            at = worse
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = evil
            yield f"{path} = {str(evil)[:20]}", worse


def sent(person: Person, path: str, body: Any) -> int:
    """The status; whatever it did is undone."""
    with transaction.atomic():
        status = person.post(path, body).status_code if isinstance(body, dict) else person.upload(path, body).status_code
        transaction.set_rollback(True)
    return int(status)


def test_no_value_in_any_body_is_our_mistake(rita, wanda, olga):
    ids = build(rita, wanda, olga)
    ok(wanda.post(f"agreements/{ids['agreement_id']}/accept"))
    calls = [(path, who, body) for _, who, path, body, _, _ in test_idempotency.commands(rita, wanda, olga, ids)]
    known = test_matrix.bodies(ids)
    for route, methods in test_matrix.ROWS.items():
        path = route
        for name, value in ids.items():
            path = path.replace(f"<uuid:{name}>", value)
        body = known.get(path.rsplit("/", 1)[-1])
        if "post" in methods and body and not path.endswith(("/tasks", "/gold")):
            who = wanda if route.startswith(("assignments", "attempts", "lessons", "decisions")) else rita
            calls.append((path, wanda if path.endswith(("/practise", "/save")) else who, body))
    wrong = []
    for path, who, body in calls:
        whole = orjson.loads(body) if isinstance(body, bytes) else body
        for what, worse in spoilt(whole):
            if isinstance(body, bytes):
                try:
                    worse = orjson.dumps(worse)
                except TypeError:
                    worse = str(worse).replace("'", '"').encode()
            status = sent(who, path, worse)
            if status >= 500:
                wrong.append((path, what, status))
    assert not wrong


def lists() -> Iterator[tuple[str, list[str]]]:
    """Every list with closed filters, and their names."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, list[str]]]:
        for one in resolver.url_patterns:
            if isinstance(one, URLResolver):
                yield from walk(one, prefix + str(one.pattern))
            elif isinstance(one, URLPattern) and hasattr(getattr(one.callback, "view_class", None), "filters"):
                yield prefix + str(one.pattern), list(one.callback.view_class.filters)

    return walk(get_resolver(), "")


def test_no_filter_of_any_list_is_our_mistake(rita, wanda, olga):
    ids, found = build(rita, wanda, olga), 0
    for route, filters in lists():
        path = route.removeprefix("api/v1/")
        for name, value in ids.items():
            path = path.replace(f"<uuid:{name}>", value)
        who = wanda if path.startswith(("assignments", "attempts", "me/", "trainings")) else rita
        for name in [*filters, "cursor", "page_size"]:
            for text in TEXTS:
                assert who.get(path, **{name: text}).status_code < 500, (path, name, text)
        for size in ("²", "9" * 4999, "0", "-1", "x"):
            refused = who.get(path, page_size=size)
            assert (refused.status_code, refused.json()["code"]) == (400, "bad_page_size"), path
        assert who.get(path, x="a\0b").status_code == 400
        found += 1
    assert found > 25


def test_no_parameter_of_any_page_is_our_mistake(rita, wanda, olga):
    build(rita, wanda, olga)
    visitor, seen = Visitor(wanda), 0
    for path, names in PAGES.items():
        for name in names:
            for text in TEXTS:
                answer = visitor.get(path, **{name: text})
                assert answer.status_code < 500, (path, name, text)
                seen += answer.status_code != 404
            assert visitor.get(path, **{name: "a\0b"}).status_code == 400, (path, name)
    assert seen > 50


def test_every_json_column_goes_through_the_gate():
    ours = {"foundation", "workforce", "qualification", "payments", "tasks"}
    plain = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in ours
        for field in model._meta.get_fields()
        if isinstance(field, models.JSONField) and not isinstance(field, JSONField)
    ]
    assert not plain, "import JSONField from foundation.fields"


@pytest.mark.parametrize(
    "raw", ['{"x": 123456789012345678901}', '{"x": 1e21}', '{"x": 1e5000}', '{"a":' * 260 + "1" + "}" * 260, '{"a":' * 1500 + "1" + "}" * 1500]
)  # fmt: skip
def test_a_row_from_before_the_gate_is_one_bad_row(rita, wanda, olga, raw):
    ids = build(rita, wanda, olga)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # reviews and answers are never edited
        cursor.execute("UPDATE tasks_task SET payload = %s WHERE batch_id = %s AND key = 't0'", [raw, ids["batch_id"]])
        cursor.execute("UPDATE tasks_review SET evidence = %s WHERE reason <> ''", [raw])
        cursor.execute("UPDATE tasks_answer SET result = %s WHERE assignment_id = %s", [raw, ids["assignment_id"]])
        cursor.execute("UPDATE workforce_decision SET inputs = %s", [raw])
        cursor.execute("SET LOCAL session_replication_role = origin")
    rows = ok(rita.get(f"batches/{ids['batch_id']}/tasks"))["results"]
    assert len(rows) == 7
    assert {row["key"]: row["payload"] for row in rows if row["key"] != "t0"}["t1"] == {"text": "Text 1"}
    assert [row["key"] for row in rows if row.get("unreadable") or "unreadable" in (row["payload"] or {})] == ["t0"]
    answers = ok(rita.get(f"batches/{ids['batch_id']}/assignments"))["results"]
    assert len(answers) == 3
    assert len(ok(wanda.get("decisions"))["results"]) >= 1
    ok(wanda.get(f"decisions/{ids['decision_id']}"))
    for row in ok(wanda.get("assignments"))["results"]:
        ok(wanda.get(f"assignments/{row['id']}"))
        assert Visitor(wanda).get(f"/my/work/{row['id']}/").status_code in (200, 404)
    assert Visitor(wanda).get("/my/work/").status_code in (200, 404)
    export = rita.get(f"batches/{ids['batch_id']}/export")
    lines = b"".join(export.streaming_content).splitlines()
    assert len([orjson.loads(line) for line in lines]) >= 2
    b"".join(rita.get(f"batches/{ids['batch_id']}/export", format="csv").streaming_content)
