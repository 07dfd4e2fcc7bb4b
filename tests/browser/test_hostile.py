"""Everything that a requester, a worker or a file can write is tried as script, in every place where a page of ours shows it. None may run.

A payload that runs sets `fired` on the outermost window it can reach, or opens a dialog; both are looked for after everything that can
be clicked was clicked. What the content policy stopped is said in the console, and expected here.
"""

import pytest
from playwright.sync_api import Page, expect

from tasks import asking, media
from tasks.labels import InterfaceInvalid
from tasks.models import Assignment, Batch
from tests.browser import materials
from tests.browser.scenes import file, opened, project
from workforce import threads
from workforce.models import Organization, Worker

RUN = "for(const w of [self,parent,top])try{w.fired=1}catch(e){};alert(1)"
ELSEWHERE = "https://evil.example"

HTML = {
    "script element": f"<script>{RUN}</script>",
    "image that fails": f'<img src=x onerror="{RUN}">',
    "image that loads": f'<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" onload="{RUN}">',
    "svg that loads": f'<svg onload="{RUN}"><circle r=9 /></svg>',
    "svg animation": f'<svg><animate attributeName=x dur=1s onbegin="{RUN}" /></svg>',
    "svg script": f"<svg><script>{RUN}</script></svg>",
    "link with a script for an address": f'<a href="javascript:{RUN}">click</a>',
    "link with a disguised one": f'<a href="java&#10;script:{RUN}">click</a>',
    "svg link": f'<svg><a xlink:href="javascript:{RUN}"><text y=20>click</text></a></svg>',
    "math link": f'<math href="javascript:{RUN}"><mtext>click</mtext></math>',
    "frame with its own text": f'<iframe srcdoc="<script>parent.fired=1;{RUN}</script>"></iframe>',
    "frame with a script for an address": f'<iframe src="javascript:{RUN}"></iframe>',
    "details that open": f'<details open ontoggle="{RUN}"><summary>x</summary></details>',
    "focus taken at once": f'<input autofocus onfocus="{RUN}"><textarea autofocus onfocus="{RUN}"></textarea>',
    "page events": f'<body onpageshow="{RUN}" onload="{RUN}"></body>',
    "media that fails": f'<video><source onerror="{RUN}"></video><audio src=x onerror="{RUN}" onloadstart="{RUN}"></audio>',
    "form with a script for an action": f'<form action="javascript:{RUN}"><button>click</button></form>',
    "button with its own action": f'<form><button formaction="javascript:{RUN}">click</button></form>',
    "object": f'<object data="javascript:{RUN}"></object><embed src="javascript:{RUN}">',
    "animation of a style": f'<style>@keyframes k{{}}</style><p style="animation:k" onanimationstart="{RUN}">x</p>',
    "pointer events": f'<p onpointerover="{RUN}" onclick="{RUN}">click</p>',
    "base and refresh": f'<base href="{ELSEWHERE}/"><meta http-equiv="refresh" content="0;url=javascript:{RUN}">',
    "broken markup": f'"><img src=x onerror="{RUN}"><!-- --!><script>{RUN}</script>',
    "end of a script": f"</script></textarea></title></style><script>{RUN}</script>",
}
EVERYTHING = "".join(HTML.values())
SHORT = "<img src=x onerror=alert(1)>"  # for what has a limit of its own


@pytest.fixture
def hostile(page, watched):
    """A page on which policy violations are to be expected, and running scripts are not."""
    watched.expect(r"CSP |Content Security Policy|violates|404|Failed to load|Blocked script|sandbox|ERR_|Refused to refresh")
    page.on("dialog", lambda dialog: (watched.note(f"dialog: {dialog.message}"), dialog.dismiss()))
    return page


def poke(page: Page) -> None:
    """Click whatever can be clicked in what was shown, in every frame."""
    for frame in page.frames:
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
    assert [frame.url for frame in page.frames if not frame.is_detached() and frame.evaluate("() => Boolean(self.fired)")] == []


@pytest.mark.parametrize("inline", ["true", "false"])
def test_markup_in_payloads(inline, site, hostile, sign_in, wanda, rita, olga):
    interface = (
        f'<View><Text name="t" value="$name"/><HyperText name="h" value="$html" inline="{inline}"/><Choices name="c" toName="h">'
        '<Choice value="a"/><Choice value="b"/></Choices></View>'
    )
    batch = opened(rita, olga, interface, [{"name": name, "html": f"<p>seen</p>{markup}"} for name, markup in HTML.items()])
    sign_in(hostile, wanda)
    hostile.goto(f"/work/{batch.id}/")
    task = hostile.frame_locator("#editor iframe")
    for name in HTML:
        expect(task.get_by_text(name, exact=True), f"after it comes {name}").to_be_visible()
        nothing_ran(hostile)
        task.get_by_role("checkbox", name="a").check()
        hostile.get_by_role("button", name="Hand in").click()
    expect(hostile.locator("#over")).to_contain_text("no more work")


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
    thread = asking.about_assignment(wanda.actor, Assignment.objects.get().id, text=EVERYTHING + links, now=now)
    threads.write(rita.actor, thread.id, text=EVERYTHING + links, now=now)
    places = [
        f"/questions/{thread.id}/",
        "/questions/",
        "/notifications/",
        "/jobs/",
        f"/jobs/{batch.id}/",
        "/my/time/",
        "/account/",
    ]
    for address in [*places, f"/guidelines/{Batch.objects.get().guideline_id}/"]:
        answer = hostile.goto(address)
        assert answer.status == 200, address
        nothing_ran(hostile)


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
