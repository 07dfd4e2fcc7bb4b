"""The workspace around the editor: drafts, leases, refusals, losing the connection, and the end of the work."""

import pytest
from playwright.sync_api import Page, expect

from tasks.models import Answer, Assignment, Draft
from tests.browser.scenes import opened


@pytest.fixture
def at_work(site, page, sign_in, wanda, rita, olga):
    """wanda in front of the first task of a batch."""

    def begin(**fields) -> Page:
        batch = opened(rita, olga, **fields)
        sign_in(page, wanda)
        page.goto(f"/work/{batch.id}/")
        return page

    return begin


def task(page: Page):
    return page.frame_locator("#editor iframe")


def test_wanda_does_three_tasks_and_there_are_no_more(at_work, axe, shot):
    page = at_work()
    for n in range(3):
        expect(task(page).get_by_text(f"Text number {n}")).to_be_visible()
        task(page).get_by_role("checkbox", name="b").check()
        if n == 0:
            expect(page.locator("#status")).to_have_text("Saved")
            shot(page, "workspace")
            axe(page)
        page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("heading", name="There is no more work for you here now.")).to_be_visible()
    expect(page.locator("#today")).to_have_text("3")
    expect(page.locator("#earned")).to_contain_text("0.15")
    axe(page)
    shot(page, "workspace-over")
    assert [answer.canonical for answer in Answer.objects.all()] == [{"label": "b"}] * 3
    assert Draft.objects.count() >= 1
    assert Assignment.objects.filter(state="submitted", seen_at__isnull=False).count() == 3
