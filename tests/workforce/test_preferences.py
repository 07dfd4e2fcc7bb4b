"""What a worker knows and wants: languages with levels, sensitive content, working hours and limits of one's own."""

import pytest
from django.db import IntegrityError, transaction

from tests.journeys.world import ok
from workforce import onboarding
from workforce.errors import BadField
from workforce.models import Worker


@pytest.mark.django_db
def test_levels_are_kept_of_the_languages_that_are_listed(wanda):
    ok(
        wanda.post(
            "me/profile", {"languages": ["en", "pt-BR"], "language_levels": {"en": "native", "pt-BR": "good", "fr": "basic"}}
        )
    )
    worker = Worker.objects.get(id=wanda.worker.id)
    assert worker.language_levels == {"en": "native", "pt-BR": "good"}
    ok(wanda.post("me/profile", {"languages": ["pt-BR", "pt-BR"]}))
    worker.refresh_from_db()
    assert (worker.languages, worker.language_levels) == (["pt-BR"], {"pt-BR": "good"})
    refused = wanda.post("me/profile", {"language_levels": {"pt-BR": "godlike"}})
    assert refused.status_code == 400
    with pytest.raises(BadField):
        onboarding.update_profile(wanda.worker.id, now=wanda.now, languages=["klingon or so"])


@pytest.mark.django_db
def test_opting_in_and_out_moves_the_standing_and_is_kept_even_when_it_is_nothing(wanda, now):
    before = Worker.objects.get(id=wanda.worker.id)
    assert before.content_chosen_at is None
    body = ok(wanda.post("me/content", {"sensitive_accepted": ["hate", "violence"]}))
    assert body["sensitive_accepted"] == ["violence", "hate"]
    ok(wanda.post("me/content", {"sensitive_accepted": []}))
    after = Worker.objects.get(id=wanda.worker.id)
    assert (after.sensitive_accepted, after.content_chosen_at) == ([], now)
    assert after.standing == before.standing + 2
    assert wanda.post("me/content", {"sensitive_accepted": ["kittens"]}).status_code == 400
    with pytest.raises(BadField):
        onboarding.choose_content(wanda.worker.id, accepted=["kittens"], now=now)
    with pytest.raises(IntegrityError, match="accepted_content_is_known"), transaction.atomic():
        Worker.objects.update(sensitive_accepted=["kittens"])


@pytest.mark.django_db
def test_hours_are_kept_in_order_and_caps_have_bounds(wanda, now):
    hours = [
        {"weekday": 2, "begins": "13:00", "ends": "00:00"},
        {"weekday": 1, "begins": "09:00", "ends": "12:30"},
    ]
    body = ok(wanda.post("me/hours", {"working_hours": hours, "daily_cap_seconds": 4 * 3600}))
    assert [one["weekday"] for one in body["working_hours"]] == [1, 2]
    assert (body["daily_cap_seconds"], body["weekly_cap_seconds"]) == (4 * 3600, None)
    with pytest.raises(IntegrityError, match="own_caps_are_within_the_platform_s"), transaction.atomic():
        Worker.objects.update(daily_cap_seconds=13 * 3600)
    ok(wanda.post("me/hours", {}))
    worker = Worker.objects.get(id=wanda.worker.id)
    assert (worker.working_hours, worker.daily_cap_seconds, worker.hours_chosen_at) == ([], None, now)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        {"daily_cap_seconds": 60},
        {"daily_cap_seconds": 13 * 3600},
        {"weekly_cap_seconds": 200 * 3600},
        {"working_hours": [{"weekday": 8, "begins": "09:00", "ends": "10:00"}]},
        {"working_hours": [{"weekday": 1, "begins": "11:00", "ends": "10:00"}]},
        {"working_hours": [{"weekday": 1, "begins": "9", "ends": "later"}]},
        {
            "working_hours": [
                {"weekday": 1, "begins": "09:00", "ends": "11:00"},
                {"weekday": 1, "begins": "10:00", "ends": "12:00"},
            ]
        },
        {
            "working_hours": [
                {"weekday": 1, "begins": "09:00", "ends": "00:00"},
                {"weekday": 1, "begins": "10:00", "ends": "12:00"},
            ]
        },
    ],
)
def test_hours_that_cannot_be_are_refused_and_nothing_changes(wanda, body):
    before = Worker.objects.values().get(id=wanda.worker.id)
    refused = wanda.post("me/hours", body)
    assert refused.status_code == 400, refused.content
    assert Worker.objects.values().get(id=wanda.worker.id) == before
