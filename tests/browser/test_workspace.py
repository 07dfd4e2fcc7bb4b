"""The workspace around the editor: drafts, leases, refusals, losing the connection, and the end of the work."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import FrameLocator, Page, expect

from tasks import publishing
from tasks.models import Answer, Assignment, Batch, Draft
from tests.browser.scenes import opened, until
from tests.tasks import scenes

REQUIRED = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text" required="true" choice="single">'
    '<Choice value="a"/><Choice value="b"/></Choices><TextArea name="why" toName="text" rows="2" maxSubmissions="1" editable="true"/></View>'
)
OPEN = "This question must be answered."
OFFLINE = "ERR_INTERNET_DISCONNECTED|htmx:(afterRequest|sendError)"


@pytest.fixture
def at_work(site, page, sign_in, wanda, rita, olga):
    """wanda in front of the first task of a batch."""

    def begin(interface: str = REQUIRED, tasks=None, **fields) -> Page:
        batch = opened(rita, olga, interface, tasks, **fields)
        sign_in(page, wanda)
        page.goto(f"/work/{batch.id}/")
        return page

    return begin


def task(page: Page) -> FrameLocator:
    return page.frame_locator("#editor iframe")


def choose(page: Page, name: str) -> None:
    task(page).get_by_role("checkbox", name=re.compile(rf"^{name}")).check()


def chosen(page: Page, name: str) -> None:
    expect(task(page).get_by_role("checkbox", name=re.compile(rf"^{name}"))).to_be_checked()


def hand_in(page: Page) -> None:
    page.get_by_role("button", name="Hand in").click()


def over(page: Page, words: str) -> None:
    expect(page.locator("#over")).to_contain_text(words)
    expect(page.locator("#over")).to_be_focused()


def saved(page: Page, name: str | None = None) -> None:
    """The page says so; with a name, the server's draft has that choice, too."""
    expect(page.locator("#status")).to_have_text(re.compile("Saved|Your draft is back"))

    def drafted() -> bool:
        draft = Draft.objects.order_by("-saved_at").first()
        return bool(draft) and name in (None, *(chosen for one in draft.result for chosen in one["value"].get("choices", [])))

    until(page, drafted)


def test_wanda_does_three_tasks_and_there_are_no_more(at_work, axe, shot):
    page = at_work()
    for n in range(3):
        expect(task(page).get_by_text(f"Text number {n}")).to_be_visible()
        choose(page, "b")
        if n == 0:
            saved(page)
            shot(page, "workspace")
            axe(page)
        hand_in(page)
    over(page, "There is no more work for you here now.")
    expect(page.locator("#today")).to_have_text("3")
    expect(page.locator("#earned")).to_contain_text("0.15")
    axe(page)
    shot(page, "workspace-over")
    assert [answer.canonical for answer in Answer.objects.all()] == [{"label": "b"}] * 3
    assert Assignment.objects.filter(state="submitted", seen_at__isnull=False).count() == 3


def test_with_the_keyboard_alone(at_work):
    page = at_work()
    for n in range(3):
        expect(task(page).get_by_text(f"Text number {n}")).to_be_visible()
        page.keyboard.press("2")
        chosen(page, "b")
        page.keyboard.press("Control+Enter")
    over(page, "no more work")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Look again")).to_be_focused()
    assert [answer.canonical for answer in Answer.objects.all()] == [{"label": "b"}] * 3


# ---- drafts ----


def test_a_draft_survives_a_reload(at_work):
    page = at_work()
    choose(page, "a")
    task(page).get_by_role("textbox").fill("because")
    task(page).get_by_role("textbox").press("Shift+Enter")
    saved(page)
    page.reload()
    chosen(page, "a")
    expect(page.locator("#status")).to_have_text("Your draft is back")
    hand_in(page)
    expect(task(page).get_by_text("Text number 1")).to_be_visible()
    assert Answer.objects.get().canonical["label"] == "a"


def test_what_was_done_without_a_connection_survives_a_crash(at_work, context, watched):
    watched.expect(OFFLINE)
    page = at_work()
    choose(page, "a")
    saved(page)
    context.set_offline(True)
    choose(page, "b")
    expect(page.locator("#status")).to_contain_text("No connection")
    address = page.url
    page.close(run_before_unload=False)
    context.set_offline(False)
    assert Draft.objects.get().result[0]["value"]["choices"] == ["a"], "the server has not heard of b"
    page = context.new_page()
    page.goto(address)
    chosen(page, "b")
    saved(page, "b")


def test_offline_in_the_middle_and_back(at_work, context, watched):
    watched.expect(OFFLINE)
    page = at_work()
    expect(task(page).get_by_text("Text number 0")).to_be_visible()
    context.set_offline(True)
    choose(page, "a")
    expect(page.locator("#status")).to_contain_text("No connection")
    hand_in(page)
    expect(page.locator("#trouble")).to_contain_text("nothing was handed in")
    expect(page.locator("#trouble")).to_be_focused()
    assert Draft.objects.count() == 0
    context.set_offline(False)
    saved(page)
    hand_in(page)
    expect(task(page).get_by_text("Text number 1")).to_be_visible()
    expect(page.locator("#trouble")).to_be_hidden()
    assert Answer.objects.get().canonical == {"label": "a"}


def test_two_tabs_never_overwrite_each_other_unasked(at_work, context):
    page = at_work()
    choose(page, "a")
    saved(page)
    other = context.new_page()
    other.goto(page.url)
    chosen(other, "a")
    choose(other, "b")
    saved(other, "b")
    page.bring_to_front()
    task(page).get_by_role("textbox").fill("mine")
    task(page).get_by_role("textbox").press("Shift+Enter")
    dialog = page.get_by_role("dialog", name="This task is open elsewhere")
    expect(dialog).to_be_visible()
    assert Draft.objects.get().result[0]["value"]["choices"] == ["b"]
    dialog.get_by_role("button", name="The newer one").click()
    chosen(page, "b")
    choose(page, "a")
    saved(page, "a")
    other.bring_to_front()
    task(other).get_by_role("textbox").fill("theirs")
    task(other).get_by_role("textbox").press("Shift+Enter")
    other.get_by_role("dialog").get_by_role("button", name="What I see here").click()
    saved(other, "b")


def test_a_task_handed_in_in_the_other_tab_makes_way_for_the_next(at_work, context):
    page = at_work()
    other = context.new_page()
    other.goto(page.url)
    choose(other, "a")
    hand_in(other)
    expect(task(other).get_by_text("Text number 1")).to_be_visible()
    page.bring_to_front()
    choose(page, "b")
    expect(page.locator("#trouble")).to_contain_text("handed in or given back elsewhere")
    assert [answer.canonical for answer in Answer.objects.all()] == [{"label": "a"}]


# ---- refusals ----


@pytest.mark.parametrize("heading", ["How does it sound?", None])
def test_a_refusal_names_a_question_by_its_heading_or_not_at_all(at_work, heading):
    header = f'<Header value="{heading}"/><Choices' if heading else "<Choices"
    page = at_work(REQUIRED.replace("<Choices", header))
    expect(task(page).get_by_text("Text number 0")).to_be_visible()
    hand_in(page)
    expect(page.locator("#trouble")).to_have_text(f"{heading}: {OPEN}" if heading else OPEN)


def test_what_the_server_refuses_is_said_and_can_be_corrected(at_work, axe, shot):
    page = at_work()
    expect(task(page).get_by_text("Text number 0")).to_be_visible()
    hand_in(page)
    trouble = page.get_by_role("alert").filter(has_text=OPEN)
    expect(trouble).to_contain_text("must be answered")
    expect(trouble).to_be_focused()
    axe(page)
    shot(page, "workspace-refused")
    assert Answer.objects.count() == 0
    choose(page, "b")
    hand_in(page)
    expect(task(page).get_by_text("Text number 1")).to_be_visible()
    expect(page.locator("#trouble")).to_be_hidden()


def test_who_is_signed_out_meanwhile_signs_in_and_goes_on(at_work, wanda, sign_in):
    page = at_work()
    expect(task(page).get_by_text("Text number 0")).to_be_visible()
    Session.objects.all().delete()
    choose(page, "b")
    expect(page.locator("#status")).to_contain_text("not signed in any more")
    hand_in(page)
    expect(page.locator("#trouble")).to_contain_text("not signed in any more")
    sign_in(page, wanda)
    hand_in(page)
    expect(task(page).get_by_text("Text number 1")).to_be_visible()
    assert Answer.objects.count() == 1


# ---- leases ----


def run_out() -> None:
    Assignment.objects.filter(state="leased").update(
        leased_at=timezone.now() - timedelta(hours=1), expires_at=timezone.now() - timedelta(minutes=1)
    )


def test_a_lease_that_has_run_out_is_shown_and_can_still_be_handed_in(at_work, shot):
    page = at_work()
    choose(page, "b")
    saved(page)
    run_out()
    page.reload()
    expect(page.locator("#late")).to_be_visible()
    expect(page.locator("#left")).to_have_text("0:00")
    chosen(page, "b")
    shot(page, "workspace-late")
    hand_in(page)
    expect(task(page).get_by_text("Text number 1")).to_be_visible()
    expect(page.locator("#late")).to_be_hidden()
    assert Assignment.objects.get(state="submitted").price_micros == 50_000


def test_an_answer_that_came_too_late_is_kept_and_said(at_work, walt):
    page = at_work(tasks=[{"text": "The only one"}])
    choose(page, "b")
    saved(page, "b")
    run_out()
    scenes.claim(walt, Batch.objects.get(), now=timezone.now())
    hand_in(page)
    expect(page.locator("#over")).to_contain_text("no more work")
    expect(page.locator("#trouble")).to_contain_text("too late")
    assert set(Assignment.objects.values_list("state", flat=True)) == {"late", "leased"}
    expect(page.locator("#today")).to_have_text("0")


def test_a_task_is_given_back_with_a_reason(at_work, axe, shot):
    page = at_work()
    expect(task(page).get_by_text("Text number 0")).to_be_visible()
    page.get_by_role("button", name="Skip").click()
    dialog = page.get_by_role("dialog", name="Give this task back")
    axe(page)
    shot(page, "workspace-skip")
    dialog.get_by_label("The guideline does not say what to do").check()
    dialog.get_by_label("Anything to add?").fill("two colours")
    dialog.get_by_role("button", name="Give it back").click()
    expect(task(page).get_by_text("Text number 1")).to_be_visible()
    row = Assignment.objects.get(state="returned")
    assert (row.return_reason, row.return_comment) == ("unclear", "two colours")


def test_who_changes_their_mind_keeps_the_task(at_work):
    page = at_work()
    choose(page, "a")
    page.get_by_role("button", name="Skip").click()
    page.get_by_role("button", name="Keep it").click()
    chosen(page, "a")
    assert Assignment.objects.get().state == "leased"


def test_signs_of_life_every_fifteen_seconds_of_work_in_view(page, at_work):
    beats = []
    page.on("request", lambda request: beats.append(request.url) if request.url.endswith("/heartbeat") else None)
    page.clock.install()
    at_work()
    expect(task(page).get_by_text("Text number 0")).to_be_visible()

    def after(milliseconds: int) -> int:
        page.clock.run_for(milliseconds)
        page.wait_for_timeout(300)
        return len(beats)

    page.mouse.move(700, 300)
    after(16_000)
    still = after(30_000)
    assert still >= 1
    assert after(30_000) == still, "nobody moved: no sign of life"
    page.mouse.move(710, 310)
    assert after(16_000) == still + 1
    page.evaluate("() => Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'})")
    page.mouse.move(720, 320)
    assert after(30_000) == still + 1, "not in view: no sign of life"


# ---- the next task, ahead ----


def test_the_next_task_is_taken_ahead_where_the_batch_lets_and_goes_back_unbegun(at_work, context):
    page = at_work(max_leases=2)
    expect(task(page).get_by_text("Text number 0")).to_be_visible()
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').filter(one => one.name.endsWith('/claim')).length === 2"
    )
    ahead = Assignment.objects.get(state="leased", seen_at=None)
    choose(page, "b")
    hand_in(page)
    expect(task(page).get_by_text("Text number 1")).to_be_visible()
    page.wait_for_function("() => performance.getEntriesByName('fairhand:submit-to-next').length === 1")
    until(page, lambda: Assignment.objects.get(id=ahead.id).seen_at is not None)  # it was begun when it was opened
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').filter(one => one.name.endsWith('/claim')).length === 3"
    )
    assert Assignment.objects.filter(state="leased").count() == 2
    page.goto("/account/")
    until(page, lambda: Assignment.objects.filter(state="leased").count() == 1)
    assert Assignment.objects.filter(state="returned", seen_at=None).count() == 1


def test_one_lease_where_the_batch_lets_no_more(at_work):
    page = at_work()
    expect(task(page).get_by_text("Text number 0")).to_be_visible()
    page.wait_for_timeout(600)
    assert Assignment.objects.count() == 1


# ---- guidelines and suggestions ----


def test_a_new_guideline_stands_beside_the_first_task_taken_under_it(at_work, rita):
    page = at_work()
    choose(page, "a")
    project = Batch.objects.get().project_id
    text = "Choose **b** from now on."
    publishing.add_guideline(rita.actor, project, text=text, changes="b", changes_meaning=False, now=timezone.now())
    hand_in(page)
    expect(page.locator("#changed")).to_be_visible()
    expect(page.get_by_role("region", name="Guideline")).to_contain_text("Choose b from now on.")


SUGGESTED = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["a"]}}]


def test_a_suggestion_is_there_to_be_changed_and_its_origin_is_kept(at_work):
    rows = [{"payload": {"text": f"Text number {n}"}, "prelabel": {"result": SUGGESTED, "model_version": "m1"}} for n in range(2)]
    page = at_work(tasks=rows)
    chosen(page, "a")
    hand_in(page)
    expect(task(page).get_by_text("Text number 1")).to_be_visible()
    chosen(page, "a")
    choose(page, "b")
    saved(page)
    page.reload()
    chosen(page, "b")
    hand_in(page)
    over(page, "no more work")
    first, second = [answer.result for answer in Answer.objects.order_by("created_at")]
    assert [(region["value"]["choices"], region["origin"]) for region in first] == [(["a"], "prediction")]
    assert [(region["value"]["choices"], region["origin"]) for region in second] == [(["b"], "prediction-changed")]


# ---- the end of the work ----


def test_who_may_not_take_part_reads_what_is_missing(at_work, axe, shot):
    page = at_work(requirements=[{"subject": "language", "comparator": "in", "values": ["fr"]}])
    over(page, "You cannot take part in this batch yet")
    expect(page.locator("#over-missing li")).to_have_count(1)
    axe(page)
    shot(page, "workspace-not-eligible")


def test_a_paused_batch_says_so_and_goes_on_when_it_is_resumed(at_work, rita):
    page = at_work()
    choose(page, "a")
    batch = Batch.objects.get()
    publishing.pause(rita.actor, batch.id, now=rita.now)
    hand_in(page)
    over(page, "hands out no tasks now")
    publishing.resume(rita.actor, batch.id, now=rita.now)
    page.get_by_role("button", name="Look again").click()
    expect(task(page).get_by_text("Text number 1")).to_be_visible()
