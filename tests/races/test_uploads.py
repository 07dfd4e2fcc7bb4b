"""An upload repeated at the same moment under one key is one file, paid for once; without a key, as many as were sent."""

import io

import pytest

from tasks import media
from tasks.models import MediaFile
from tests import builders
from tests.browser import materials
from tests.races.crowd import all_at_once
from workforce.models import Usage

TWINS = 8


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize(("key", "files"), [("one", 1), (None, TWINS)], ids=["with a key", "control"])
def test_an_upload_repeated_at_the_same_moment(key, files, now, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    rita, told = builders.requester("rita", now=now), []

    def act(n: int) -> None:
        stream = io.BytesIO(materials.picture())
        told.append(media.receive(rita.actor, rita.organization.id, name="a.png", stream=stream, key=key, now=now).id)

    all_at_once(act, TWINS)
    assert len(told) == TWINS
    assert len(set(told)) == MediaFile.objects.count() == files
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == files
    assert Usage.objects.get(owner_id=rita.organization.id, kind="files_per_organization").used == files
