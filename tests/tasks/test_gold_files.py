"""Nothing about a file tells gold: not its id, not the name it was uploaded under, not what the answer with its bytes says beside them."""

import re
from uuid import UUID

import orjson
import pytest
from django.test import Client

from foundation import ids
from tasks import framing, media
from tasks.models import Assignment, MediaFile, Task
from tests.browser import materials
from tests.browser import scenes as pages
from tests.browser.scenes import file
from tests.journeys.world import ok
from tests.tasks import scenes

pytestmark = pytest.mark.django_db

BOTH = (
    '<View><Image name="image" value="$image"/><HyperText name="page" value="$page"/>'
    '<Choices name="label" toName="image"><Choice value="a"/><Choice value="b"/></Choices></View>'
)
N = 6


@pytest.fixture(autouse=True)
def _store(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


def _payload(rita, name: str) -> dict[str, str]:
    kept = media.address_of(file(rita, name, materials.picture()))
    return {"image": kept, "page": f'<p>Seen.</p><img src="{kept}"><a href="{kept}">large</a>'}


def _seen(rita, olga, wanda) -> tuple[list[str], list[str]]:
    """The tasks as a worker gets them, those of gold apart. Ordinary files are uploaded first, and all are named for what they are."""
    scenes.floor(olga)
    scenes.funds(olga, rita)
    rows = [_payload(rita, f"plain {n}.png") for n in range(N)]
    known = [{"payload": _payload(rita, f"gold_{n:02}.PNG"), "solution": {"label": "a"}} for n in range(N)]
    settings = {"gold_percent": 50, "max_leases": 20, "lease_size": 20}
    batch = pages.draft(rita, pages.project(rita, BOTH), rows, gold=known, **settings)
    ok(rita.post(f"batches/{batch.id}/publish"))
    told: tuple[list[str], list[str]] = ([], [])
    for lease in ok(wanda.post(f"batches/{batch.id}/claim", {"count": 20}))["assignments"]:
        task = Assignment.objects.get(id=lease["id"]).task
        told[task.lane == Task.Lane.GOLD].append(orjson.dumps(lease).decode())
    assert all(told)
    return told


def _addresses(told: str) -> list[str]:
    return re.findall(r"/files/[^\"&\\]+", told)


def test_a_worker_sees_neither_the_id_nor_the_name_of_a_file(rita, olga, wanda):
    plain, gold = _seen(rita, olga, wanda)
    for told in plain + gold:
        assert "gold" not in told
        assert "plain" not in told
        assert not [one for one in MediaFile.objects.values_list("id", flat=True) if str(one) in told]
        assert len(_addresses(told)) == 3
        assert {re.sub(r"[0-9a-f-]{36}|\?.*", "", one) for one in _addresses(told)} == {"/files//file.png"}


def test_the_ids_a_worker_sees_are_in_no_order(rita):
    kept = [file(rita, "a.png", materials.picture()) for _ in range(24)]
    shown = [UUID(media.signed_address(media.address_of(one), one.organization_id).split("/")[2]) for one in kept]
    assert sorted(kept, key=lambda one: one.id) == kept, "the control: what is stored is in the order of upload"
    assert sorted(shown) != shown
    assert [ids.transparent("file", one) for one in shown] == [one.id for one in kept]
    assert len({one.int >> 124 for one in shown}) > 4, "their beginnings are no instant"


def test_they_load_and_the_answer_is_the_same_for_gold(rita, olga, wanda):
    told = [Client().get(_addresses(one)[0]) for lane in _seen(rita, olga, wanda) for one in lane[:1]]
    headers = [{name: value for name, value in answer.headers.items() if "nonce" not in value} for answer in told]
    assert [answer.status_code for answer in told] == [200, 200]
    assert headers[0] == headers[1]
    assert not {"ETag", "Last-Modified", "Content-Disposition"} & set(headers[0])


def test_the_stored_address_opens_nothing(rita):
    kept = file(rita, "a.png", materials.picture())
    signed = media.signed_address(media.address_of(kept), kept.organization_id)
    assert Client().get(signed).status_code == 200
    assert Client().get(f"{media.address_of(kept)}?{signed.partition('?')[2]}").status_code == 404


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.JPEG", "file.jpg"),
        ("b.jpg", "file.jpg"),
        ("gold.png", "file.png"),
        ("x.gold", "file"),
        ("gold", "file"),
        ("a.mp4", "file.mp4"),
    ],
)
def test_a_name_says_the_kind_in_one_spelling(rita, name, shown):
    kept = file(rita, name, materials.picture())
    assert media.signed_address(media.address_of(kept), kept.organization_id).split("/")[3].partition("?")[0] == shown


def test_an_external_page_is_told_no_stored_address_either(rita, olga, wanda):
    """What Mechanical Turk's ExternalQuestion gets of a payload passes through the worker's browser."""
    from tests.tasks.test_frames import EXTERNAL

    scenes.floor(olga)
    scenes.funds(olga, rita)
    kept = media.address_of(file(rita, "gold.png", materials.picture()))
    batch = pages.draft(rita, pages.project(rita, EXTERNAL), [{"id": "1", "question": kept}])
    ok(rita.post(f"batches/{batch.id}/publish"))
    (lease,) = scenes.claim(wanda, batch)
    address = framing.address_of(lease.id, framing.answering.interface_of_project(batch.project_id), site="https://site")
    assert "files" in address
    assert kept.split("/")[2] not in address
    assert "gold" not in address
