"""Files that tasks show: what is kept, under which address, in which pieces, and that nothing about anybody is needed or told there."""

import io

import pytest
from django.core.signing import TimestampSigner
from django.test import Client

from foundation import ids
from foundation.errors import NotFound
from tasks import media
from tasks.errors import BadFile
from tasks.models import MediaFile
from tests.browser import materials
from tests.browser.scenes import file
from tests.tasks.scenes import INTERFACE
from workforce.errors import RoleTooLow
from workforce.models import Usage

pytestmark = pytest.mark.django_db

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture(autouse=True)
def _store(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def tone(rita) -> MediaFile:
    return file(rita, "tone.wav", materials.sound())


def signed(kept: MediaFile) -> str:
    return media.with_signed_addresses(media.address_of(kept), kept.organization_id)


def body(answer) -> bytes:
    return b"".join(answer.streaming_content)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (materials.picture(), "image/png"),
        (materials.sound(), "audio/wav"),
        (materials.FILM.read_bytes(), "video/webm"),
        (b"\xff\xd8\xff\xe0" + b"x" * 20, "image/jpeg"),
        (b"\0\0\0\x18ftypM4A " + b"x" * 20, "audio/mp4"),
        (b"\0\0\0\x18ftypisom" + b"x" * 20, "video/mp4"),
    ],
)
def test_bytes_say_what_a_file_is(rita, content, kind):
    assert file(rita, "whatever.html", content).content_type == kind


@pytest.mark.parametrize("content", [SVG, b"<!DOCTYPE html><script>alert(1)</script>", b"%PDF-1.7", b"", b"RIFFxxxxAVI "])
def test_what_could_run_or_is_unknown_is_not_kept(rita, content):
    with pytest.raises(BadFile):
        file(rita, "picture.png", content)
    assert not MediaFile.objects.exists()


@pytest.mark.parametrize("name", ["", "a/b.png", "a\nb.png", "x" * 201])
def test_a_name_is_a_name(rita, name):
    with pytest.raises(BadFile):
        file(rita, name, materials.picture())


def test_too_large_leaves_nothing_behind(rita, settings, tmp_path):
    settings.UPLOAD_MAX_BYTES = 100
    with pytest.raises(BadFile) as refused:
        file(rita, "a.png", materials.picture())
    assert refused.value.details["limit"] == 100
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_only_managers_of_the_organisation_upload(rita, rex, wanda):
    for someone in (rex, wanda):
        with pytest.raises((NotFound, RoleTooLow)):
            media.receive(someone.actor, rita.organization.id, name="a.png", stream=io.BytesIO(materials.picture()), now=rita.now)


def test_it_is_served_whole_with_its_type_and_nothing_about_anybody(tone, wanda):
    client = Client()
    client.force_login(wanda.user)
    answer = client.get(signed(tone))
    assert answer.status_code == 200
    assert body(answer) == materials.sound()
    assert answer.headers["Content-Type"] == "audio/wav"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.cookies == {}
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_nobodys_session_is_looked_up(tone, wanda, django_assert_num_queries):
    client = Client()
    client.force_login(wanda.user)
    with django_assert_num_queries(1):  # the file itself
        body(client.get(signed(tone)))


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [("bytes=0-99", 206, 0, 99), ("bytes=100-", 206, 100, None), ("bytes=-50", 206, -50, None), ("bytes=0-", 200, 0, None),
     (f"bytes={'9' * 5000}-", 400, 0, 0), ("bytes=²-", 400, 0, 0), ("bytes=-", 400, 0, 0), ("bytes=a-b", 400, 0, 0),
     ("bytes=5-2", 416, 0, 0), ("bytes=99999999-", 416, 0, 0), ("pages=1-2", 200, 0, None), ("bytes=0-1,5-6", 200, 0, None)],
)  # fmt: skip
def test_players_ask_for_pieces(tone, asked, status, first, last):
    answer = Client().get(signed(tone), headers={"Range": asked})
    assert answer.status_code == status
    whole = materials.sound()
    if status == 400:
        return
    if status == 416:
        assert answer.headers["Content-Range"] == f"bytes */{len(whole)}"
        return
    piece = whole[first:] if last is None else whole[first : last + 1]
    assert body(answer) == piece
    assert answer.headers["Content-Length"] == str(len(piece))
    if status == 206:
        begin = first if first >= 0 else len(whole) + first
        assert answer.headers["Content-Range"] == f"bytes {begin}-{begin + len(piece) - 1}/{len(whole)}"


def test_an_address_is_signed_for_one_file_and_ends(tone, rita, monkeypatch):
    other = file(rita, "other.wav", materials.sound())
    proof = signed(tone).partition("?")[2]
    assert Client().get(media.address_of(tone)).status_code == 404
    assert Client().get(f"{media.address_of(other)}?{proof}").status_code == 404
    forged = TimestampSigner(salt="frame").sign(str(tone.id)).partition(":")[2]
    assert Client().get(f"{media.address_of(tone)}?for={forged}").status_code == 404
    address = signed(tone)
    monkeypatch.setattr(media, "SIGNED_SECONDS", -1)
    assert Client().get(address).status_code == 404


def test_only_addresses_of_files_are_signed_wherever_they_stand(tone):
    address = media.address_of(tone)
    payload = {
        "audio": address,
        "many": [address, {"deep": address}],
        "text": f"see {address}",
        "other": "https://example.org/files/x",
        "n": 1,
    }
    done = media.with_signed_addresses(payload, tone.organization_id)
    public = f"/files/{ids.opaque('file', tone.id)}/file."
    assert done["audio"].startswith(public)
    assert "?for=" in done["audio"]
    assert done["many"][1]["deep"].startswith(public)
    assert {name: done[name] for name in ("text", "other", "n")} == {name: payload[name] for name in ("text", "other", "n")}
    assert payload["audio"] == address, "what is stored stays as it was"


# ---- the same upload again ----


def _sent(person, key, content=None, name="a.png", **more):
    path = f"/api/v1/organizations/{person.organization.id}/files?name={name}"
    headers = person._headers(person.now) | {"Idempotency-Key": key}
    return Client().generic("POST", path, content or materials.picture(), content_type="image/png", headers=headers, **more)


def _used(person) -> dict[str, int]:
    return dict(Usage.objects.filter(owner_id=person.organization.id).values_list("kind", "used"))


def test_the_same_key_gives_back_the_first_file(rita, settings, tmp_path):
    first = _sent(rita, "one")
    used = _used(rita)
    assert used == {"files_per_organization": 1, "bytes_per_organization": len(materials.picture())}
    settings.LIMITS = settings.LIMITS | {"files_per_account": 1, "files_per_organization": 1, "bytes_per_organization": 1}
    again = _sent(rita, "one")
    assert (again.status_code, again.json()) == (201, first.json()), "also when there is no room for another"
    assert _used(rita) == used
    assert MediaFile.objects.count() == len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
    assert _sent(rita, "two").json()["code"] == "limit_reached"
    assert _sent(rita, "two").json()["code"] == "limit_reached", "a refusal is not remembered"


@pytest.mark.parametrize("other", [{"content": materials.sound()}, {"name": "b.png"}])
def test_the_same_key_with_something_else_is_refused(rita, other, tmp_path):
    assert _sent(rita, "one").status_code == 201
    refused = _sent(rita, "one", **other)
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused")
    assert MediaFile.objects.count() == len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
    assert _used(rita)["files_per_organization"] == 1


def test_a_key_that_a_command_took_is_taken(rita):
    project = {"organization_id": str(rita.organization.id), "name": "x", "interface": INTERFACE}
    assert rita.post("projects", project, key="one").status_code == 201
    assert _sent(rita, "one").json()["code"] == "idempotency_key_reused"


def test_keys_of_two_people_are_two_and_none_is_no_key(rita, rex):
    assert _sent(rita, "one").json()["id"] != _sent(rex, "one").json()["id"]
    path = f"/api/v1/organizations/{rita.organization.id}/files?name=a.png"
    for _ in range(2):
        headers = rita._headers(rita.now)
        assert Client().generic("POST", path, materials.picture(), headers=headers).status_code == 201
    assert MediaFile.objects.filter(organization=rita.organization).count() == 3
    assert _sent(rita, "x" * 101).json()["code"] == "bad_idempotency_key"
