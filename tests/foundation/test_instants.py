"""Instants and days are said in one way on every page, by one set of filters."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from tests.builders import Visitor
from workforce.models import Worker

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 27, 22, 38, 5, tzinfo=UTC)
OTHERS = r"\|\s*(date|time|timesince|timeuntil|naturaltime|naturalday|localtime)\b|\{%\s*now\b"


def told(text: str, **values) -> str:
    return Template("{% load instants %}" + text).render(Context(values))


@pytest.mark.parametrize(
    ("language", "zone", "instant", "day"),
    [
        ("en", "UTC", "27 Nov 2026, 22:38", "27 Nov 2026"),
        ("en", "Asia/Tokyo", "28 Nov 2026, 07:38", "28 Nov 2026"),
        ("es", "Europe/Madrid", "27 Nov 2026, 23:38", "27 Nov 2026"),
    ],
)
def test_an_instant_and_its_day_in_the_readers_language_and_zone(language, zone, instant, day):
    with translation.override(language), timezone.override(zone):
        assert told("{{ at|instant }} / {{ at|day }}", at=AT).lower() == f"{instant} / {day}".lower()
        assert datetime.fromisoformat(told("{{ at|iso }}", at=AT)) == AT


def test_a_day_is_no_instant_and_nothing_is_a_dash():
    assert told("{{ at|day }} {{ at|iso }}", at=date(2026, 3, 2)) == "2 Mar 2026 2026-03-02"
    assert told("{{ at|instant }} {{ at|day }}", at=None) == "– –"


def test_no_template_formats_a_date_by_itself():
    templates = [
        path
        for app in ("config", "foundation", "payments", "tasks", "workforce")
        for path in (ROOT / app).rglob("templates/**/*.*")
    ]
    assert len(templates) > 80
    assert [str(path) for path in templates if re.search(OTHERS, path.read_text())] == []


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/onboarding/hours/", "/my/time/", "/notifications/"])
def test_the_zone_stands_on_each_page_once(wanda, page):
    Worker.objects.filter(id=wanda.worker.id).update(time_zone="Europe/Lisbon")
    assert Visitor(wanda).get(page).content.decode().count("Europe/Lisbon") == 1
