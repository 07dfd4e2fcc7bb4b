"""My quality: every score with its rule, in words; the same for the API; and nothing that tells which task was gold."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from foundation.ids import new_id
from qualification import estimating, evidence, quality
from tasks import my_quality, reviewing
from tasks.errors import NotEligible
from tasks.models import Assignment
from tests.builders import Visitor
from tests.tasks import scenes
from workforce.models import Decision

DAY = timedelta(days=1)
QUERIES = 18
counts = st.integers(0, 40)
bars = st.floats(0.05, 0.95)


# ---- what would change it ----


@given(counts, counts, bars)
def test_the_answers_until_a_bar_are_the_fewest(right, wrong, bar):
    alpha, beta = 1.0 + right, 1.0 + wrong

    def upper(a, b):
        return estimating.bounds(a, b)[1]

    up, down = estimating.rights_until(alpha, beta, bar=bar), estimating.wrongs_until(alpha, beta, bar=bar)
    assert up is not None
    assert upper(alpha + up, beta) >= bar
    assert up == 0 or upper(alpha + up - 1, beta) < bar
    assert down is not None
    assert upper(alpha, beta + down) < bar
    assert down == 0 or upper(alpha, beta + down - 1) >= bar
    assert (up == 0) != (down == 0), "it is either there or under"
    corrections = estimating.corrections_until(alpha, beta, bar=bar)
    if corrections is not None:
        assert upper(alpha + corrections, beta - corrections) >= bar
        assert corrections == 0 or upper(alpha + corrections - 1, beta - corrections + 1) < bar


# ---- what is shown, and when ----


@pytest.fixture
def me(wanda):
    return Visitor(wanda)


def text(response):
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.mark.django_db
def test_todays_observations_are_not_shown_before_midnight(wanda, now):
    for n in range(5):
        evidence.record(wanda.worker.id, scope="project:x", score=1.0, source=f"a:{n}", now=now)
    before = quality.shown_to(wanda.worker.id, now=now + timedelta(hours=10))
    assert before == []
    [after] = quality.shown_to(wanda.worker.id, now=now + DAY)
    assert (after.observations, after.alpha, after.beta) == (5, 6.0, 1.0)
    for n in range(4):
        evidence.record(wanda.worker.id, scope="project:x", score=0.25, source=f"b:{n}", now=now + DAY)
    assert quality.shown_to(wanda.worker.id, now=now + DAY + timedelta(hours=1)) == [after], "unmoved by what came since"
    [later] = quality.shown_to(wanda.worker.id, now=now + 2 * DAY)
    assert (later.observations, later.alpha) == (5, 6.0), "four more are not five: who does one task a day learns nothing"
    evidence.record(wanda.worker.id, scope="project:x", score=0.0, source="b:4", now=now + 2 * DAY)
    [later] = quality.shown_to(wanda.worker.id, now=now + 3 * DAY)
    assert (later.observations, later.alpha, later.beta) == (10, 7.0, 5.0)


@pytest.mark.django_db
def test_a_copy_of_ones_data_has_observations_in_fives_and_no_day_of_one(wanda, now):
    from tasks import personal_data

    for n, score in enumerate((1.0, 0.0, 1.0, 0.0, 1.0, 1.0)):
        evidence.record(wanda.worker.id, scope="project:x", score=score, source=f"a:{n}", now=now + n * DAY)
    rows = list(personal_data.parts_of(wanda.user.id, wanda.worker.id, now=now + 9 * DAY)["observations"]())
    assert [row["score"] for row in rows] == [0.0, 0.0, 1.0, 1.0, 1.0]
    assert {row["until_day"] for row in rows} == {(now + 4 * DAY).date()}


@pytest.mark.django_db
def test_a_new_window_begins_from_nothing_and_the_old_one_stays_to_be_read(me, wanda, rita, olga, now):
    batch = scenes.opened(rita, olga, accuracy_bar=0.6)
    scope = f"project:{batch.project_id}"
    for n in range(5):
        evidence.record(wanda.worker.id, scope=scope, score=0.0, source=f"a:{n}", now=now)
        evidence.record(wanda.worker.id, scope=scope, score=1.0, source=f"b:{n}", now=now + DAY, window=2)
    [score] = my_quality.estimates(wanda.worker.id, now=now + 2 * DAY)
    assert (score["shown"].window, score["shown"].observations) == (2, 5)
    assert [old.window for old in score["earlier"]] == [1]
    me.now = now + 2 * DAY
    assert "it no longer counts" in text(me.get("/my/quality/"))


@pytest.mark.django_db
def test_without_anything_it_says_that_nothing_is_held_against_anyone(me):
    page = text(me.get("/my/quality/"))
    for said in ("Nothing has been compared yet", "You have handed nothing in yet", "None yet.", "None. Anything"):
        assert said in page


@pytest.mark.django_db
def test_a_pause_is_shown_with_its_rule_and_what_would_change_it(me, rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, tasks=8, gold=10, gold_percent=50, accuracy_bar=0.6, max_leases=40)
    scenes.answered(wanda, batch, count=14, choice="a")  # gold is b
    scenes.weighed(now)
    with pytest.raises(NotEligible):
        scenes.claim(wanda, batch, now=now + timedelta(hours=1))
    pause = Decision.objects.get(worker=wanda.worker)
    me.now = now + DAY
    page = text(me.get("/my/quality/"))
    assert "Under the bar" in page
    assert "The rule gold-accuracy/1 pauses" in page
    assert f"/decisions/{pause.id}/" in page
    [score] = me.get("/my/quality/").context["scores"]
    assert (score["bar"], score["is_under"]) == (0.6, True)
    assert estimating.bounds(score["shown"].alpha + score["rights_until"], score["shown"].beta)[1] >= 0.6
    needed = my_quality.what_would_change(pause)
    assert needed == 1 or needed > 1
    assert f"Had {needed} of those answers been right" in text(me.get(f"/decisions/{pause.id}/"))


@pytest.mark.django_db
def test_verdicts_are_counted_and_other_decisions_have_no_such_arithmetic(me, rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, tasks=4)
    first, second, third = scenes.answered(wanda, batch, count=3)
    reviewing.accept(rita.actor, first.id, now=now + timedelta(hours=1))
    for row in (second, third):
        at = now + timedelta(hours=1)
        reviewing.reject(rita.actor, row.id, reason="low_effort", comment=scenes.COMMENT, evidence={"t": 1}, now=at)
    reviewing.accept(rita.actor, third.id, now=now + timedelta(hours=2))
    found = my_quality.verdicts(wanda.worker.id)
    assert (found["handed_in"], found["judged"], found["rejected"], found["overturned"]) == (3, 3, 1, 1)
    assert found["accepted_share"] == pytest.approx(2 / 3)
    rejection = Decision.objects.filter(kind="reject_work").first()
    assert my_quality.what_would_change(rejection) is None
    assert me.get("/my/quality/").context["decisions"][0]["decision"].worker_id == wanda.worker.id


@pytest.mark.django_db
def test_nothing_on_the_page_or_in_the_api_moves_with_a_gold_task(me, rita, olga, wanda, now):
    batch = scenes.opened(rita, olga, tasks=6, gold=6, gold_percent=50, max_leases=40, lease_size=1)

    def seen():
        answer = me.get("/my/quality/")
        return (wanda.get("me/quality").content, [score["picture"] for score in answer.context["scores"]])

    before = seen()
    scenes.answered(wanda, batch, count=6)
    scenes.weighed(now)
    assert Assignment.objects.filter(task__lane=2).exists()
    assert seen() == before


@pytest.mark.django_db
def test_more_scores_ask_no_more_queries(me, wanda, now):
    def queries():
        with CaptureQueriesContext(connection) as caught:
            assert me.get("/my/quality/").status_code == 200
        return len(caught)

    me.now = now + DAY

    def five(scope):
        for n in range(5):
            evidence.record(wanda.worker.id, scope=scope, score=1.0, source=f"{scope}:{n}", now=now)

    for kind in ("project", "skill"):
        five(f"{kind}:{new_id()}")
    first = queries()
    for _ in range(5):
        five(f"skill:{new_id()}")
    assert queries() == first <= QUERIES


@pytest.mark.django_db
def test_what_methods_found_is_told_to_the_worker_alone(wanda, rita):
    assert wanda.get("me/quality/methods").json() == {"results": []}
    assert rita.get("me/quality/methods").status_code == 403
