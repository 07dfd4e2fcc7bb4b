"""A worker's own pages in Chromium: with data and empty, by keyboard, in light and dark, and nothing wider than a phone."""

from datetime import timedelta

from playwright.sync_api import expect
from psycopg.types.range import Range

from foundation.ids import new_id
from payments import timekeeping
from payments.models import LongDay

HOUR = timedelta(hours=1)


def worked(person, hours, *, until, kind="task", currency="USD"):
    period = Range(until - hours * HOUR, until, "[)")
    timekeeping.record(person.worker.id, kind=kind, reference=new_id(), periods=[period], now=until, currency=currency)


def test_my_time_without_any_work(site, page, wanda, sign_in, axe, shot):
    sign_in(page, wanda)
    page.goto("/my/time/")
    expect(page.get_by_text("Nothing has been credited yet")).to_be_visible()
    axe(page)
    shot(page, "my-time-empty")


def test_my_time_after_a_long_day_and_going_on_by_keyboard(site, page, wanda, sign_in, axe, shot, now):
    worked(wanda, 8.5, until=now)
    for day in range(1, 9):
        worked(wanda, 1 + day % 4, until=now - day * 24 * HOUR, kind=["task", "training", "exam", "reading"][day % 4])
    sign_in(page, wanda)
    page.goto("/my/time/")
    expect(page.get_by_role("status")).to_contain_text("You have worked eight hours")
    expect(page.get_by_role("table", name="Day by day").get_by_role("row")).to_have_count(15)
    axe(page)
    shot(page, "my-time")
    page.get_by_role("button", name="I go on today").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("You get tasks again")).to_be_visible()
    assert LongDay.objects.count() == 1
    axe(page)
