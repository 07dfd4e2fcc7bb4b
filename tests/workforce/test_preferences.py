"""What a worker knows and wants: languages with levels, sensitive content, working hours and limits of one's own."""

import html

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from tasks.pages.asking import AskForm
from tests.builders import Visitor
from tests.journeys.world import ok
from workforce import onboarding
from workforce.errors import BadField
from workforce.models import Worker
from workforce.pages.forms import NAME_HELP, languages


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


def rows(prefix: str, *lines: dict[str, str]) -> dict[str, str]:
    """The fields of a form of rows, as a browser sends them."""
    fields = {f"{prefix}-TOTAL_FORMS": str(len(lines)), f"{prefix}-INITIAL_FORMS": "0"}
    return fields | {f"{prefix}-{n}-{name}": value for n, line in enumerate(lines) for name, value in line.items()}


PROFILE = {"display_name": "Wanda W", "country": "PT", "time_zone": "Europe/Lisbon"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("lines", "row", "words"),
    [
        ([{"language": "pt", "level": "native"}, {"language": "pt", "level": "basic"}], 2, "This language is in row 1 already"),
        ([{"language": "pt"}, {"language": "en"}, {"language": "en"}], 3, "This language is in row 2 already"),
        ([{"language": "pt", "level": "good"}, {"level": "native"}], 2, "Choose the language as well"),
    ],
)
def test_a_row_of_languages_that_cannot_be_kept_is_named_and_everything_stays_in_the_form(wanda, lines, row, words):
    before = Worker.objects.get(id=wanda.worker.id).languages
    page = Visitor(wanda).post("/onboarding/profile/", **PROFILE, **rows("languages", *lines))
    assert page.status_code == 200
    found = [n for n, one in enumerate(page.context["rows"].forms, start=1) if one.errors]
    assert (found, words in page.content.decode(), f"Row {row}</span>" in page.content.decode()) == ([row], True, True)
    for n, line in enumerate(lines):
        assert {name: page.context["rows"].forms[n][name].value() for name in line} == line
    assert page.context["form"]["display_name"].value() == "Wanda W"
    assert Worker.objects.get(id=wanda.worker.id).languages == before
    done = Visitor(wanda).post("/onboarding/profile/", **PROFILE, **rows("languages", {"language": "pt", "level": "native"}, {}))
    assert done.status_code == 302
    assert Worker.objects.get(id=wanda.worker.id).language_levels == {"pt": "native"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("second", "words"),
    [
        (("1", "10:00", "12:00"), "These hours overlap those in row 1."),
        (("1", "16:00", "00:00"), "These hours overlap those in row 1."),
        (("2", "12:00", "11:00"), "These hours end before they begin"),
        (("2", "12:00", ""), "Give the day, from when and until when"),
        (("", "12:00", "13:00"), "Give the day, from when and until when"),
    ],
)
def test_a_row_of_hours_that_cannot_be_kept_is_named_and_everything_stays_in_the_form(wanda, second, words):
    first = {"weekday": "1", "begins": "09:00", "ends": "17:00"}
    line = dict(zip(("weekday", "begins", "ends"), second, strict=True))
    page = Visitor(wanda).post("/onboarding/hours/", **rows("hours", first, line))
    assert (page.status_code, words in page.content.decode(), "Row 2</span>" in page.content.decode()) == (200, True, True)
    assert {name: page.context["rows"].forms[1][name].value() for name in line} == line
    assert Worker.objects.get(id=wanda.worker.id).working_hours == []
    beside = {"weekday": "1", "begins": "17:00", "ends": "00:00"}
    assert Visitor(wanda).post("/onboarding/hours/", **rows("hours", first, beside)).status_code == 302


@pytest.mark.django_db
def test_more_rows_than_there_can_be_are_refused_and_said(wanda):
    lines = [{"language": tag} for tag, _ in languages()[1:32]]
    page = Visitor(wanda).post("/onboarding/profile/", **PROFILE, **rows("languages", *lines))
    assert (page.status_code, "at most 30" in page.content.decode()) == (200, True)


@pytest.mark.django_db
def test_what_is_said_of_names_is_what_requesters_see(wanda):
    """They see their own name for a worker, and the worker's own only where the profile lets them."""
    page = Client().get("/account/signup/").content.decode()
    assert str(NAME_HELP) in html.unescape(page)
    assert "only if you let them" in str(NAME_HELP)
    assert "only if you let them" in str(AskForm.base_fields["text"].help_text)
    assert Worker.objects.get(id=wanda.worker.id).name_shown is False
