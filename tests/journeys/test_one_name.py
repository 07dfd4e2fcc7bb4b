"""A worker has one name for each organisation. Every route and every page is asked as a requester, and none tells who the worker is."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tasks import results
from tests.builders import Person, Visitor
from tests.journeys.test_matrix import LISTS, ROWS
from tests.journeys.world import build, ok, rows
from tests.tasks.scenes import COMMENT
from workforce import aliases, onboarding
from workforce.models import Worker

pytestmark = pytest.mark.django_db
NAME = "Wanda Unmistakable"
OF_NO_ORGANIZATION = ("admin/", "api/", "static/", "accounts/", "frames/", "files/", "schema/", "join/", "notifications/stop/")


class Listening:
    """Hears every answer that one person gets."""

    def __init__(self, monkeypatch: Any, person: Person) -> None:
        self.heard: list[tuple[str, str]] = []
        for name in ("get", "post", "upload"):
            monkeypatch.setattr(Person, name, self._listened(getattr(Person, name), person))

    def _listened(self, verb: Any, person: Person) -> Any:
        def call(who: Person, path: str, *args: Any, **kwargs: Any) -> Any:
            answer = verb(who, path, *args, **kwargs)
            if who is person:
                self.note(path, answer)
            return answer

        return call

    def note(self, path: str, answer: Any) -> None:
        if answer.streaming:
            content = b"".join(answer.streaming_content)
            answer.streaming_content = [content]
        else:
            content = answer.content
        self.heard.append((path, content.decode("utf-8", "replace") + str(answer.headers)))


@pytest.fixture
def world(rita, wanda, olga, monkeypatch):
    """Everything that a requester and a worker can have to do with each other; the requester's answers are heard."""
    Worker.objects.filter(id=wanda.worker.id).update(display_name=NAME)
    listening = Listening(monkeypatch, rita)
    ids = build(rita, wanda, olga)
    alias = aliases.alias_of(wanda.worker.id, rita.organization.id)
    results.execute_run(UUID(ids["run_id"]), now=rita.now)
    ok(wanda.post(f"assignments/{ids['assignment_id']}/flag", {"reason": "unclear"}), 201)
    ok(rita.post(f"skills/{ids['skill_id']}/grants", {"worker": alias, "value": 90}), 201)
    due = (rita.now + timedelta(days=2)).isoformat()
    pause = {"worker": alias, "project_id": ids["project_id"], "due_at": due, "blocks": True, "note": "Look again."}
    ok(rita.post(f"courses/{ids['course_id']}/assign", pause), 201)
    draft = ok(rita.post(f"projects/{ids['project_id']}/batches", _batch()), 201)["id"]
    kept = {"payload": {"text": "Kept"}, "reserved_for": [alias], "unavailable_for": [alias]}
    ok(rita.upload(f"batches/{draft}/tasks", rows(kept)), 201)
    rita.upload(f"batches/{draft}/tasks", rows({"payload": {"text": "x"}, "reserved_for": [str(wanda.worker.id)[:30]]}))
    rita.get(f"batches/{draft}/tasks")
    reply = {"verdict": "upheld", "reason": COMMENT}
    rita.post(f"appeals/{ids['appeal_id']}/decide", reply)
    return ids, listening, alias


def _batch() -> dict[str, Any]:
    return {"name": "Kept", "overlap": 1, "currency": "USD", "price_micros": 50_000, "estimate_seconds": 10}


def test_no_route_and_no_page_tells_an_organisation_who_a_worker_is(world, rita, wanda, rex):
    ids, listening, alias = world
    for route, methods in ROWS.items():
        if "get" in methods:
            rita.get(_filled(route, ids))
    for route in LISTS:
        rita.get(route)
    for path in (f"trainings?worker={alias}", f"grants?worker={alias}", f"decisions?worker={alias}"):
        assert ok(rita.get(path))["results"], path
    for query in ({}, {"format": "csv"}):
        rita.get(f"batches/{ids['batch_id']}/export", **query)
    visitor = Visitor(rita)
    asked = [path for path in pages() if (filled := _filled(path, ids)) and "<" not in filled]
    for path in asked:
        listening.note(path, visitor.get("/" + _filled(path, ids)))
    secrets = [str(wanda.worker.id), wanda.worker.id.hex, str(wanda.user.id), wanda.user.email, NAME]
    secrets += [aliases.alias_of(wanda.worker.id, other) for other in (rex.organization.id, None)]
    told = [(path, secret) for path, text in listening.heard for secret in secrets if secret in text]
    assert not [one for one in told if not _is_the_team_s(one, ids)]
    named = {path.split("?")[0].rsplit("/", 1)[-1] for path, text in listening.heard if alias in text}
    assert named >= {"grants", "trainings", "decisions", "assign", "tasks", "assignments", "threads", "skills", "export"}
    assert any("questions" in path and alias in text for path, text in listening.heard), "pages name the worker, too"
    assert len(listening.heard) > 100


def test_no_route_and_no_page_tells_a_worker_or_a_requester_which_person_decided(world, rita, wanda, olga):
    """By role, as `decided_by` says it: the person behind a decision is nobody's to know but the audit trail's."""
    ids, _, alias = world
    pause = next(one["id"] for one in ok(rita.get(f"decisions?worker={alias}"))["results"] if one["kind"] == "pause")
    ok(olga.post(f"decisions/{pause}/lift", {"reason": "It was too long."}), 201)
    ok(olga.post(f"tasks/{ids['task_id']}/retire-gold", {"reason": "Nobody can tell."}), 201)
    ok(rita.get(f"batches/{ids['batch_id']}/gold-changes"))

    def text_of(answer):
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return body.decode("utf-8", "replace")

    heard = []
    for name, person in (("wanda", wanda), ("rita", rita)):
        for route in [*(route for route, methods in ROWS.items() if "get" in methods), *LISTS]:
            heard.append((name, route, text_of(person.get(_filled(route, ids)))))
        visitor = Visitor(person)
        for path in pages():
            if "<" not in (filled := _filled(path, ids)):
                heard.append((name, path, text_of(visitor.get("/" + filled))))
    secrets = {"wanda": [str(rita.user.id), rita.user.email, str(olga.user.id), olga.user.email], "rita": [str(olga.user.id)]}
    assert not [(path, secret) for name, path, text in heard for secret in secrets[name] if secret in text]
    told = {one["kind"]: one["decided_by"] for one in ok(wanda.get("decisions"))["results"]}
    assert told["reject_work"] == told["pause"] == "organization"
    assert ok(wanda.get(f"appeals/{ids['appeal_id']}"))["decided_by"] in ("organization", None)


def _is_the_team_s(one: tuple[str, str], ids: dict[str, str]) -> bool:
    """A vendor's team sees the name that its members go by, as the page says on which they join; not who they are."""
    path, secret = one
    return path == f"organizations/{ids['vendor_id']}/team" and secret == NAME


def test_a_team_is_known_by_alias_too(world, rita, wanda):
    ids, _, alias = world
    [member] = ok(rita.get(f"organizations/{ids['vendor_id']}/team"))["results"]
    assert member["worker"] == aliases.alias_of(wanda.worker.id, UUID(ids["vendor_id"])) != alias
    assert member["display_name"] == NAME
    assert str(wanda.worker.id) not in str(member)


def test_the_name_is_shown_to_requesters_where_its_worker_lets_it(world, rita, wanda):
    ids, _, alias = world
    path = f"threads/{ids['thread_id']}"
    assert (ok(rita.get(path))["worker"], ok(rita.get(path))["worker_name"]) == (alias, None)
    assert NAME not in Visitor(rita).get(f"/questions/{ids['thread_id']}/").content.decode()
    onboarding.update_profile(wanda.worker.id, name_shown=True, now=rita.now)
    assert (ok(rita.get(path))["worker"], ok(rita.get(path))["worker_name"]) == (alias, NAME)
    assert f"{NAME} ({alias})" in Visitor(rita).get(f"/questions/{ids['thread_id']}/").content.decode()


def test_another_organisation_s_name_of_a_worker_finds_nobody(world, rita, rex, wanda):
    ids, _, _ = world
    theirs = aliases.alias_of(wanda.worker.id, rex.organization.id)
    aliases.note(wanda.worker.id, rex.organization.id, now=rex.now)
    for route in ("trainings", "grants", "decisions"):
        assert ok(rita.get(route, worker=theirs))["results"] == []
    assert rita.post(f"skills/{ids['skill_id']}/grants", {"worker": theirs, "value": 1}).status_code == 404
    assert rita.post(f"courses/{ids['course_id']}/assign", {"worker": theirs}).status_code == 404


def _filled(route: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        route = route.replace(f"<uuid:{name}>", value)
    return route


def pages() -> list[str]:
    """Every page of the site that is not the admin's or a stranger's."""

    def walk(resolver: URLResolver, prefix: str) -> list[str]:
        found: list[str] = []
        for one in resolver.url_patterns:
            path = prefix + str(one.pattern).lstrip("^")
            found += walk(one, path) if isinstance(one, URLResolver) else [path] if isinstance(one, URLPattern) else []
        return found

    return [path for path in walk(get_resolver(), "") if not path.startswith(OF_NO_ORGANIZATION)]
