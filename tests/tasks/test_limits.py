"""What an account or an organisation keeps is bounded, whoever asks at the same moment, and the refusal says the limit."""

import contextlib
import io
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site
from django.core.files.storage import default_storage

from foundation.errors import DomainError
from foundation.ids import new_id
from qualification import examining, granting, training
from tasks import asking, correcting, importing, media, practising, publishing, results, reviewing, uploads
from tasks.errors import BadUpload
from tasks.models import Gold, MediaFile, Project
from tests import builders
from tests.browser import materials
from tests.builders import known
from tests.races.crowd import all_at_once
from tests.tasks import learning_scenes, scenes
from workforce import limits, members, teams, tokens
from workforce.errors import LimitReached
from workforce.models import Usage


def _exam(rita: Any, n: int) -> Any:
    return examining.create_exam(
        rita.actor,
        organization_id=rita.organization.id,
        skill_id=learning_scenes.skill(rita, f"Skill {new_id()}").id,
        title="Colours",
        interface=scenes.INTERFACE,
        questions=[{"id": "q", "labels": ["a"]}],
        questions_per_attempt=1,
        pass_percent=50,
        time_limit_seconds=60,
        max_attempts=1,
        retry_delay_seconds=60,
        now=rita.now,
    )


def _batch(project: Project, rita: Any) -> Any:
    return publishing.create_batch(
        rita.actor, project.id, name="B", overlap=1, price_micros=50_000, currency="USD", estimate_seconds=10, now=rita.now
    )


def _upload(rita: Any, batch_id: Any, rows: int = 1) -> Any:
    body = b"\n".join(b'{"payload": {"text": "x"}}' for _ in range(rows))
    return importing.import_rows(
        rita.actor,
        batch_id,
        kind="tasks",
        stream=io.BytesIO(body),
        content_type=uploads.NDJSON,
        skip_bad=False,
        key=None,
        now=rita.now,
    )


def _file(rita: Any) -> MediaFile:
    return media.receive(rita.actor, rita.organization.id, name="a.png", stream=io.BytesIO(materials.picture()), now=rita.now)


def _verbs(rita: Any, wanda: Any, olga: Any) -> dict[str, Callable[[int], Any]]:
    """Per limit, what adds the nth of it."""
    now, owner = rita.now, rita.organization.id
    project = scenes.project(rita)
    draft = scenes.draft(rita, of=project)
    opened = scenes.opened(rita, olga, tasks=5)
    courses = [learning_scenes.course(rita, reading=False) for _ in range(4)]
    vera = builders.person("vera", now=now)
    vera.organization = members.create_organization(vera.actor, name="Vera", kind="vendor", now=now)
    for name in ("ada", "bea", "cleo", "dora"):
        builders.person(name, now=now)
    hers, names = known(wanda, rita), ["ada", "bea", "cleo", "dora"]
    handed_in = scenes.answered(wanda, opened, count=3)
    skills = [granting.create_skill(rita.actor, organization_id=owner, name=f"T{n}", description="", now=now) for n in range(4)]
    golds = [row.task_id for row in Gold.objects.filter(task__batch=scenes.draft(rita, gold=4))]
    return {
        "organizations_per_account": lambda n: members.create_organization(rita.actor, name="X", kind="requester", now=now),
        "tokens_per_account": lambda n: tokens.issue(rita.user, name="x", now=now),
        "open_threads_per_account": lambda n: asking.about_batch(wanda.actor, opened.id, text="Why?", now=now),
        "members_per_organization": lambda n: builders.member(rita, f"{names[n]}@example.org", "viewer"),
        "invitations_per_organization": lambda n: teams.invite(
            vera.actor, vera.organization.id, name="x", max_uses=1, days=1, now=now
        ),
        "invited_per_day": lambda n: members.invite(rita.actor, owner, email=f"x{n}@example.org", role="viewer", now=now),
        "projects_per_organization": lambda n: scenes.project(rita),
        "guidelines_per_project": lambda n: publishing.add_guideline(rita.actor, project.id, text=f"{n}", now=now),
        "batches_per_project": lambda n: _batch(project, rita),
        "drafts_per_organization": lambda n: _batch(project, rita),
        "imports_per_batch": lambda n: _upload(rita, draft.id),
        "tasks_per_batch": lambda n: _upload(rita, draft.id),
        "runs_per_batch": lambda n: results.request_run(rita.actor, opened.id, method="MajorityVote", now=now),
        "skills_per_organization": lambda n: granting.create_skill(
            rita.actor, organization_id=owner, name=f"S{n}", description="", now=now
        ),
        "exams_per_organization": lambda n: _exam(rita, n),
        "courses_per_organization": lambda n: training.create_course(rita.actor, organization_id=owner, title="x", now=now),
        "files_per_account": lambda n: _file(rita),
        "files_per_organization": lambda n: _file(rita),
        "bytes_per_account": lambda n: _file(rita),
        "bytes_per_organization": lambda n: _file(rita),
        "told_per_hour": lambda n: granting.grant_by_hand(rita.actor, skills[n % 4].id, value=n, worker=hers, now=now),
        "grants_per_day_and_worker": lambda n: granting.grant_by_hand(rita.actor, skills[0].id, value=n, worker=hers, now=now),
        "guidelines_per_day": lambda n: publishing.add_guideline(rita.actor, project.id, text=f"{n}", now=now),
        "gold_changes_per_day": lambda n: correcting.retire(rita.actor, golds[n], reason="Nobody can tell.", now=now),
        "assigned_per_day": lambda n: practising.assign(rita.actor, courses[n].id, worker=hers, now=now),
        "rejections_beyond_share": lambda n: _rejected(rita, handed_in[n]),
        "assigned_per_week_and_worker": lambda n: practising.assign(rita.actor, courses[n].id, worker=hers, now=now),
    }


def _rejected(rita: Any, answer: Any) -> Any:
    fields: dict[str, Any] = {"reason": "low_effort", "comment": scenes.COMMENT, "evidence": {"task": "t0"}}
    return reviewing.reject(rita.actor, answer.id, **fields, now=rita.now)


def _refusal(verb: Callable[[int], Any]) -> DomainError | None:
    try:
        verb(1)
    except (LimitReached, BadUpload) as error:
        return error
    return None


@pytest.mark.django_db
@pytest.mark.parametrize("kind", sorted(set(site.LIMITS)))
def test_at_the_limit_it_is_refused_with_the_limit(kind, rita, wanda, olga, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    verbs = _verbs(rita, wanda, olga)
    assert set(verbs) == set(site.LIMITS), "every limit is tried"
    settings.LIMITS = dict.fromkeys(site.LIMITS, 10**12) | {kind: 10**12}
    verbs[kind](0)
    unit = len(materials.picture()) if "bytes" in kind else 1
    refused = None
    for n in range(1, 200):  # what the scene itself made counts, too: the limit goes up until there is room for one more
        settings.LIMITS = dict.fromkeys(site.LIMITS, 10**12) | {kind: n * unit}
        error = _refusal(verbs[kind])
        if error is None:
            break
        refused = error
        assert error.details["limit"] == n * unit
        assert f"{n * unit:,}" in error.message or kind == "tasks_per_batch"
    assert refused, "the lowest limit refuses"
    with pytest.raises((LimitReached, BadUpload)):
        verbs[kind](2)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == MediaFile.objects.count(), "no file without its row"


@pytest.mark.django_db
def test_every_limit_has_words_and_a_way_out():
    assert set(site.LIMITS) - {"tasks_per_batch"} == set(limits.KINDS)
    assert all(limit > 0 for limit in site.LIMITS.values())


@pytest.mark.django_db
def test_files_are_summed_up_by_account_and_organisation(rita, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    size = len(materials.picture())
    for _ in range(2):
        _file(rita)
    used = {(row.owner_id, row.kind): row.used for row in Usage.objects.all()}
    assert used == {
        (rita.user.id, "files_per_account"): 2,
        (rita.user.id, "bytes_per_account"): 2 * size,
        (rita.organization.id, "files_per_organization"): 2,
        (rita.organization.id, "bytes_per_organization"): 2 * size,
    }


@pytest.mark.django_db
def test_an_appeal_is_never_kept_out(rita, wanda, olga, settings, now):
    from tasks import appealing, reviewing
    from workforce.models import Decision

    batch = scenes.opened(rita, olga)
    [row] = scenes.answered(wanda, batch)
    reviewing.reject(
        rita.actor, row.id, reason="low_effort", comment=scenes.COMMENT, evidence={"task": "t0"}, now=now + timedelta(hours=1)
    )
    settings.LIMITS = settings.LIMITS | {"open_threads_per_account": 0}
    with pytest.raises(LimitReached):
        asking.about_batch(wanda.actor, batch.id, text="Why?", now=now)
    assert appealing.file(wanda.actor, Decision.objects.get().id, text="It is right.", now=now + timedelta(hours=2))


def _projects_at_once(rita: Any, limit: int) -> int:
    site.LIMITS = site.LIMITS | {"projects_per_organization": limit}
    made = []

    def make(n: int) -> None:
        with contextlib.suppress(LimitReached):
            made.append(scenes.project(rita, guideline=False))

    all_at_once(make, 12)
    return len(made)


@pytest.mark.usefixtures("committed_db")
def test_twelve_at_once_are_not_more_than_the_limit(now, settings):
    settings.LIMITS = dict(site.LIMITS)
    rita = builders.requester("rita", now=now)
    assert _projects_at_once(rita, 3) == 3
    assert Project.objects.count() == 3


@pytest.mark.usefixtures("committed_db")
def test_without_the_lock_they_would_be(now, settings, monkeypatch):
    """The control: all of them count before any of them adds."""
    settings.LIMITS = dict(site.LIMITS)
    rita = builders.requester("rita", now=now)
    counted, hold = threading.Barrier(12, timeout=60), limits.hold

    def hold_without_lock(kind: str, *arguments: Any, **more: Any) -> None:
        hold(kind, *arguments, **more)
        if kind == "projects_per_organization":
            counted.wait()

    monkeypatch.setattr(limits, "hold_name", lambda name: None)
    monkeypatch.setattr(limits, "hold", hold_without_lock)
    assert _projects_at_once(rita, 1) == 12


@pytest.mark.usefixtures("committed_db")
def test_files_at_once_are_not_more_than_the_limit(now, settings, tmp_path):
    settings.MEDIA_ROOT, settings.LIMITS = str(tmp_path), site.LIMITS | {"files_per_organization": 3}
    rita = builders.requester("rita", now=now)
    made = []

    def upload(n: int) -> None:
        with contextlib.suppress(LimitReached):
            made.append(_file(rita))

    all_at_once(upload, 12)
    assert (len(made), MediaFile.objects.count()) == (3, 3)
    assert all(default_storage.exists(file.stored_as) for file in made)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 3
    assert Usage.objects.get(kind="files_per_organization").used == 3
