"""One name of a worker for each organisation: made by taking part, turned back by a row, gone with the person."""

from datetime import timedelta

import pytest

from foundation.errors import NotFound
from qualification import examining, training
from tasks import leaving
from tests.builders import known
from tests.tasks import learning_scenes, scenes
from tests.workforce import scenes as people
from workforce import aliases, teams
from workforce.models import WorkerAlias

pytestmark = pytest.mark.django_db


def named(worker, requester) -> bool:
    alias = aliases.alias_of(worker.worker.id, requester.organization.id)
    try:
        return aliases.worker_of(alias, requester.organization.id) == worker.worker.id
    except NotFound:
        return False


def test_names_have_nothing_in_common(wanda, walt, rita, rex):
    names = {aliases.alias_of(one.worker.id, of.organization.id) for one in (wanda, walt) for of in (rita, rex)}
    assert len(names) == 4
    assert all(len(name) == 25 and name.startswith("w") for name in names)
    assert known(wanda, rita) == known(wanda, rita), "noted twice is noted once"
    assert WorkerAlias.objects.count() == 1


def test_taking_part_makes_the_name_known_and_nothing_else_does(wanda, walt, rita, rex, olga, now):
    batch = scenes.opened(rita, olga)
    assert not named(wanda, rita)
    scenes.claim(wanda, batch)
    assert named(wanda, rita)
    assert not named(wanda, rex)
    course = learning_scenes.course(rex)
    assert not named(walt, rex)
    training.start(walt.worker.id, course.id, now=now)
    assert named(walt, rex)


def test_an_exam_and_a_team_are_taking_part(wanda, rita, now):
    skill = learning_scenes.skill(rita)
    exam = examining.create_exam(
        rita.actor,
        organization_id=rita.organization.id,
        skill_id=skill.id,
        title="Colours",
        interface=scenes.INTERFACE,
        questions=[{"id": "q", "labels": ["a"]}],
        questions_per_attempt=1,
        pass_percent=50,
        time_limit_seconds=60,
        max_attempts=1,
        retry_delay_seconds=60,
        now=now,
    )
    examining.start(wanda.worker.id, exam.id, now=now)
    assert named(wanda, rita)
    vera = people.vendor("vera", now=now)
    _, token = teams.invite(vera.actor, vera.organization.id, name="x", max_uses=1, days=1, now=now)
    assert not named(wanda, vera)
    teams.join(wanda.actor, token, now=now)
    assert named(wanda, vera)


def test_whoever_is_erased_cannot_be_named(wanda, rita, olga, now):
    known(wanda, rita)
    leaving.ask(wanda.actor, gives_up_money=False, now=now)
    assert named(wanda, rita)
    assert leaving.erase_due(now=now + timedelta(days=8)) == 1
    assert not named(wanda, rita)


def test_names_are_written_anew_under_another_key(wanda, rita, settings):
    old = known(wanda, rita)
    assert aliases.rename_all() == 0
    settings.SECRET_KEY = "another key of at least fifty characters, as the site asks for"
    assert not named(wanda, rita)
    assert (aliases.rename_all(), aliases.rename_all()) == (1, 0)
    assert named(wanda, rita)
    with pytest.raises(NotFound):
        aliases.worker_of(old, rita.organization.id)


def test_turning_a_name_back_is_one_query(wanda, rita, django_assert_num_queries):
    alias = known(wanda, rita)
    with django_assert_num_queries(1):
        aliases.worker_of(alias, rita.organization.id)
    with django_assert_num_queries(0):
        aliases.alias_of(wanda.worker.id, rita.organization.id)
