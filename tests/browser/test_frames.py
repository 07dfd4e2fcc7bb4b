"""Requesters' own pages: shown without an origin, answered by form, by message and from elsewhere, and reaching nothing."""

from playwright.sync_api import Page, expect

from tasks import outside
from tasks.models import Answer, Draft
from tests.browser.scenes import opened, until

SCHEMA = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2011-11-11/HTMLQuestion.xsd"
FORM = """<!DOCTYPE html><html><head><script src="https://s3.amazonaws.com/mturk-public/externalHIT_v1.js"></script></head><body>
<form name="mturk_form" method="post" action="https://www.mturk.com/mturk/externalSubmit">
<input type="hidden" value="" name="assignmentId" id="assignmentId">
<h1>What colour is ${thing}?</h1>
<p><label>Colour <input name="colour" required></label></p>
<p><label><input type="checkbox" name="sure" value="very"> very sure</label>
<label><input type="checkbox" name="sure" value="truly"> truly</label></p>
<p><input type="submit" value="Send"></p></form>
<script>turkSetAssignmentID();</script></body></html>"""
TALKING = """<p>${thing}</p><button id="yes">Yes</button><script>
document.getElementById("yes").onclick = () => parent.postMessage({fairhand: "answer", answer: {verdict: "yes"}}, "*");
</script>"""
SPYING = """<form><input name="found" id="found"></form><script>
(async () => {
  const found = [];
  const tries = {
    cookie: () => document.cookie, parent: () => parent.document.title, top: () => top.location.href, storage: () => localStorage.length,
    fetch: () => fetch("/api/v1/me").then(() => "fetched"), image: () => new Promise((resolve) => {
      const image = new Image(); image.onload = () => resolve("loaded"); image.onerror = () => { throw 1; }; image.src = "https://elsewhere.example/x.png";
      image.onerror = () => resolve(""); }),
    open: () => open("https://elsewhere.example/"),
  };
  for (const [name, attempt] of Object.entries(tries)) { try { if (await attempt()) found.push(name); } catch {} }
  try { top.location = "https://elsewhere.example/"; } catch {}
  document.getElementById("found").value = found.join(",") || "nothing";
  document.title = "done";
})();
</script>"""


def question(page: str, height: int = 450) -> str:
    return f'<HTMLQuestion xmlns="{SCHEMA}"><HTMLContent><![CDATA[{page}]]></HTMLContent><FrameHeight>{height}</FrameHeight></HTMLQuestion>'


def start(page: Page, sign_in, wanda, rita, olga, interface: str, tasks) -> None:
    batch = opened(rita, olga, interface, tasks)
    outside.tell(
        wanda.worker.id, [f"requester:{rita.organization.id}"], now=wanda.now
    )  # of the program in the page: test_outside
    sign_in(page, wanda)
    page.goto(f"/work/{batch.id}/")


def inside(page: Page):
    return page.frame_locator("#editor iframe")


def test_a_page_written_for_mechanical_turk(site, page, sign_in, wanda, rita, olga, watched, axe, shot):
    watched.expect("externalHIT_v1")  # its script is from elsewhere and is not let in; what it offers is there all the same
    start(page, sign_in, wanda, rita, olga, question(FORM), [{"thing": "<b>the sky</b>"}, {"thing": "grass"}])
    expect(inside(page).get_by_role("heading", name="What colour is <b>the sky</b>?")).to_be_visible()
    page.get_by_role("button", name="Hand in").click()
    expect(page.locator("#trouble")).to_contain_text("must be filled in")
    inside(page).get_by_label("Colour").fill("blue")
    inside(page).get_by_label("very sure").check()
    inside(page).get_by_label("truly").check()
    until(page, lambda: Draft.objects.filter(result__0__value__form__sure=["very", "truly"]).exists())
    shot(page, "workspace-own-page")
    page.reload()
    expect(inside(page).get_by_label("Colour")).to_have_value("blue")
    expect(inside(page).get_by_label("truly")).to_be_checked()
    axe(page)
    page.get_by_role("button", name="Hand in").click()
    expect(inside(page).get_by_role("heading", name="grass")).to_be_visible()
    inside(page).get_by_label("Colour").fill("green")
    inside(page).get_by_role("button", name="Send").click()  # its own button does it, too
    expect(page.get_by_role("heading", name="no more work")).to_be_visible()
    found = [answer.canonical["form"] for answer in Answer.objects.order_by("created_at")]
    assert found == [{"colour": "blue", "sure": ["truly", "very"]}, {"colour": "green"}]


def test_a_page_that_speaks_for_itself(site, page, sign_in, wanda, rita, olga):
    start(page, sign_in, wanda, rita, olga, question(TALKING), [{"thing": "Is this a cat?"}])
    inside(page).get_by_role("button", name="Yes").click()
    expect(page.get_by_role("heading", name="no more work")).to_be_visible()
    assert Answer.objects.get().canonical == {"form": {"verdict": "yes"}}


def test_a_page_reaches_nothing(site, page, sign_in, wanda, rita, olga, watched):
    watched.expect("CSP|Content Security Policy|violates the following|sandbox|Failed to load resource|permission|cross-origin")
    start(page, sign_in, wanda, rita, olga, question(SPYING), [{}])
    expect(inside(page).locator("#found")).to_have_value("nothing")
    assert page.url.startswith(site.address)


def test_an_external_page_sends_its_form_here(site, page, sign_in, wanda, rita, olga, watched):
    watched.expect("request elsewhere: https://pages.example/")
    asked = []

    def answer(route):
        asked.append(route.request.url)
        route.fulfill(content_type="text/html", body=EXTERNAL)

    page.context.route("https://pages.example/**", answer)
    schema = SCHEMA.replace("HTMLQuestion", "ExternalQuestion")
    interface = (
        f'<ExternalQuestion xmlns="{schema}"><ExternalURL>https://pages.example/ask?thing=${{thing}}</ExternalURL>'
        "<FrameHeight>0</FrameHeight></ExternalQuestion>"
    )
    start(page, sign_in, wanda, rita, olga, interface, [{"thing": "a&b=c"}])
    assert asked == [], "first it is told whose server will see the address"
    page.get_by_role("button", name="Go on").click()
    inside(page).get_by_label("Colour").fill("red")
    inside(page).get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="no more work")).to_be_visible()
    assert Answer.objects.get().canonical == {"form": {"colour": "red"}}
    assert "thing=a%26b%3Dc&assignmentId=" in asked[0]
    assert str(wanda.worker.id) not in asked[0], "requesters know workers by alias, on their own pages too"


EXTERNAL = """<!DOCTYPE html><title>x</title><form id="f" method="post"><label>Colour <input name="colour"></label><button>Send</button></form>
<script>const q = new URLSearchParams(location.search); const f = document.getElementById("f");
f.action = q.get("turkSubmitTo") + "/mturk/externalSubmit";
const a = document.createElement("input"); a.type = "hidden"; a.name = "assignmentId"; a.value = q.get("assignmentId"); f.append(a);</script>"""
