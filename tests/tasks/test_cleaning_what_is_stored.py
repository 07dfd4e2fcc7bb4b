"""What was stored before the gate stood: the migration cleans it in place, and leaves what was clean as it is."""

from importlib import import_module

import pytest
from django.apps import apps

from qualification.models import Lesson
from tasks.labels import check_interface
from tasks.models import Batch, Project, Task
from tests.browser import scenes
from tests.tasks import learning_scenes as learning

pytestmark = pytest.mark.django_db

migration = import_module("tasks.migrations.0021_clean_what_the_editor_shows")
EVIL = "<b>x</b><svg><style><p><script src=/static/x.js></script></svg>"
HYPER = (
    '<View><HyperText name="h" value="$html"/><Text name="t" value="$text"/><Choices name="c" toName="h"><Choice value="a"/>'
    '<Choice value="b"/></Choices></View>'
)
BEFORE = (
    '<View><!--><img src=x onerror=y>--><HyperText name="h" value="$html"/><Text name="t" value="$text"/><Choices name="c" toName="h">'
    '<Choice value="a" html="&lt;b&gt;x&lt;/b&gt;&lt;img src=x onerror=y&gt;"/><Choice value="b" background="red;url(x)"/></Choices></View>'
)


def test_it_cleans_interfaces_payloads_and_origins(rita, olga):
    batch = scenes.opened(rita, olga, HYPER, [{"html": "<i>x</i>", "text": "a<b"}] * 3)
    Project.objects.update(interface=BEFORE)
    first, second, clean = Task.objects.order_by("position")
    for task in (first, second):
        Task.objects.filter(id=task.id).update(payload={"html": EVIL, "text": EVIL})
    hostile = ["https://x; script-src-elem 'self'", "https://Good.example:443", "https://good.example", "https://127.0.0.1"]
    Batch.objects.filter(id=batch.id).update(media_origins=hostile)
    for _ in range(2):  # a second time changes nothing
        migration.clean_projects(apps, None)
        xml = Project.objects.get().interface
        assert "onerror" not in xml
        assert "<!" not in xml
        assert "background" not in xml
        assert check_interface(xml).xml == xml
        first.refresh_from_db()
        clean_payload = first.payload
        assert clean_payload["html"].startswith("<b>x</b>")
        assert "script" not in clean_payload["html"]
        assert clean_payload["text"] == EVIL, "text is shown as text"
        clean.refresh_from_db()
        assert clean.payload == {"html": "<i>x</i>", "text": "a<b"}
        assert Batch.objects.get().media_origins == ["https://good.example"]


def test_it_cleans_exams_and_lessons(rita):
    course = learning.course(rita, reading=False)
    lesson = Lesson.objects.get(course=course)
    bank = [question | {"payload": {"html": EVIL, "text": "x"}} for question in lesson.practice]
    Lesson.objects.update(interface=BEFORE, practice=bank, examples=[])
    migration.clean_banks(apps, None)
    lesson.refresh_from_db()
    assert "onerror" not in lesson.interface
    assert {question["payload"]["html"] for question in lesson.practice} == {
        check_interface(HYPER).cleaned(bank[0]["payload"])["html"]
    }
