"""Asking from a task and being answered, notices, a decision and its appeal; what people write stays text."""

import zipfile
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tasks import personal_data, reviewing
from tasks.models import Assignment
from tests.browser import scenes as stage
from tests.tasks import scenes
from workforce import mailing, threads
from workforce.models import DataCopy, Erasure, Notification, Thread

XSS = [
    "<script>window.fired=1</script>",
    '<img src=x onerror="window.fired=1">',
    "[click](javascript:window.fired=1)",
    "<svg onload=window.fired=1>",
    "![x](https://elsewhere.example/a.png)",
    '"><iframe srcdoc="<script>parent.fired=1</script>"></iframe>',
]


@pytest.fixture
def batch(site, rita, olga):
    return stage.opened(rita, olga)


def test_a_question_from_a_task_is_answered_without_leaving_it(page, new_context, batch, wanda, rita, sign_in, axe, shot):
    sign_in(page, wanda)
    page.goto(f"/work/{batch.id}/")
    page.get_by_role("button", name="Ask").click()
    dialog = page.get_by_role("dialog", name="Ask the requester")
    axe(page)
    dialog.get_by_label("Your question").fill("Does **blue** count as a colour?")
    shot(page, "ask-dialog")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog.get_by_text("Your question is sent.")).to_be_visible()
    expect(dialog.locator(".talk strong")).to_have_text("blue")
    axe(page)
    shot(page, "ask-sent")
    dialog.get_by_role("button", name="Back to the task").click()
    hers = new_context().new_page()
    sign_in(hers, rita)
    hers.goto("/requester/questions/")
    axe(hers)
    shot(hers, "asked-of-us")
    hers.get_by_role("link", name="First").click()
    hers.get_by_label("Your message").fill("Yes, blue counts.")
    hers.get_by_role("button", name="Send").click()
    expect(hers.get_by_text("Yes, blue counts.")).to_be_visible()
    hers.get_by_text("Publish the answer for everybody").click()
    hers.get_by_label("The question, as everybody reads it").fill("Is blue a colour?")
    hers.get_by_label("The answer").fill("It is.")
    axe(hers)
    shot(hers, "thread-of-requester")
    hers.get_by_role("button", name="Publish").click()
    expect(hers.get_by_text("Everybody who works on it sees it now.")).to_be_visible()
    page.get_by_role("button", name="Ask").click()
    expect(dialog.get_by_text("Yes, blue counts.")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Ask").click()
    expect(dialog.get_by_text("Is blue a colour?")).to_be_visible()
    page.goto(f"/guidelines/{batch.guideline_id}/")
    expect(page.get_by_role("region", name="Asked and answered")).to_contain_text("Is blue a colour?")


def test_a_task_is_flagged_by_keyboard(page, batch, wanda, rita, sign_in, axe, shot):
    sign_in(page, wanda)
    page.goto(f"/work/{batch.id}/")
    page.get_by_role("button", name="Flag").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Flag this task")
    axe(page)
    shot(page, "flag-dialog")
    dialog.get_by_label("It shows somebody's personal data").focus()
    page.keyboard.press("Space")
    dialog.get_by_label("Anything to add?").fill("A telephone number")
    dialog.get_by_role("button", name="Flag it").click()
    expect(dialog.get_by_text("Flagged.")).to_be_visible()
    thread = Thread.objects.get(kind="flag")
    assert (thread.reason, thread.worker_id, thread.organization_id) == ("personal_data", wanda.worker.id, rita.organization.id)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Hand in")).to_be_visible()


def test_the_badge_counts_and_a_notice_leads_there(page, batch, wanda, rita, sign_in, axe, shot):
    thread = threads.start(
        wanda.actor,
        kind="question",
        organization_id=rita.organization.id,
        subject=f"batch:{batch.id}",
        about=batch.name,
        within=f"batch:{batch.id}",
        text="Well?",
        now=wanda.now,
    )
    threads.write(rita.actor, thread.id, text="Well.", now=rita.now)
    sign_in(page, wanda)
    page.goto("/questions/")
    expect(page.get_by_role("navigation", name="Main").locator(".count")).to_contain_text("1")
    axe(page)
    shot(page, "questions")
    page.get_by_role("link", name="Notifications").click()
    axe(page)
    shot(page, "notices")
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(batch.name)
    expect(page.get_by_role("navigation", name="Main").locator(".count")).to_have_count(0)
    axe(page)
    shot(page, "thread")
    assert not Notification.objects.filter(user=wanda.user, read_at=None).exists()
    page.goto("/notifications/preferences/")
    page.get_by_label("Email").nth(1).select_option("daily")
    axe(page)
    shot(page, "notice-preferences")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("Kept.")).to_be_visible()


def test_a_rejection_is_appealed_and_somebody_else_overturns_it(page, new_context, batch, wanda, rita, now, sign_in, axe, shot):
    (answer,) = scenes.answered(wanda, batch)
    reviewing.reject(rita.actor, answer.id, reason="low_effort", comment=scenes.COMMENT, evidence={"text": "t0"}, now=now)
    from tests import builders

    mona = builders.person("mona", now=now)
    builders.member(rita, "mona@example.org", "manager")
    sign_in(page, wanda)
    page.goto("/notifications/")
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_role("heading", name="A decision about me")).to_be_visible()
    axe(page)
    shot(page, "decision")
    page.get_by_label("Why is it wrong?").fill("The text names no colour at all, so b is right.")
    page.get_by_role("button", name="Appeal this decision").click()
    expect(page.get_by_text("Your appeal is filed.")).to_be_visible()
    axe(page)
    shot(page, "appeal-open")
    hers = new_context().new_page()
    sign_in(hers, rita)
    hers.goto("/appeals/")
    hers.get_by_role("link", name="First").click()
    expect(hers.get_by_text("You made this decision, so somebody else decides its appeal.")).to_be_visible()
    other = new_context().new_page()
    sign_in(other, mona)
    other.goto("/appeals/")
    axe(other)
    shot(other, "appeals")
    other.get_by_role("link", name="First").click()
    other.get_by_label("The decision was wrong").check()
    other.get_by_label("Why, as the worker reads it").fill(
        "There is indeed no colour in this text; we read it again and b is right."
    )
    axe(other)
    shot(other, "appeal-to-decide")
    other.get_by_role("button", name="Give the verdict").click()
    expect(other.get_by_text("Your verdict is given")).to_be_visible()
    page.reload()
    expect(page.get_by_text("The decision fell")).to_be_visible()
    assert Assignment.objects.get(id=answer.id).state in ("accepted", "late")


def test_what_people_write_never_runs(page, new_context, batch, wanda, rita, now, sign_in):
    wanda.worker.display_name = XSS[1][:60]
    wanda.worker.save()
    rita.organization.name = XSS[0]
    rita.organization.save()
    thread = threads.start(
        wanda.actor,
        kind="question",
        organization_id=rita.organization.id,
        subject=f"batch:{batch.id}",
        about=XSS[1],
        within=f"batch:{batch.id}",
        text="\n\n".join(XSS),
        now=now,
    )
    threads.write(rita.actor, thread.id, text="\n\n".join(XSS), now=now)
    threads.clarify(rita.actor, thread.id, question=XSS[0] + XSS[1], answer="\n\n".join(XSS), now=now)
    (answer,) = scenes.answered(wanda, batch)
    comment = (XSS[0] + XSS[1]).ljust(100, ".")
    reviewing.reject(rita.actor, answer.id, reason="low_effort", comment=comment, evidence={XSS[0]: XSS[1]}, now=now)
    decision = Notification.objects.get(kind="work_rejected").link
    hers = new_context().new_page()
    sign_in(page, wanda)
    sign_in(hers, rita)
    for tab, addresses in (
        (page, ["/questions/", f"/questions/{thread.id}/", "/notifications/", decision, f"/questions/about/{batch.id}/"]),
        (hers, ["/requester/questions/", f"/questions/{thread.id}/", "/notifications/"]),
    ):
        for address in addresses:
            tab.goto(address)
            expect(tab.get_by_role("heading", level=1)).to_be_visible()
            assert tab.evaluate("() => window.fired") is None, address
            assert tab.locator("main iframe, main script, main svg, main img").count() == 0, address
    page.goto(f"/work/{batch.id}/")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("Clarified for everybody")).to_be_visible()
    assert page.evaluate("() => window.fired") is None


def test_my_data_is_downloaded_and_erasing_is_undone(page, batch, wanda, sign_in, axe, shot, tmp_path):
    sign_in(page, wanda)
    page.goto("/my/data/")
    axe(page)
    shot(page, "my-data")
    page.get_by_role("button", name="Make a copy").click()
    expect(page.get_by_text("Waiting to be made")).to_be_visible()
    axe(page)
    personal_data.make(DataCopy.objects.get().id, now=datetime.now(UTC))
    expect(page.get_by_text("Ready")).to_be_visible()
    shot(page, "my-data-ready")
    with page.expect_download() as loading:
        page.get_by_role("link", name="Download").click()
    names = zipfile.ZipFile(loading.value.path()).namelist()
    assert {"identity.json", "account.json", "time.csv"} <= set(names)
    page.get_by_label("I want my account and everything that says who I am to be erased.").check()
    page.get_by_role("button", name="Erase me in 7 days").click()
    expect(page.get_by_text("Until then you can undo it")).to_be_visible()
    axe(page)
    shot(page, "my-data-leaving")
    page.get_by_role("button", name="Undo: I stay").click()
    expect(page.get_by_text("You stay. Nothing was deleted.")).to_be_visible()
    assert Erasure.objects.get().state == "undone"


def test_erasing_is_refused_beside_the_form_while_there_is_money(page, batch, wanda, sign_in, axe, shot):
    scenes.answered(wanda, batch)
    sign_in(page, wanda)
    page.goto("/my/data/")
    expect(page.get_by_text("There is still money of yours here")).to_be_visible()
    page.get_by_label("I want my account").check()
    page.get_by_role("button", name="Erase me in 7 days").click()
    expect(page.get_by_role("alert")).to_contain_text("There is money of yours here")
    axe(page)
    shot(page, "my-data-money")
    page.get_by_label("I want my account").check()
    page.get_by_label("I give up the money").check()
    page.get_by_role("button", name="Erase me in 7 days").click()
    expect(page.get_by_text("Until then you can undo it")).to_be_visible()


def test_a_phone_asks_from_a_job_and_stops_mails(page, new_context, batch, wanda, rita, now, sign_in, axe):
    sign_in(page, wanda)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/questions/about/{batch.id}/")
    axe(page)
    page.get_by_label("Your question").fill("How long does this take?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("How long does this take?")).to_be_visible()
    page.goto(mailing.stop_link(wanda.user.id, "answered"))
    page.get_by_role("button", name="No more of these mails").click()
    expect(page.get_by_role("status")).to_contain_text("You get no more mails")
    axe(page)
