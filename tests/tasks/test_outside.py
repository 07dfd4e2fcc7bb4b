"""Other sites: nothing loads from one before its reader was told, nothing at all where the installation refuses it."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from foundation.errors import Invalid
from tasks import desk, outside, practising, sitting
from tasks.labels import InterfaceInvalid, PayloadInvalid, check_interface
from tasks.models import Batch, ToldOfSite
from tests.browser import scenes
from tests.tasks import learning_scenes as learning
from tests.tasks.scenes import claim, submit

pytestmark = pytest.mark.django_db

PICTURES = "https://pictures.example"
IMAGE = '<View><Image name="text" value="$text"/><Choices name="label" toName="text"><Choice value="a"/><Choice value="b"/></Choices></View>'
EXTERNAL = (
    '<ExternalQuestion xmlns="http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2006-07-14/ExternalQuestion.xsd">'
    "<ExternalURL>https://pages.example/ask?q=${thing}</ExternalURL><FrameHeight>0</FrameHeight></ExternalQuestion>"
)


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person.user)
    return client


def policy(client: Client, address: str) -> str:
    return client.get(address).headers["Content-Security-Policy"]


def told_first(client: Client, address: str, site: str = PICTURES) -> None:
    """The page is not shown, its frame not made and nothing loaded, until the sites were read; then never asked again."""
    before = client.get(address)
    assert b"Other sites will see your address" in before.content
    assert f"<code>{site}</code>".encode() in before.content
    assert b"editor.js" not in before.content
    assert site not in before.headers["Content-Security-Policy"]
    answer = client.post("/other-sites/", {"site": site, "next": address})
    assert (answer.status_code, answer.headers["Location"]) == (302, address)
    assert b"Other sites will see your address" not in client.get(address).content


def test_a_worker_is_told_before_a_job_loads_pictures_from_elsewhere(rita, olga, wanda):
    batch = scenes.opened(rita, olga, IMAGE, [{"text": f"{PICTURES}/{n}.png"} for n in range(2)])
    client = signed_in(wanda)
    told_first(client, f"/work/{batch.id}/")
    assert ToldOfSite.objects.get().site == PICTURES
    assert PICTURES in policy(client, f"/work/{batch.id}/editor/")
    [lease] = claim(wanda, batch)
    submit(wanda, lease)
    assert b"Other sites" not in client.get(f"/my/work/{lease.id}/").content
    Batch.objects.update(media_origins=[PICTURES, "https://more.example"])
    told_first(client, f"/my/work/{lease.id}/", "https://more.example")


def test_a_worker_is_told_before_a_page_of_somebody_else_opens(rita, olga, wanda):
    batch = scenes.opened(rita, olga, EXTERNAL, [{"thing": "x"}])
    client = signed_in(wanda)
    told_first(client, f"/work/{batch.id}/", "https://pages.example")
    assert "frame-src 'self' https://pages.example" in policy(client, f"/work/{batch.id}/")


PROGRAM = """<HTMLQuestion xmlns="http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2011-11-11/HTMLQuestion.xsd">
<HTMLContent><![CDATA[<form>${thing}<input name="x"></form>%s]]></HTMLContent><FrameHeight>0</FrameHeight></HTMLQuestion>"""


def test_a_worker_is_told_once_for_each_requester_before_a_program_of_theirs_runs(rita, rex, olga, wanda):
    client = signed_in(wanda)
    program, plain = PROGRAM % "<script>1</script>", PROGRAM % ""
    for requester in (rita, rex):
        batches = [
            scenes.opened(requester, olga, one, [{"thing": "x"}], name=name)
            for name, one in (("a", program), ("b", program), ("c", plain))
        ]
        assert b"frame.js" not in client.get(f"/work/{batches[2].id}/").content
        assert b"may see your address" not in client.get(f"/work/{batches[2].id}/").content, "a page without script runs none"
        before = client.get(f"/work/{batches[0].id}/")
        assert b"Other sites may see your address" in before.content
        assert b"a program that the requester wrote" in before.content
        assert b"editor.js" not in before.content
        site = f"requester:{requester.organization.id}"
        assert site not in before.headers["Content-Security-Policy"]
        assert client.post("/other-sites/", {"site": site, "next": "/jobs/"}).status_code == 302
        for batch in batches:
            answer = client.get(f"/work/{batch.id}/")
            assert b"may see your address" not in answer.content
            assert "requester:" not in answer.headers["Content-Security-Policy"]
    assert ToldOfSite.objects.count() == 2


def test_where_it_is_refused_no_program_comes_in_and_none_that_is_stored_is_shown(rita, olga, wanda, settings):
    batch = scenes.opened(rita, olga, PROGRAM % "<script>1</script>", [{"thing": "x"}])
    [lease] = claim(wanda, batch)
    address = desk.shown(lease)["frame_address"]
    assert Client().get(address).status_code == 200
    settings.EXTERNAL_FILES = "refuse"
    with pytest.raises(InterfaceInvalid, match="Take the script out"):
        check_interface(PROGRAM % "<b onclick='1'>x</b>")
    check_interface(PROGRAM % "")
    refused = signed_in(wanda).get(f"/work/{batch.id}/")
    assert refused.status_code == 403
    assert b"shows none" in refused.content
    assert Client().get(address).status_code == 403


def test_a_worker_is_told_before_an_exam_and_before_a_lesson(rita, wanda):
    bank = [
        {"id": f"q{n}", "payload": {"text": f"{PICTURES}/{n}.png"}, "solution": {"label": "a"}, "explanation": ""}
        for n in range(2)
    ]
    exam = sitting.create_exam(
        rita.actor,
        organization_id=rita.organization.id,
        skill_id=learning.skill(rita).id,
        title="Colours",
        instructions="",
        interface=IMAGE,
        questions=bank,
        questions_per_attempt=2,
        pass_percent=60,
        time_limit_seconds=600,
        max_attempts=2,
        retry_delay_seconds=0,
        valid_days=30,
        renewal_days=7,
        now=rita.now,
    )
    client = signed_in(wanda)
    told_first(client, f"/exams/{exam.id}/")
    attempt = sitting.start(wanda.worker.id, exam.id, now=timezone.now())
    ToldOfSite.objects.all().delete()
    told_first(client, f"/attempts/{attempt.id}/")
    assert PICTURES in policy(client, f"/exams/{exam.id}/editor/")
    course = learning.course(rita, reading=False, published=False)
    lesson = practising.add_lesson(
        rita.actor,
        course.id,
        title="Pictures",
        text="",
        interface=IMAGE,
        practice=[one | {"payload": {"text": "https://l.example/x.png"}} for one in bank],
    )
    learning.training.publish_course(rita.actor, course.id, now=rita.now)
    learning.training.start(wanda.worker.id, course.id, now=timezone.now())
    told_first(client, f"/training/{course.id}/{lesson.id}/", "https://l.example")


def test_where_it_is_refused_nothing_comes_in_and_nothing_stored_is_loaded(rita, olga, wanda, settings):
    batch = scenes.opened(rita, olga, IMAGE, [{"text": f"{PICTURES}/1.png"}])
    settings.EXTERNAL_FILES = "refuse"
    with pytest.raises(PayloadInvalid, match="Upload the file"):
        check_interface(IMAGE).check_payload({"text": f"{PICTURES}/1.png"})
    with pytest.raises(InterfaceInvalid, match="other sites"):
        check_interface(EXTERNAL)
    client = signed_in(wanda)
    assert b"Other sites" not in client.get(f"/work/{batch.id}/").content
    assert PICTURES not in policy(client, f"/work/{batch.id}/editor/")


def test_what_stands_in_the_database_reaches_no_policy_as_it_is(rita, olga, wanda):
    batch = scenes.opened(rita, olga, IMAGE, [{"text": f"{PICTURES}/1.png"}])
    hostile = [
        "https://x; script-src-elem 'self' 'unsafe-inline'; z",
        "https://x.example, default-src *",
        "https://*",
        "data:",
        "https://10.0.0.5",
    ]
    Batch.objects.update(media_origins=hostile)
    found = policy(signed_in(wanda), f"/work/{batch.id}/editor/")
    assert not re.search(r"unsafe-inline'; z|x\.example|\*|script-src-elem|10\.0\.0\.5", found)
    assert found.count("script-src") == 1


def test_only_sites_are_told_of_and_one_goes_back_to_this_site_only(rita, wanda):
    client = signed_in(wanda)
    for wrong in ("https://x;y", "javascript:alert(1)", "https://10.0.0.5", ""):
        assert client.post("/other-sites/", {"site": wrong, "next": "/jobs/"}).status_code == 400
    with pytest.raises(Invalid):
        outside.tell(wanda.worker.id, [f"https://s{n}.example" for n in range(outside.SITES_MAX + 1)], now=wanda.now)
    assert not ToldOfSite.objects.exists()
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example", ""):
        assert client.post("/other-sites/", {"site": PICTURES, "next": elsewhere}).headers["Location"] == "/jobs/"
    assert ToldOfSite.objects.count() == 1, "again changes nothing"
