"""A requester's way through a pilot, in a browser: begin, watch, revise the guideline, publish at the price it suggests."""

import io
from datetime import timedelta

import pytest
from PIL import Image
from playwright.sync_api import expect

from tasks import asking, piloting
from tasks.models import Batch, Guideline, MediaFile
from tests import builders
from tests.tasks import scenes
from tests.tasks.test_piloting import worked


@pytest.fixture
def large(rita, olga, settings):
    settings.PILOT_ABOVE_TASKS = 10
    scenes.floor(olga)
    scenes.funds(olga, rita)
    return scenes.draft(rita, tasks=12, gold=3, overlap=2, gold_percent=20)


@pytest.fixture
def crew(now):
    return [builders.worker(f"w{n}", now=now) for n in range(5)]


def test_a_pilot_is_begun_read_and_followed(site, page, large, crew, rita, sign_in, axe, shot, now):
    sign_in(page, rita)
    page.goto("/account/")
    page.get_by_role("link", name="First").click()
    expect(page).to_have_url(f"{site.address}/requester/batches/{large.id}/pilot/")
    expect(page.get_by_text("No pilot has tried this batch out yet.")).to_be_visible()
    axe(page)
    shot(page, "pilot-none")
    page.get_by_label("Tasks").fill("4")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("A pilot has 5 to 100 tasks.")).to_be_visible()
    page.get_by_label("Tasks").fill("5")
    page.get_by_label("People").fill("5")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("The pilot is open.")).to_be_visible()
    expect(page.get_by_text("Running", exact=True)).to_be_visible()
    pilot = Batch.objects.get(pilot_of=large)
    [lease] = scenes.claim(crew[0], pilot)
    asking.about_assignment(crew[0].actor, lease.id, text="Is cherry a colour?", now=now)
    scenes.submit(crew[0], lease, seconds=9)
    for n, worker in enumerate(crew):
        worker.now = now + timedelta(seconds=10)
        worked(pilot, [worker], seconds=lambda _, n=n: 9 + n, choice="a" if n == 0 else "b")
    page.reload()
    report = page.locator("#report")
    expect(report.get_by_text("Finished")).to_be_visible()
    expect(report.get_by_text("Is cherry a colour?")).to_be_visible()
    expect(report.get_by_role("region", name="Tasks on which people disagree")).to_contain_text("label: b")
    expect(report.get_by_text("It suggests")).to_be_visible()
    axe(page)
    shot(page, "pilot-finished")
    page.get_by_role("radio", name="the one below").check()
    page.get_by_label("Another price").fill("0.01")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("The least price at that time per answer is")).to_be_visible()
    page.get_by_role("radio", name="as the pilot suggests").check()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("This batch is published.")).to_be_visible()
    large.refresh_from_db()
    suggested = piloting.report(rita.actor, large.id, now=now)["price"]["suggested_price_micros"]
    assert (large.state, large.price_micros) == ("open", suggested)


def test_without_a_pilot_a_reason_is_asked_for(site, page, large, rita, sign_in):
    sign_in(page, rita)
    page.goto(f"/requester/batches/{large.id}/pilot/")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("A batch this large is first tried out by a small group: POST")).to_be_visible()
    page.get_by_label("Why without a pilot?").fill("The same tasks ran last month.")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Without a pilot, because: The same tasks ran last month.")).to_be_visible()
    large.refresh_from_db()
    assert large.state == "open"


def test_the_next_version_is_written_with_examples(site, page, large, rita, sign_in, axe, shot, tmp_path):
    picture = tmp_path / "red.png"
    kept = io.BytesIO()
    Image.new("RGB", (40, 30), "#c22").save(kept, "PNG")
    picture.write_bytes(kept.getvalue())
    sign_in(page, rita)
    page.goto(f"/requester/batches/{large.id}/pilot/")
    page.get_by_role("link", name="Write the next version").click()
    page.get_by_label("Guideline").fill("# Colours\n\nChoose *b* when a colour is named or meant.")
    page.get_by_label("What is new, in a sentence").fill("Meant colours count.")
    page.locator("summary", has_text="b").click()
    entry = page.locator("details.entry", has=page.get_by_role("heading", name="b", exact=True))
    entry.get_by_label("What it means").fill("A **colour**.")
    first = entry.get_by_role("group", name="Example 1 of b")
    first.get_by_label("Text").fill("The ball is red.")
    second = entry.get_by_role("group", name="Example 2 of b")
    second.get_by_label("Or a picture").set_input_files(picture)
    axe(page)
    shot(page, "guideline-next")
    page.get_by_role("button", name="Publish this version").click()
    expect(page.get_by_text("Say in words what the image shows")).to_be_visible()
    second.get_by_label("Or a picture").set_input_files(picture)
    second.get_by_label("What the picture shows").fill("A red card")
    page.get_by_role("button", name="Publish this version").click()
    expect(page.get_by_text("Version 2 is published.")).to_be_visible()
    expect(page).to_have_url(f"{site.address}/requester/batches/{large.id}/pilot/")
    made = Guideline.objects.get(version=2)
    assert [entry["label"] for entry in made.entries] == ["b"]
    assert [bool(example["image"]) for example in made.entries[0]["examples"]] == [False, True]
    assert MediaFile.objects.filter(name="red.png").exists()
