"""The page of a guideline, in a browser: read, compared, searched, confirmed; and nothing in it ever runs."""

import io
import re
from datetime import timedelta

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from tasks import media, publishing
from tasks.models import GuidelineReading
from tests.browser import scenes as browser_scenes
from tests.foundation.test_markdown import HOSTILE
from tests.tasks import scenes

FIRST = """# Which colour?

Look at the **whole** text before you decide.

- Choose *a* when no colour is named.
- Choose *b* when one is.

## Hard cases

| text | label |
|------|-------|
| The ball is red | b |
| The ball is round | a |
"""
SECOND = """# Which colour?

Look at the **whole** text before you decide, headlines included.

- Choose *a* when no colour is named.
- Choose *b* when one is named or meant.
- When in doubt, ask.

## Hard cases

| text | label |
|------|-------|
| The ball is red | b |
| The ball is cherry | b |
| The ball is round | a |

![A red ball]({picture})
"""


def entries(picture: str) -> list[dict]:
    return [
        {
            "label": "b",
            "definition": "The text names a **colour**.",
            "use_when": "A word for a colour stands in the text.",
            "do_not_use_when": "Only a thing of that colour does.",
            "examples": [
                {"right": True, "text": "The ball is red.", "explanation": "It says *red*."},
                {"right": False, "text": "The ball is round.", "explanation": "No colour at all."},
                {"right": True, "image": picture, "alt": "A red ball on grass"},
            ],
        },
        {"label": "a", "definition": "No colour."},
    ]


def ball() -> bytes:
    image, kept = Image.new("RGB", (160, 90), "#7cb86a"), io.BytesIO()
    ImageDraw.Draw(image).ellipse((55, 20, 105, 70), fill="#c22")
    image.save(kept, "PNG")
    return kept.getvalue()


@pytest.fixture
def batch(rita, olga):
    return browser_scenes.opened(rita, olga, of=browser_scenes.project(rita, scenes.INTERFACE, guideline=FIRST))


@pytest.fixture
def second(batch, rita, wanda):
    """Wanda worked under the first version; the second means something else."""
    scenes.answered(wanda, batch)
    picture = media.address_of(browser_scenes.file(rita, "ball.png", ball()))
    return publishing.add_guideline(
        rita.actor,
        batch.project_id,
        text=SECOND.replace("{picture}", picture),
        entries=entries(picture),
        changes="Meant colours count now.",
        now=rita.now,
    )


def test_what_changed_is_read_confirmed_and_the_work_goes_on(site, page, batch, second, wanda, sign_in, axe, shot):
    sign_in(page, wanda)
    page.goto(f"/work/{batch.id}/")
    link = page.get_by_role("link", name="Do it now")
    expect(link).to_be_visible()
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Guideline of Colours")
    expect(page.get_by_text("reading is work, and your time counts")).to_be_visible()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"\d:\d\d"))
    changes = page.get_by_role("region", name="What changed since version 1")
    expect(changes.get_by_text("The meaning changed")).to_be_visible()
    expect(changes.get_by_text("Meant colours count now.")).to_be_visible()
    expect(changes.locator("ins", has_text="headlines included")).to_be_visible()
    expect(changes.locator("li.added")).to_contain_text("When in doubt, ask.")
    expect(changes.locator("tr.added")).to_contain_text("cherry")
    expect(changes.get_by_role("heading", name=re.compile("^b"))).to_contain_text("new label entry")
    axe(page)
    shot(page, "guideline-changed")
    page.get_by_role("button", name="I have read this").press("Enter")
    page.wait_for_url(f"**/work/{batch.id}/")
    expect(page.get_by_text("You were credited")).to_be_visible()
    expect(page.locator("#submit")).to_be_visible()
    assert GuidelineReading.objects.get(guideline=second).read_at is not None


def test_entries_are_found_by_label_and_pictures_load(site, page, second, wanda, sign_in, axe, shot):
    sign_in(page, wanda)
    page.goto(f"/guidelines/{second.id}/")
    labels = page.get_by_role("region", name="What each label means")
    expect(labels.get_by_role("heading", level=3)).to_have_count(2)
    picture = labels.get_by_role("img", name="A red ball on grass")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("naturalWidth", 160)
    labels.get_by_role("searchbox", name="Find a label").fill("a")
    expect(labels.get_by_role("heading", level=3)).to_have_text(["a"])
    expect(labels.get_by_role("status")).to_have_text("1 label with “a”")
    axe(page)
    labels.get_by_role("searchbox").fill("colour of the sky")
    expect(labels.get_by_text("No label has these words.")).to_be_visible()
    shot(page, "guideline-nothing-found")


def test_the_panel_beside_a_task_says_what_labels_mean(site, page, second, batch, wanda, sign_in, axe):
    from tasks import reading

    reading.begin(wanda.actor, second.id, now=wanda.now)
    reading.finish(wanda.actor, second.id, now=wanda.now + timedelta(seconds=1))
    sign_in(page, wanda)
    page.goto(f"/work/{batch.id}/")
    panel = page.locator("#guideline")
    expect(panel.get_by_role("heading", name="Which colour?")).to_be_visible()
    panel.get_by_role("searchbox", name="Find a label").fill("b")
    expect(panel.locator("article.entry")).to_have_count(1)
    expect(panel.get_by_text("A word for a colour stands in the text.")).to_be_visible()


def test_who_has_read_it_sees_when_and_a_requester_only_looks(site, new_context, second, wanda, rita, sign_in, axe, shot):
    page = new_context().new_page()
    sign_in(page, wanda)
    page.goto(f"/guidelines/{second.id}/")
    page.get_by_role("button", name="I have read this").click()
    expect(page.get_by_text("You read this version on")).to_be_visible()
    expect(page.get_by_role("button", name="I have read this")).to_have_count(0)
    axe(page)
    shot(page, "guideline-read")
    other = new_context().new_page()
    sign_in(other, rita)
    other.goto(f"/guidelines/{second.id}/?since=1")
    expect(other.get_by_text("What changed since version 1").first).to_be_visible()
    expect(other.get_by_role("button", name="I have read this")).to_have_count(0)
    axe(other)


def test_an_old_version_leads_to_the_newest(site, page, batch, second, wanda, sign_in):
    sign_in(page, wanda)
    page.goto(f"/guidelines/{batch.guideline_id}/")
    expect(page.get_by_text("There is a newer one")).to_be_visible()
    page.get_by_role("link", name="version 2").first.click()
    page.wait_for_url(f"**/guidelines/{second.id}/")


def test_nothing_in_a_guideline_ever_runs(site, page, batch, rita, wanda, sign_in):
    """Every hostile text, in the text and in every field of an entry; the page's own policy would tell of what it blocks."""
    plain = [text for text in HOSTILE if "/files/" not in text and "\x00" not in text]
    scenes.answered(wanda, batch)
    hostile = "\n\n".join(plain)
    examples = [{"right": True, "text": text, "explanation": text} for text in plain[:20]]
    entry = {"label": "b", "definition": hostile[:4000], "use_when": hostile[:4000], "do_not_use_when": "x", "examples": examples}
    row = publishing.add_guideline(
        rita.actor, batch.project_id, text=hostile, entries=[entry], changes=hostile[:2000], now=rita.now
    )
    sign_in(page, wanda)
    fired: list[str] = []
    page.on("dialog", lambda dialog: (fired.append(dialog.message), dialog.dismiss()))
    page.goto(f"/guidelines/{row.id}/")
    page.get_by_role("searchbox", name="Find a label").fill("<img src=x onerror=alert(1)>")
    expect(page.get_by_text("No label has these words.")).to_be_visible()
    page.goto(f"/guidelines/{row.id}/?label=%3Cscript%3Ealert(1)%3C/script%3E&next=javascript:alert(1)")
    for element in page.locator("main a").all():
        assert (element.get_attribute("href") or "").startswith(("/", "#", "http", "mailto"))
    assert page.locator("main script, main svg, main iframe, main form[action^=javascript]").count() == 0
    page.get_by_role("button", name="I have read this").click()
    page.wait_for_url(f"**/guidelines/{row.id}/")
    assert fired == []
