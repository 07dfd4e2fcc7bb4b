"""What was stored before it was cleaned where it enters: HTML that the editor shows, and the sites from which it may load."""

from xml.etree import ElementTree

from django.db import migrations

from foundation import origins
from tasks.labels import InterfaceInvalid, interface_of, tags
from tasks.labels.cleaning import strip_tree
from tasks.labels.frames import is_frame

ROWS = 1000


def clean_xml(xml):
    """The interface as it would be kept today."""
    try:
        root = tags.read(xml)
    except InterfaceInvalid:
        return xml  # nothing shows it
    if is_frame(root):
        return xml
    before = ElementTree.tostring(root, encoding="unicode")
    strip_tree(root)
    after = ElementTree.tostring(root, encoding="unicode")
    return xml if after == before and "<!" not in xml else after


def parsed(xml):
    """The interface, or None where it cannot be shown at all, or shows no HTML that a payload brings."""
    try:
        interface = interface_of(xml)
    except InterfaceInvalid:
        return None
    if interface.frame is not None:
        return None
    html = any(shown.variable and shown.tag in ("HyperText", "List") for shown in interface.objects.values())
    return interface if html or any(getattr(control, "variable", "") for control in interface.controls.values()) else None


def clean_origin(origin):
    """The origin rebuilt, or None."""
    try:
        return str(origins.origin_of(origin))
    except origins.NoOrigin:
        return None


def clean_projects(apps, schema_editor):
    """Interfaces, and the payloads of their tasks."""
    Project, Task, Batch = (apps.get_model("tasks", name) for name in ("Project", "Task", "Batch"))
    for project_id, xml in list(Project.objects.values_list("id", "interface")):
        if (clean := clean_xml(xml)) != xml:
            Project.objects.filter(id=project_id).update(interface=clean)
        if not (interface := parsed(clean)):
            continue
        changed = []
        for task in Task.objects.filter(project_id=project_id).only("id", "payload").iterator(chunk_size=ROWS):
            if isinstance(task.payload, dict) and (payload := interface.cleaned(task.payload)) != task.payload:
                task.payload = payload
                changed.append(task)
            if len(changed) == ROWS:
                Task.objects.bulk_update(changed, ["payload"])
                changed = []
        Task.objects.bulk_update(changed, ["payload"])
    for batch_id, listed in Batch.objects.exclude(media_origins=[]).values_list("id", "media_origins").iterator():
        if (clean := sorted({one for one in map(clean_origin, listed) if one})) != sorted(listed):
            Batch.objects.filter(id=batch_id).update(media_origins=clean)


def clean_banks(apps, schema_editor):
    """Exams and lessons."""
    for name, fields in (("Exam", ["questions"]), ("Lesson", ["examples", "practice"])):
        for row in apps.get_model("qualification", name).objects.exclude(interface="").iterator(chunk_size=ROWS):
            changes = {}
            if (clean := clean_xml(row.interface)) != row.interface:
                changes["interface"] = clean
            if interface := parsed(clean):
                for field in fields:
                    bank = getattr(row, field)
                    kept = [question | {"payload": interface.cleaned(question["payload"])} for question in bank]
                    if kept != bank:
                        changes[field] = kept
            if changes:
                type(row).objects.filter(id=row.id).update(**changes)


class Migration(migrations.Migration):
    """In place; there is no way back to what was not clean."""

    dependencies = [("tasks", "0020_tallies_and_closing"), ("qualification", "0005_training_and_exams")]
    operations = [
        migrations.RunPython(clean_projects, migrations.RunPython.noop),
        migrations.RunPython(clean_banks, migrations.RunPython.noop),
    ]
