"""Everything that a requester, a worker or a file can write is tried as script, in every place where a page of ours shows it. None may run.

A payload that runs sets `fired` on the outermost window it can reach, or opens a dialog; both are looked for after everything that can
be clicked was clicked. What the content policy stopped is said in the console, and expected here; a request that leaves for another site
is not (`conftest.Watched`). The gadgets are in gadgets.py; tests/tasks/labels/test_cleaning.py shows that none survives the gate.
"""

import html
import json
import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from xml.sax.saxutils import quoteattr

import pytest
from playwright.sync_api import Page, expect

from qualification.models import Exam
from tasks import answering, appealing, asking, drafting, framing, media, reviewing, sitting
from tasks.labels import InterfaceInvalid, check_interface
from tasks.models import Assignment, Batch, Project, Task
from tests.browser import materials
from tests.browser.gadgets import GADGETS, RUN
from tests.browser.scenes import file, opened, project
from tests.tasks import learning_scenes
from tests.tasks import scenes as task_scenes
from workforce import threads
from workforce.models import Decision, Organization, User, Worker

EVERYTHING = "".join(GADGETS.values())
SHORT = "<img src=x onerror=alert(1)>"  # for what has a limit of its own


@pytest.fixture
def hostile(page, watched):
    """A page on which policy violations are to be expected, and running scripts are not."""
    watched.expect(
        r"CSP |Content Security Policy|violates|404|Failed to load|Blocked script|sandbox|ERR_|Refused to refresh|Unsafe attempt|CORS policy"
        "|Blocked autofocusing"
    )
    page.on("dialog", lambda dialog: (watched.note(f"dialog: {dialog.message}"), dialog.dismiss()))
    return page


def poke(page: Page) -> None:
    """Click whatever can be clicked in what was shown, in every frame."""
    for frame in page.frames:
        if "chrome-error" in frame.url:
            continue  # it was stopped on its way elsewhere
        frame.evaluate(
            """() => {
                for (const one of document.querySelectorAll("a[href*=script], form:not([method]) button, details, p, summary, math, svg a, object")) {
                    if (one.closest("header.site, footer.site, .actions, dialog")) continue;
                    for (const kind of ["pointerover", "click"]) one.dispatchEvent(new MouseEvent(kind, {bubbles: true, cancelable: true}));
                }
            }"""
        )
    page.wait_for_timeout(300)


def nothing_ran(page: Page) -> None:
    page.wait_for_timeout(300)
    poke(page)
    assert [
        frame.url for frame in page.frames if "chrome-error" not in frame.url and frame.evaluate("() => Boolean(self.fired)")
    ] == []


# Each gadget in each place where the editor makes HTML of what it is given: <HyperText> (from the payload, and fixed in the config), `html` of
# choices (from the payload, and in the config) and of labels, and of the items of a <List>.
SINKS = (
    "<View>"
    + "".join(f'<HyperText name="h{n}" value="$h{n}" inline="{str(n % 2 == 0).lower()}"/>' for n in range(len(GADGETS)))
    + '%s<List name="l" value="$items"/><Ranker name="r" toName="l"/><Text name="t" value="$text"/><Labels name="s" toName="t" value="$labels"/>'
    '<Choices name="o" toName="t" value="$offered"/><Choices name="c" toName="t"><Choice value="a"/>%s</Choices></View>'
)
PAYLOAD = {
    "text": "The task is here. " + EVERYTHING,
    "items": [{"id": str(n), "title": name, "html": f"seen {markup}"} for n, (name, markup) in enumerate(GADGETS.items())],
    "labels": [{"value": name, "html": f"seen {markup}"} for name, markup in GADGETS.items()],
    "offered": [{"value": name, "html": f"seen {markup}", "hint": markup} for name, markup in GADGETS.items()],
    **{f"h{n}": f"<p>seen {n}.</p>{markup}" for n, markup in enumerate(GADGETS.values())},
}
# Without those that take the editor's frame somewhere, which have a test of their own: its place might stay empty, and hide the others.
LISTS = {name: [one for one in PAYLOAD[name] if "http-equiv" not in str(one)] for name in ("items", "labels", "offered")}
LISTS |= {name: "" for name, value in PAYLOAD.items() if isinstance(value, str) and "http-equiv" in value}


def accepted(markup: str) -> bool:
    """Does a config that holds it get as far as being cleaned? Some are refused outright."""
    choice = f"<Choice value='x' html={quoteattr(markup)}/>"
    try:
        check_interface(
            f'<View><Text name="t" value="$t"/><Choices name="c" toName="t"><Choice value="a"/>{choice}</Choices></View>'
        )
    except InterfaceInvalid:
        return False
    return True


def every_sink() -> str:
    fixed = [
        (n, quoteattr(f"<b>fixed {n}</b>{markup}"))
        for n, markup in enumerate(GADGETS.values())
        if accepted(markup) and " name=" not in markup
    ]
    assert len(fixed) > len(GADGETS) / 2
    return SINKS % (
        "".join(f'<HyperText name="f{n}" value={markup} inline="true"/>' for n, markup in fixed),
        "".join(f'<Choice value="c{n}" html={markup}/>' for n, markup in fixed),
    )


@pytest.mark.parametrize("stored", ["cleaned where it enters", "from before it was cleaned"])
def test_every_gadget_in_every_place_where_the_editor_makes_html(stored, site, hostile, watched, sign_in, wanda, rita, olga):
    """With the gate, and without: then the editor's own sanitiser lets a part of it through, and the frame is what holds."""
    batch = opened(rita, olga, every_sink(), [PAYLOAD])
    if stored == "from before it was cleaned":
        watched.expect("uncaught")  # the editor itself may break on it
        Project.objects.update(interface=every_sink())
        Task.objects.update(payload={name: value for name, value in PAYLOAD.items() if "http-equiv" not in str(value)} | LISTS)
    sign_in(hostile, wanda)
    hostile.goto(f"/work/{batch.id}/")
    task = hostile.frame_locator("#editor iframe")
    expect(
        hostile.locator("#submit:enabled, #trouble:visible").first
    ).to_be_visible()  # from before, the editor itself may break on it
    if stored == "cleaned where it enters":
        expect(task.get_by_text("The task is here.")).to_be_visible()
        for n in range(len(GADGETS)):
            expect(task.get_by_text(f"seen {n}.", exact=True)).to_be_visible()
        assert task.locator("#editor script, #editor iframe, #editor object, #editor [hx-get], #editor svg a").count() == 0
    else:
        hostile.wait_for_timeout(3000)  # the editor itself may break on it, and never be ready
    nothing_ran(hostile)
    assert [frame.url for frame in hostile.frames if not frame.url.startswith((site.address, "about:", "chrome-error:"))] == []


LEADING = [name for name, markup in GADGETS.items() if "http-equiv" in markup]


@pytest.mark.parametrize("name", LEADING)
def test_a_stored_gadget_that_leads_elsewhere_leads_nowhere(name, site, hostile, watched, sign_in, wanda, rita, olga):
    """From before it was cleaned, in each place: nothing is asked of the other site, no script runs, the page around stays where it is,
    and what the frame may show in the end has no origin.
    """
    watched.expect("uncaught")
    markup = GADGETS[name]
    interface = (
        '<View><HyperText name="h" value="$h" inline="%s"/><HyperText name="f" value=%s/><List name="l" value="$items"/>'
        '<Ranker name="r" toName="l"/><Text name="t" value="$text"/><Choices name="o" toName="t" value="$offered"/>'
        '<Choices name="c" toName="t"><Choice value="a"/><Choice value="b" html=%s/></Choices></View>'
    )
    payload = {
        "h": f"<p>seen</p>{markup}",
        "text": "The task is here.",
        "items": [{"id": "1", "title": "x", "html": markup}],
        "offered": [{"value": "x", "html": markup}],
    }
    batch = opened(rita, olga, interface % ("true", quoteattr("<b>x</b>"), quoteattr("<b>x</b>")), [payload])
    Project.objects.update(interface=interface % ("false", quoteattr(markup), quoteattr(markup)))
    Task.objects.update(payload=payload)
    assert "http-equiv" in str(Task.objects.get().payload), "the control: it is there"
    asked: list[str] = []
    hostile.on("request", lambda request: asked.append(request.url))
    sign_in(hostile, wanda)
    hostile.goto(f"/work/{batch.id}/")
    expect(hostile.locator("#submit:enabled, #trouble:visible").first).to_be_visible()
    hostile.wait_for_timeout(2000)
    nothing_ran(hostile)
    assert hostile.url == f"{site.address}/work/{batch.id}/"
    assert [url for url in asked if not url.startswith((site.address, "data:", "blob:", "about:"))] == []
    inside = [frame for frame in hostile.frames if frame != hostile.main_frame and "chrome-error" not in frame.url]
    assert [frame.evaluate("() => self.origin") for frame in inside] == ["null"] * len(inside)


# Each gadget in whatever of an answer is text: what was typed, the words of a span, a choice, a transcript of a region; and as a draft.
ANSWERED = (
    '<View><Text name="t" value="$text"/><TextArea name="w" toName="t"/><Labels name="s" toName="t"><Label value="x"/></Labels>'
    '<TextArea name="p" toName="t" perRegion="true"/><Choices name="c" toName="t" value="$offered" choice="multiple"/></View>'
)


def written() -> list[dict]:
    """A result of a worker's in which every text is a gadget."""
    gadgets = list(GADGETS.values())
    place = {"start": 0, "end": 8, "text": "The task"}
    return [
        {"from_name": "w", "to_name": "t", "type": "textarea", "value": {"text": gadgets}},
        {"from_name": "s", "to_name": "t", "type": "labels", "id": "r1", "value": {**place, "labels": ["x"]}},
        {"from_name": "p", "to_name": "t", "type": "textarea", "id": "r1", "value": {**place, "text": gadgets}},
        {"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": list(GADGETS)}},
    ]


def of_texts(rita, olga):
    payload = {"text": "The task is here.", "offered": [{"value": name} for name in GADGETS]}
    return opened(rita, olga, ANSWERED, [payload])


def test_every_gadget_in_a_draft_that_is_shown_again(site, hostile, sign_in, wanda, rita, olga, now):
    batch = of_texts(rita, olga)
    (lease,) = task_scenes.claim(wanda, batch)
    drafting.save(lease.id, worker_id=wanda.worker.id, token=lease.token, result=written(), base_revision=0, now=now)
    sign_in(hostile, wanda)
    hostile.goto(f"/work/{batch.id}/")
    inside = hostile.frame_locator("#editor iframe")
    expect(inside.get_by_text("onerror=").first).to_be_visible()
    nothing_ran(hostile)
    assert inside.locator("#editor script, #editor iframe, #editor object, #editor [hx-get], #editor [onerror]").count() == 0


def test_every_gadget_in_an_answer_its_verdict_and_its_appeal(site, hostile, sign_in, wanda, rita, olga, now):
    """As the worker sees it in their work and in the decision; and as the requester sees the appeal."""
    batch = of_texts(rita, olga)
    (lease,) = task_scenes.claim(wanda, batch, now=now)
    answering.submit(lease.id, worker_id=wanda.worker.id, token=lease.token, result=written(), now=now)
    evidence = {f"{name} {markup}"[:60]: markup for name, markup in list(GADGETS.items())[:20]}
    words = f"{SHORT} {EVERYTHING}"[:1900]
    reviewing.reject(rita.actor, lease.id, reason="low_effort", comment=words, evidence=evidence, now=now)
    decision = Decision.objects.get(worker=wanda.worker)
    sign_in(hostile, wanda)
    looked(hostile, ["/my/work/", f"/my/work/{lease.id}/"])
    inside = hostile.frame_locator("#editor iframe")
    expect(inside.get_by_text("onerror=").first).to_be_visible()
    hostile.locator("#as-data summary").click()
    nothing_ran(hostile)
    assert inside.locator("#editor script, #editor iframe, #editor object, #editor [hx-get], #editor [onerror]").count() == 0
    looked(hostile, [f"/decisions/{decision.id}/", "/my/quality/"])
    appeal = appealing.file(wanda.actor, decision.id, text=words, now=now)
    looked(hostile, [f"/decisions/{decision.id}/", f"/appeals/{appeal.id}/"])
    sign_in(hostile, rita)
    looked(hostile, ["/appeals/", f"/appeals/{appeal.id}/"])


SPY = Path(__file__).with_name("spy.js").read_text()
# Without a policy these work, and still nobody is signed in.
WITHOUT_A_POLICY = ["script", "inline", "code", "elsewhere", "picture", "form", "leave", "calls_in_a_text"]


@pytest.mark.parametrize("where", ["in the workspace", "at its own address", "with its policy taken away"])
def test_a_script_that_does_run_in_the_frame_reaches_nothing(where, site, hostile, sign_in, wanda, rita, olga):
    """Planted by the test, as if everything before the frame had failed: no cookie, no session, no word to another site."""
    batch = opened(rita, olga)
    sign_in(hostile, wanda)
    hostile.goto("/jobs/")
    hostile.evaluate(
        "() => { localStorage.planted = sessionStorage.planted = 'a draft of hers'; document.cookie = 'planted=hers'; }"
    )
    cookies: list[str] = []
    hostile.on(
        "request",
        lambda request: cookies.append(request.all_headers().get("cookie", "")) if request.url.endswith("/me") else None,
    )
    if where == "with its policy taken away":  # only the attribute of the frame is left

        def bare(route):
            answer = route.fetch()
            headers = {name: value for name, value in answer.headers.items() if name != "content-security-policy"}
            route.fulfill(response=answer, headers=headers)

        hostile.route("**/editor/", bare)
    if where == "at its own address":
        hostile.goto(f"/work/{batch.id}/editor/")
        frame = hostile.main_frame
    else:
        hostile.goto(f"/work/{batch.id}/")
        expect(hostile.frame_locator("#editor iframe").get_by_text("Text number 0")).to_be_visible()
        frame = hostile.frames[-1]
    begun = frame.url
    skipped = {"with its policy taken away": WITHOUT_A_POLICY, "at its own address": ["leave"]}.get(where, [])
    origin, found = frame.evaluate(SPY, skipped)
    assert origin == "null"
    assert found == {}
    hostile.wait_for_timeout(300)
    assert frame.url in (begun, "chrome-error://chromewebdata/"), "a form that was stopped"
    assert hostile.url.startswith(site.address)
    assert [cookie for cookie in cookies if cookie] == []


@pytest.fixture
def listener():
    """A server of the requester's: where one may call by UDP and TCP, and what was heard there."""
    heard: list[str] = []
    calls, doors = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
    for one in (calls, doors):
        one.bind(("127.0.0.1", 0))
        one.settimeout(0.1)
    doors.listen()
    running = threading.Event()

    def listen() -> None:
        while not running.is_set():
            for one, take in ((calls, lambda: calls.recv(2000)), (doors, lambda: doors.accept()[0].close())):
                with suppress(TimeoutError):
                    take()
                    heard.append("udp" if one is calls else "tcp")

    thread = threading.Thread(target=listen)
    thread.start()
    yield SimpleNamespace(udp=calls.getsockname()[1], tcp=doors.getsockname()[1], heard=heard)
    running.set()
    thread.join()
    calls.close()
    doors.close()


def calling(listener) -> str:
    """What calls the listener past every content policy: hints in mark-up, WebRTC in a script, in frames' texts and addresses."""
    door = f"http://127.0.0.1:{listener.tcp}/"
    script = (
        f"var c=new RTCPeerConnection({{iceServers:[{{urls:&quot;stun:127.0.0.1:{listener.udp}&quot;}},{{urls:"
        f"&quot;turn:127.0.0.1:{listener.tcp}?transport=tcp&quot;,username:&quot;u&quot;,credential:&quot;p&quot;}}]}});"
        "c.createDataChannel(0);c.createOffer().then(o=>c.setLocalDescription(o))"
    )
    plain = html.unescape(script)
    framed = f"<iframe srcdoc='<script>{script}</script>'></iframe><iframe src='javascript:{script}'></iframe>"
    later = f"<p id=p></p><script>p.innerHTML = {json.dumps(framed).replace('</script>', '<' + chr(92) + '/script>')}</script>"
    hidden = later.replace("id=p", "id=q").replace("p.innerHTML", "q.attachShadow({mode: 'closed'}).innerHTML")
    hints = f"<link rel=preconnect href={door}><link title='>' rel=preconnect href={door}><link rel=prefetch href={door}x><img src={door}y>"
    return f"{hints}<script>{plain}</script>{framed}{later}{hidden}<h1>Here</h1>"


def test_the_editor_calls_nobody(site, hostile, sign_in, wanda, rita, olga, listener):
    page = calling(listener)
    interface = (
        '<View><HyperText name="h" value="$h" inline="true"/><Choices name="c" toName="h"><Choice value="a"/>'
        '<Choice value="b"/></Choices></View>'
    )
    batch = opened(rita, olga, interface, [{"h": "<p>The task</p>"}])
    Task.objects.update(payload={"h": f"<p>The task</p>{page}"})  # as if it had not been cleaned
    sign_in(hostile, wanda)
    hostile.goto(f"/work/{batch.id}/")
    expect(hostile.frame_locator("#editor iframe").get_by_text("The task")).to_be_visible()
    nothing_ran(hostile)
    hostile.wait_for_timeout(1000)
    assert listener.heard == []


@pytest.mark.parametrize("guarded", [True, False], ids=["as it is served", "as the requester wrote it"])
def test_a_page_of_a_requester_calls_nobody_before_its_reader_was_told(
    guarded, site, hostile, watched, sign_in, wanda, rita, olga, listener, monkeypatch, shot, axe
):
    """Afterwards neither, by what we know; without our script and our look at the mark-up it does, so the listener hears."""
    watched.expect("uncaught: RTCPeerConnection is not a constructor")
    if not guarded:
        monkeypatch.setattr(framing, "without_contacts", lambda page: page)
        monkeypatch.setattr(framing, "_script", lambda: "")
    schema = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2011-11-11/HTMLQuestion.xsd"
    question = f'<HTMLQuestion xmlns="{schema}"><HTMLContent><![CDATA[{calling(listener)}]]></HTMLContent><FrameHeight>0</FrameHeight></HTMLQuestion>'
    batch = opened(rita, olga, question, [{}])
    sign_in(hostile, wanda)
    hostile.goto(f"/work/{batch.id}/")
    expect(hostile.get_by_role("heading", name="Other sites may see your address")).to_be_visible()
    axe(hostile)
    shot(hostile, "other-sites")
    hostile.wait_for_timeout(500)
    assert listener.heard == []
    hostile.get_by_role("button", name="Go on").click()
    expect(hostile.frame_locator("#editor iframe").get_by_role("heading", name="Here")).to_be_visible()
    hostile.wait_for_timeout(2000)
    assert set(listener.heard) == (set() if guarded else {"udp", "tcp"})


def test_the_page_around_listens_to_its_own_frame_only(site, hostile, sign_in, wanda, rita, olga):
    """Another window, or the page itself, speaks as the editor would: nothing is saved or handed in."""
    batch = opened(rita, olga)
    sign_in(hostile, wanda)
    hostile.goto(f"/work/{batch.id}/")
    expect(hostile.frame_locator("#editor iframe").get_by_text("Text number 0")).to_be_visible()
    said = "[{fairhand: 'change', number: 1, result: [{x: 1}]}, {fairhand: 'submit', number: 1}].forEach((one) => %s.postMessage(one, '*'))"
    hostile.evaluate(f"() => {said % 'window'}")
    hostile.evaluate(
        "(said) => { const frame = document.createElement('iframe'); frame.src = '/editor/'; document.body.append(frame); }", ""
    )
    hostile.wait_for_timeout(500)
    hostile.frames[-1].evaluate(f"() => {said % 'parent'}")
    hostile.wait_for_timeout(1000)
    assert Assignment.objects.get().state == Assignment.State.LEASED
    assert hostile.locator("#status").inner_text() == ""


def test_names_texts_guideline_and_messages(site, hostile, sign_in, wanda, rita, olga, now):
    Worker.objects.filter(id=wanda.worker.id).update(display_name=SHORT)
    Organization.objects.filter(id=rita.organization.id).update(name=SHORT)
    picture = file(rita, "<img src=x onerror=alert(1)>'\"&.png", materials.picture())
    links = f"[click](javascript:{RUN}) <javascript:{RUN}> [x]: javascript:{RUN}\n\n![{SHORT}](javascript:alert(1))"
    interface = (
        '<View><Text name="t" value="$text"/><Image name="i" value="$image"/><Choices name="c" toName="t" showInline="true">'
        '<Choice value="&lt;img src=x onerror=alert(1)&gt;" hint="&lt;img src=x onerror=alert(1)&gt;"/>'
        '<Choice value="b" html="&lt;img src=x onerror=alert(1)&gt;"/></Choices>'
        '<TextArea name="w" toName="t" placeholder="&quot;&gt;&lt;img src=x onerror=alert(1)&gt;"/></View>'
    )
    of = project(rita, interface, name=SHORT, guideline=f"# {SHORT}\n\n{EVERYTHING}\n\n{links}")
    suggestion = [{"from_name": "w", "to_name": "t", "type": "textarea", "value": {"text": [EVERYTHING]}}]
    row = {
        "payload": {"text": EVERYTHING, "image": media.address_of(picture)},
        "prelabel": {"result": suggestion, "model_version": SHORT},
    }
    batch = opened(rita, olga, interface, [row], of=of, name=SHORT)
    sign_in(hostile, wanda)
    hostile.goto(f"/work/{batch.id}/")
    expect(hostile.get_by_role("button", name="Hand in")).to_be_enabled()
    expect(hostile.frame_locator("#editor iframe").locator("img[alt=image]")).to_be_visible()
    nothing_ran(hostile)
    thread = asking.about_assignment(wanda.actor, Assignment.objects.get().id, text=links, now=now)
    for n in range(0, len(GADGETS), 10):
        part = "\n\n".join(list(GADGETS.values())[n : n + 10])
        threads.write(wanda.actor, thread.id, text=part, now=now)
        threads.write(rita.actor, thread.id, text=part, now=now)
    places = [
        f"/questions/{thread.id}/",
        "/questions/",
        "/notifications/",
        "/jobs/",
        f"/jobs/{batch.id}/",
        "/my/time/",
        "/account/",
    ]
    guideline = f"/guidelines/{Batch.objects.get().guideline_id}/"
    looked(hostile, [*places, guideline])
    sign_in(hostile, rita)
    looked(
        hostile,
        [
            f"/questions/{thread.id}/",
            "/questions/",
            "/notifications/",
            "/account/",
            guideline,
            f"/requester/projects/{of.id}/guideline/",
        ],
    )
    sign_in(hostile, SimpleNamespace(user=User.objects.create_superuser("operator@example.org")))
    task = Task.objects.get()
    rows = [("project", of.id), ("batch", batch.id), ("task", task.id), ("guideline", Batch.objects.get().guideline_id)]
    admin = [f"/admin/tasks/{name}/{key}/change/" for name, key in rows]
    looked(hostile, [*admin, "/admin/tasks/project/", "/admin/tasks/task/", "/admin/workforce/worker/"])


def looked(page: Page, addresses: list[str]) -> None:
    """Each page opens, and nothing runs in it."""
    for address in addresses:
        answer = page.goto(address)
        assert answer.status == 200, address
        nothing_ran(page)


def test_questions_of_an_exam_as_who_sits_it_and_who_sets_it(site, hostile, sign_in, wanda, rita, olga):
    """An exam needs no money and is open to everybody: the cheapest way to every worker's screen."""
    found = sitting.create_exam(
        rita.actor,
        organization_id=rita.organization.id,
        skill_id=learning_scenes.skill(rita, name=SHORT).id,
        title=SHORT,
        instructions=EVERYTHING,
        interface=every_sink(),
        questions=[{"id": SHORT, "payload": PAYLOAD, "solution": {"c": "a"}, "explanation": EVERYTHING[:5000]}],
        questions_per_attempt=1,
        pass_percent=60,
        time_limit_seconds=600,
        max_attempts=2,
        retry_delay_seconds=0,
        valid_days=30,
        renewal_days=7,
        review_allowed="always",
        now=rita.now,
    )
    sign_in(hostile, wanda)
    looked(hostile, ["/exams/", f"/exams/{found.id}/"])
    attempt = sitting.start(wanda.worker.id, found.id, now=wanda.now)
    looked(hostile, [f"/attempts/{attempt.id}/"])
    expect(hostile.frame_locator("#editor iframe").get_by_text("The task is here.")).to_be_visible()
    nothing_ran(hostile)
    sign_in(hostile, rita)
    looked(hostile, [f"/exams/{found.id}/items/"])
    assert Exam.objects.count() == 1


@pytest.mark.parametrize(
    "attack",
    [
        '<View><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="a"/><Choice value="b"/></Choices><script>x</script></View>',
        '<View onclick="x"><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="a"/><Choice value="b"/></Choices></View>',
        '<View style="background:url(https://evil.example/)"><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="a"/>'
        '<Choice value="b"/></Choices></View>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><View><Text name="t" value="$text"/></View>',
    ],
    ids=["script", "event attribute", "address in a style", "entity"],
)
def test_configs_that_are_never_let_in(attack, rita, db):
    with pytest.raises(InterfaceInvalid):
        project(rita, attack)


def test_what_a_file_claims_to_be_does_not_matter(site, page, sign_in, wanda, rita, watched):
    """A picture whose rest is a page: served as a picture, never sniffed into something that runs."""
    watched.expect("CSP style-src|inline style|Blocked script execution")  # with which the browser itself shows a picture alone
    kept = file(rita, "page.html", materials.picture() + f"<script>{RUN}</script>".encode())
    signed = media.with_signed_addresses(media.address_of(kept), kept.organization_id)
    sign_in(page, wanda)
    answer = page.goto(signed)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers
    assert page.evaluate("() => Boolean(self.fired)") is False
