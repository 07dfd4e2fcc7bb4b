"""Kill -9 of a process in the middle of a long job: it was seen until then, and within minutes another takes over and leaves no trace of it."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from foundation.liveness import LOST_AFTER
from tasks import personal_data
from tests import builders
from workforce import erasure
from workforce.models import DataCopy

ROOT = Path(__file__).resolve().parents[2]
HANGS = """
import sys, time, uuid
import django
django.setup()
from datetime import datetime
from django.core.files.base import ContentFile
from foundation import liveness
from tasks import personal_data
from tasks.personal_data import default_storage

copy_id, now = uuid.UUID(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
own = liveness.SignsOfLife.__init__
liveness.SignsOfLife.__init__ = lambda self, beat: own(self, beat, every_seconds=0.1)

def hangs(row, path, watch):
    default_storage.save(path, ContentFile(b"half of it"))
    time.sleep(600)

personal_data._gather = hangs
personal_data.make(copy_id, now=now)
"""


@pytest.mark.timeout(240)
def test_a_copy_whose_process_is_killed_is_made_by_another_and_no_second_file_stays(committed_db, settings, tmp_path, now):
    settings.MEDIA_ROOT = str(tmp_path / "media")
    wanda = builders.worker("wanda", now=now)
    row = erasure.ask_for_copy(wanda.actor, now=now)
    environment = os.environ | {
        "FAIRHAND_DATABASE": connection.settings_dict["NAME"],
        "FAIRHAND_DEBUG": "1",
        "FAIRHAND_SIMULATION": "1",
        "MEDIA_ROOT_OF_TEST": settings.MEDIA_ROOT,
        "PYTHONPATH": f"{ROOT}:{tmp_path}",
    }
    (tmp_path / "settings_with_media.py").write_text(
        "import os\nfrom tests.settings import *\nMEDIA_ROOT = os.environ['MEDIA_ROOT_OF_TEST']\n"
    )
    environment["DJANGO_SETTINGS_MODULE"] = "settings_with_media"
    job = subprocess.Popen([sys.executable, "-W", "ignore", "-c", HANGS, str(row.id), now.isoformat()], env=environment, cwd=ROOT)
    try:
        deadline = time.monotonic() + 120
        seen: set[object] = set()
        while len(seen) < 4 and job.poll() is None and time.monotonic() < deadline:
            seen.add(DataCopy.objects.values_list("seen_at", flat=True).get(id=row.id))
            time.sleep(0.05)
        assert len(seen) >= 4, "a sign of life, and another, and another"
    finally:
        job.send_signal(signal.SIGKILL)
        job.wait(10)
    last = DataCopy.objects.get(id=row.id).seen_at
    assert not personal_data.make(row.id, now=last + LOST_AFTER)
    late = last + LOST_AFTER + timedelta(seconds=1)
    assert erasure.requeue_lost_copies(now=late) == 1
    assert personal_data.make(row.id, now=late)
    personal_data.discard(now=late)
    assert default_storage.listdir("copies")[1] == [f"{row.id}-2.zip"]
