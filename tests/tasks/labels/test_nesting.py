"""HTML that a parser would take long over is refused where it enters, wherever that is; the scan that tells never counts fewer than a parser."""

import random
import re
from xml.sax.saxutils import quoteattr

import nh3
import pytest

from qualification.models import Exam, Lesson
from tasks import practising
from tasks.errors import BadQuestion
from tasks.labels import InterfaceInvalid, PayloadInvalid, check_interface, cleaning, nesting
from tasks.models import Project, Task
from tests.journeys.world import exam, ok, rows
from tests.tasks import learning_scenes, scenes

CHOICES = '<Choices name="c" toName="h"><Choice value="a"/><Choice value="b"/></Choices>'
HYPER = f'<View><HyperText name="h" value="$html"/>{CHOICES}</View>'
N = 8000
COSTLY = {
    "nested": "<div>" * N,
    "formatting": "<b>" * N,
    "links": "<a href=x>" * N,
    "formatting, all different": "".join(f"<b title={n}>" for n in range(N)),
    "formatting, opened again": "".join(f"<font color={n}>" for n in range(150)) + "<p>x" * N,
    "closed out of turn": "<b><div></b>" * N,
    "lists": "<ul><li>" * N,
    "terms in lists": "<li><dd>" * N,
    "tables": "<table><tr><td>" * N,
    "tables in no cell": "<table><b>" * N,
    "ruby": "<rt>" * N,
    "unknown": "<x>" * N,
    "svg": "<svg>" * N,
    "in svg": "<svg><desc><b>" * N,
    "attributes": f"<div {' '.join(f'a{n}=1' for n in range(N))}>",
    "hidden by a quote": '<p title="</div>">' + "<div>" * N,
    "hidden by a comment": "<!--><div>" * N,
    "hidden in a text area": "<textarea><!--</textarea>" + "<div>" * N,
    "hidden by a script": "<script><!--<script></script>" + "<div></div>" * N,
    "long": "x" * 200_001,
}
FINE = {
    "paragraphs": "<p>One<br>two<p>three" * N,
    "a list": "<ul>" + "<li>one<li>two</li>" * N + "</ul>",
    "lists": "<ul><li>one<li>two</ul>" * (N // 2),
    "terms": "<dl>" + "<dt>a<dd>b" * N + "</dl>",
    "a table": "<table><tr><th>h" + "<tr><td>a<td>b" * N + "</table>",
    "a whole table": "<table><tbody>" + "<tr><td><p>a</p></td></tr>" * 5000 + "</tbody></table>",
    "ruby": "<ruby>a<rt>b</ruby>" * N,
    "words": "<p><b>a</b> <i>b</i> <a href='x'>c</a></p>" * 4000,
    "a page": "<!doctype html><html><head><title>a</title><style>p{}</style></head><body>" + "<p>a</p>" * N + "</body></html>",
    "sometimes out of turn": "<p><b><i>a</b></i></p>" * 40,
    "pictures": "<svg><path d='M0'/></svg>" * 400,
    "no tags": "1 < 2 && 3 > 2 " * 10_000,
}


@pytest.mark.parametrize("html", COSTLY.values(), ids=COSTLY)
def test_what_takes_long_is_refused_and_the_field_named(html):
    with pytest.raises(PayloadInvalid) as refused:
        check_interface(HYPER).check_payload({"html": html})
    assert refused.value.details["field"] == "payload.html"
    assert re.search(r"\d|Close", str(refused.value.message))


@pytest.mark.parametrize("html", FINE.values(), ids=FINE)
def test_what_people_write_is_let_in_and_comes_clean_once(html):
    clean = check_interface(HYPER).check_payload({"html": html})["html"]
    assert cleaning.cleaned(clean) == clean


def test_no_text_reaches_the_parser_unscanned(monkeypatch):
    """The gate itself, for what was stored before: it is shown as it was written, and not parsed."""

    class Parser:
        def clean(self, html):
            raise AssertionError(f"parsed {html[:40]}")

    monkeypatch.setattr(cleaning, "_cleaner", Parser)
    for html in COSTLY.values():
        shown = cleaning.cleaned(html * (cleaning.SLACK + 2))
        assert "<" not in shown


@pytest.mark.parametrize(
    "html", [*COSTLY.values(), *FINE.values(), "<a <a " * N, "<a b='" * N, "<a b=\"c='" * N, "<!--" * N, "</" * N, "<script>" * N]
)
def test_the_scan_looks_once_at_each_character(html, monkeypatch):
    """Each step ends further on than it began, so there are no more steps than tags."""
    places = []

    class Counted:
        def search(self, text, at):
            found = TOKEN.search(text, at)
            places.append(at)
            return found

    TOKEN = nesting.TOKEN
    monkeypatch.setattr(nesting, "TOKEN", Counted())
    nesting.too_much(html)
    assert places == sorted(set(places))
    assert len(places) <= html.count("<") + 1


NAMES = re.findall(
    r"\w+",
    "div p b i a span li ul ol dl dd dt table tr td th tbody caption colgroup col h1 h2 section button font ruby rt rp form object br hr "
    "details summary blockquote em nobr center dir menu html body head x applet marquee option label address img xmp textarea title pre",
)


def _depth(html: str) -> int:
    depth = deepest = 0
    for closes, name in re.findall(r"<(/?)([a-z0-9]+)", html):
        if name not in nesting.VOID:
            depth += -1 if closes else 1
            deepest = max(deepest, depth)
    return deepest


def test_whatever_is_let_in_is_never_deep_for_a_parser():
    """Something said again and again either is refused or does not pile up, however wrongly it is closed."""
    parser = nh3.Cleaner(tags={*NAMES} - {"xmp", "textarea", "title", "html", "body", "head"}, attributes={"*": set()})
    chance, let_in = random.Random(3), 0

    def some(names, most):
        return "".join(
            f"<{'/' * (chance.random() < 0.45)}{chance.choice(names)}>" + "x" * (chance.random() < 0.4) for _ in range(most)
        )

    for _ in range(250):
        html = some(NAMES, chance.randint(0, 4)) + some(chance.sample(NAMES, chance.randint(1, 6)), chance.randint(1, 9)) * 400
        if nesting.too_much(html) is None:
            let_in += 1
            assert _depth(parser.clean(html)) <= 2 * nesting.DEPTH_MAX, html[:200]
    assert let_in > 50


# ---- every way in ----

DEEP = "<div>" * 500
OFFERED = f'<View><Text name="h" value="$t"/><List name="l" value="$items"/><Ranker name="r" toName="l"/>{CHOICES}</View>'
BROUGHT = '<View><Text name="h" value="$t"/><Choices name="c" toName="h" value="$offered"/></View>'


@pytest.mark.parametrize(
    ("interface", "payload", "field"),
    [
        (HYPER, {"html": DEEP}, "payload.html"),
        (OFFERED, {"t": "x", "items": [{"id": 1, "title": "x"}, {"id": 2, "html": DEEP}]}, "payload.items[1].html"),
        (BROUGHT, {"t": "x", "offered": [{"value": "a"}, {"value": "b", "html": DEEP}]}, "payload.offered[1].html"),
        (BROUGHT, {"t": "x", "offered": [{"value": "a", "children": [{"value": "b", "html": DEEP}]}]}, "payload.offered[0].children[0].html"),
    ],
)  # fmt: skip
def test_wherever_in_a_payload(interface, payload, field):
    with pytest.raises(PayloadInvalid) as refused:
        check_interface(interface).check_payload(payload)
    assert refused.value.details["field"] == field


@pytest.mark.parametrize("old", ['<Choice value="a"', '<HyperText name="h" value="$html"'])
def test_wherever_in_an_interface(old):
    new = f"{old} html={quoteattr(DEEP)}" if "Choice" in old else f'<HyperText name="h" value={quoteattr(DEEP)}'
    with pytest.raises(InterfaceInvalid) as refused:
        check_interface(HYPER.replace(old, new))
    assert refused.value.details["field"] == "interface"


@pytest.mark.django_db
def test_over_http_and_nothing_is_kept(rita):
    organization = str(rita.organization.id)
    made = ok(rita.post("projects", {"organization_id": organization, "name": "x", "description": "", "interface": HYPER}), 201)
    costly = {
        "organization_id": organization,
        "name": "y",
        "description": "",
        "interface": HYPER.replace("$html", DEEP.replace("<", "&lt;")),
    }
    assert rita.post("projects", costly).json()["code"] == "interface_invalid"
    draft = scenes.draft(rita, tasks=0, of=Project.objects.get(id=made["id"]))
    told = rita.upload(f"batches/{draft.id}/tasks", rows({"payload": {"html": DEEP}})).json()
    assert (told["errors"][0]["code"], told["errors"][0]["details"]["field"]) == ("payload_invalid", "payload.html")
    question = {"id": "q", "payload": {"html": DEEP}, "solution": {"c": "a"}}
    body = exam(organization, str(learning_scenes.skill(rita).id)) | {
        "interface": HYPER,
        "questions": [question],
        "questions_per_attempt": 1,
    }
    refused = rita.post("exams", body).json()
    assert refused["details"]["field"] == "questions[0].payload.html", refused
    course = learning_scenes.course(rita, published=False)
    for part in ("examples", "practice"):
        lesson = {"title": "x", "text": "Read.", "interface": HYPER, part: [question]}
        with pytest.raises(BadQuestion) as error:
            practising.add_lesson(rita.actor, course.id, **lesson)
        assert error.value.details["field"] == f"{part}[0].payload.html"
    kept = [Task.objects.exists(), Exam.objects.exists(), Lesson.objects.filter(title="x").exists()]
    assert (kept, Project.objects.count()) == ([False] * 3, 1)
