"""A worker's own pages in Chromium: with data and empty, by keyboard, in light and dark, and nothing wider than a phone."""

import re
from datetime import timedelta

from playwright.sync_api import expect
from psycopg.types.range import Range

from foundation.ids import new_id
from payments import timekeeping
from payments.models import LongDay
from qualification import evidence
from tasks import reviewing
from tasks.models import Batch
from tests.browser import scenes
from tests.tasks import scenes as task_scenes
from workforce import decisions

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


# ---- jobs ----


def test_no_jobs(site, page, wanda, sign_in, axe, shot):
    sign_in(page, wanda)
    page.goto("/jobs/")
    expect(page.get_by_text("There are no open jobs")).to_be_visible()
    axe(page)
    shot(page, "jobs-empty")


def test_jobs_are_narrowed_without_a_reload_and_lead_into_the_work(site, page, rita, olga, wanda, sign_in, axe, shot):
    easy = scenes.opened(rita, olga, name="Flowers", sensitive=[])
    rates = {"hourly_p10_micros": 9_000_000, "hourly_p50_micros": 12_400_000, "hourly_p90_micros": 21_000_000}
    Batch.objects.filter(id=easy.id).update(median_seconds=15, p90_seconds=31, measured_workers=6, **rates)
    french = [{"subject": "language", "comparator": "equal_to", "values": ["fr"]}]
    scenes.opened(rita, olga, of=easy.project, name="Poèmes", requirements=french, sensitive=["violence"])
    sign_in(page, wanda)
    page.goto("/jobs/")
    expect(page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Poèmes"))).to_contain_text("Shows: Violence")
    axe(page)
    shot(page, "jobs")
    page.evaluate("() => { window.stayed = true; }")
    page.get_by_label("Only what I may do now").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="Poèmes")).to_have_count(0)
    expect(page).to_have_url(re.compile("eligible_only=on"))
    assert page.evaluate("() => window.stayed")
    page.go_back()
    page.get_by_role("link", name="See what is missing").click()
    expect(page.get_by_role("heading", name="What is missing")).to_be_visible()
    axe(page)
    shot(page, "job-missing")
    page.goto(f"/jobs/{easy.id}/")
    expect(page.get_by_text("measured; most got $9.00 to $21.00")).to_be_visible()
    axe(page)
    shot(page, "job")
    page.get_by_role("link", name="Start working").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/work/{easy.id}/")


def test_jobs_are_narrowed_without_javascript_too(site, new_context, rita, olga, wanda, sign_in):
    scenes.opened(rita, olga, name="Flowers")
    page = new_context(java_script_enabled=False).new_page()
    sign_in(page, wanda)
    page.goto("/jobs/")
    page.get_by_label("Order").select_option("pay")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("order=pay"))
    expect(page.get_by_role("heading", name="Flowers")).to_be_visible()


# ---- my work ----


def done(worker, batch, n, now, *, choice="a"):
    """That many answers of a batch, one after the other, the last just now."""
    rows = []
    for k in range(n):
        at = now - timedelta(seconds=30 * (n - k))
        (lease,) = task_scenes.claim(worker, batch, now=at)
        rows.append(task_scenes.submit(worker, lease, choice=choice, seconds=20))
    return rows


def test_my_work_empty(site, page, wanda, sign_in, axe, shot):
    sign_in(page, wanda)
    page.goto("/my/work/")
    expect(page.get_by_text("You have not taken a task yet")).to_be_visible()
    axe(page)
    shot(page, "my-work-empty")


def test_my_work_and_an_answer_as_it_was_given(site, page, rita, olga, wanda, sign_in, axe, shot, now):
    batch = scenes.opened(rita, olga, name="Flowers", tasks=[{"text": f"A text about flower {n}"} for n in range(5)])
    rows = done(wanda, batch, 4, now)
    reviewing.accept(rita.actor, rows[0].id, now=now)
    reviewing.reject(
        rita.actor, rows[1].id, reason="low_effort", comment=task_scenes.COMMENT, evidence={"text": "flower 1"}, now=now
    )
    sign_in(page, wanda)
    page.goto("/my/work/")
    expect(page.locator("#my-work li")).to_have_count(4)
    axe(page)
    shot(page, "my-work")
    page.get_by_label("State").focus()
    page.get_by_label("State").select_option("rejected")
    expect(page.locator("#my-work li")).to_have_count(1)
    page.get_by_role("link", name="See why, and appeal").click()
    expect(page.get_by_role("heading", name="Verdict")).to_be_visible()
    expect(page.get_by_text(task_scenes.COMMENT[:40])).to_be_visible()
    inside = page.frame_locator("#editor iframe")
    expect(inside.get_by_text("A text about flower 1")).to_be_visible()
    boxes = inside.locator("input[type=checkbox], input[type=radio]")
    expect(boxes.first).to_be_checked()
    boxes.nth(1).click(force=True)
    expect(boxes.nth(1)).not_to_be_checked()
    expect(boxes.first).to_be_checked()
    axe(page)
    shot(page, "my-answer-rejected")
    page.get_by_role("link", name="Read the decision, and appeal it").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="A decision about me")).to_be_visible()


def test_an_answer_is_there_as_data_without_javascript(site, new_context, rita, olga, wanda, sign_in, now):
    [row] = done(wanda, scenes.opened(rita, olga), 1, now)
    page = new_context(java_script_enabled=False).new_page()
    sign_in(page, wanda)
    page.goto(f"/my/work/{row.id}/")
    page.get_by_text("As data").click()
    expect(page.locator("#as-data pre")).to_contain_text("Text number 0")


# ---- my earnings, my quality ----


def test_my_earnings_and_quality_empty(site, page, wanda, sign_in, axe, shot):
    sign_in(page, wanda)
    for address, name, said in (
        ("/my/earnings/", "my-earnings-empty", "You have not earned anything yet"),
        ("/my/quality/", "my-quality-empty", "Nothing has been compared yet"),
    ):
        page.goto(address)
        expect(page.get_by_text(said)).to_be_visible()
        axe(page)
        shot(page, name)


def test_my_earnings(site, page, rita, olga, wanda, sign_in, axe, shot, now):
    texts = [{"text": f"A text about flower {n}"} for n in range(16)]
    batch = scenes.opened(rita, olga, name="Flowers", tasks=texts)
    rows = done(wanda, batch, 15, now)
    for row in rows[:12]:
        reviewing.accept(rita.actor, row.id, now=now)
    sign_in(page, wanda)
    page.goto("/my/earnings/")
    expect(page.get_by_role("listitem").filter(has_text="Held for me")).to_contain_text("$0.15")
    axe(page)
    shot(page, "my-earnings")
    page.evaluate("() => { window.stayed = true; }")
    page.get_by_role("link", name="Older").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Newest")).to_be_visible()
    expect(page.get_by_role("link", name="Older")).to_have_count(0)
    assert page.evaluate("() => window.stayed")
    with page.expect_download() as file:
        page.get_by_role("link", name="Download all as CSV").click()
    assert file.value.path().read_text().count("\n") == 1 + 15 + 12


def test_my_quality_with_a_score_under_and_one_over_the_bar(site, page, rita, olga, wanda, sign_in, axe, shot, now):
    low = scenes.opened(rita, olga, name="Hard ones", accuracy_bar=0.8)
    high = scenes.opened(rita, olga, of=scenes.project(rita, task_scenes.INTERFACE, name="Flowers"), accuracy_bar=0.6)
    before = now - timedelta(days=2)
    for batch, wrong, right in ((low, 7, 3), (high, 1, 40)):
        for n in range(wrong + right):
            scope, source = f"project:{batch.project_id}", f"{batch.id}:{n}"
            evidence.record(wanda.worker.id, scope=scope, score=float(n >= wrong), source=source, now=before)
    decisions.record(
        wanda.worker.id,
        kind="pause",
        scope=f"project:{low.project_id}",
        rule="gold-accuracy/1",
        inputs={"gold_answers": 10, "right": 3.0, "upper_bound": 0.56, "level": 0.95},
        threshold={"accuracy_bar": 0.8, "min_gold_answers": 5},
        reason="Even the upper bound of your accuracy is under what this project asks for.",
        now=now,
        effective_until=now + timedelta(hours=24),
    )
    sign_in(page, wanda)
    page.goto("/my/quality/")
    expect(page.get_by_text("Under the bar")).to_be_visible()
    expect(page.get_by_text("Surely over the bar")).to_be_visible()
    expect(page.get_by_role("img", name="Accuracy: between")).to_have_count(2)
    page.get_by_text("Where it comes from").first.focus()
    page.keyboard.press("Enter")
    axe(page)
    shot(page, "my-quality")
    page.get_by_role("link", name="Pause").or_(page.get_by_role("link", name="No new tasks")).first.click()
    expect(page.get_by_text("of those answers been right")).to_be_visible()
    axe(page)


# ---- the clock where people work ----


def test_the_workspace_advises_a_break_and_stops_a_long_day(site, page, rita, olga, wanda, sign_in, axe, shot, now):
    batch = scenes.opened(rita, olga)
    worked(wanda, 1, until=now)
    sign_in(page, wanda)
    page.goto(f"/work/{batch.id}/")
    expect(page.locator("#clock")).to_contain_text("1:00")
    advice = page.locator("#clock-advice")
    expect(advice).to_contain_text("50 minutes without a break")
    expect(page.get_by_role("button", name="I go on today")).to_be_hidden()
    advice.get_by_role("button", name="Understood").click()
    expect(advice).to_be_hidden()


def test_the_workspace_of_a_long_day_goes_on_when_one_says_so(site, page, rita, olga, wanda, sign_in, axe, shot, now):
    batch = scenes.opened(rita, olga)
    worked(wanda, 8.2, until=now)
    sign_in(page, wanda)
    page.goto(f"/work/{batch.id}/")
    expect(page.locator("#over")).to_contain_text("You have worked eight hours")
    axe(page)
    shot(page, "workspace-long-day")
    page.get_by_role("button", name="I go on today").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#desk")).to_be_visible()
    assert LongDay.objects.count() == 1
