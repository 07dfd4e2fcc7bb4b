"""What a guideline says: its text, and an entry for each label with definition, when to use it, when not, and examples. Writes nothing:
`publishing.add_guideline` does.

An entry is {"label", "definition", "use_when", "do_not_use_when", "examples"}; an example {"right", "text" or "image" with "alt",
"explanation"}. Definition, conditions and explanations are Markdown, an example's text is shown as it stands.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID
from xml.sax.saxutils import escape

from django.db.models import Max, OuterRef, QuerySet, Subquery

from foundation.markdown import PICTURE, pictures_of
from tasks.errors import BadGuideline
from tasks.labels import Interface
from tasks.labels.family import Control
from tasks.models import Assignment, Batch, Guideline, MediaFile

TEXT_MAX_CHARACTERS = 100_000
CHANGES_MAX_CHARACTERS = 2000
ENTRIES_MAX = 500
EXAMPLES_MAX = 20  # of one entry
WORDS = {"definition": 4000, "use_when": 4000, "do_not_use_when": 4000}  # field → most characters
EXAMPLE_WORDS = {"text": 5000, "alt": 300, "explanation": 2000}


def labels_of(interface: Interface) -> list[str]:
    """Every label that the interface offers, in the order of its text, each once. What a payload brings is not among them."""
    found = {str(label) for control in interface.controls.values() for label in _offered(control)}
    places = {label: interface.xml.find(f'"{escape(label)}"') for label in found}
    return sorted(found, key=lambda label: (places[label] < 0, places[label], label))


def _offered(control: Control) -> Iterable[str]:
    for name in ("values", "labels"):
        offered = getattr(control, name, None)
        if isinstance(offered, frozenset | set | tuple | list):
            yield from offered


def check(organization_id: UUID, interface: Interface, *, text: str, entries: Any, changes: str) -> list[dict[str, Any]]:
    """The entries in the form in which they are kept: every field there, in the interface's order. Raises BadGuideline naming the field.

    Pictures, in the text and in examples, are image files of the organisation.
    """
    if not text.strip():
        raise BadGuideline("A guideline says something.", field="text")
    for field, value, limit in (("text", text, TEXT_MAX_CHARACTERS), ("changes", changes, CHANGES_MAX_CHARACTERS)):
        if len(value) > limit:
            raise BadGuideline("At most %(limit)s characters.", field=field, limit=limit, got=len(value))
    if not isinstance(entries, list):
        raise BadGuideline("Entries are a list of objects, one per label.", field="entries")
    if len(entries) > ENTRIES_MAX:
        raise BadGuideline("There are too many entries.", field="entries", limit=ENTRIES_MAX, got=len(entries))
    known = labels_of(interface)
    checked = [_entry(entry, f"entries[{n}]", known) for n, entry in enumerate(entries)]
    seen: set[str] = set()
    for n, entry in enumerate(checked):
        if entry["label"] in seen:
            raise BadGuideline("This label has an entry already.", field=f"entries[{n}].label", got=entry["label"])
        seen.add(entry["label"])
    _check_pictures(organization_id, _pictures(text, checked))
    return sorted(checked, key=lambda entry: known.index(entry["label"]))


def _entry(entry: Any, where: str, known: Sequence[str]) -> dict[str, Any]:
    fields = ["label", *WORDS, "examples"]
    _check_fields(entry, where, fields)
    label = entry.get("label")
    if label not in known:
        raise BadGuideline(
            "The interface has no such label.", field=f"{where}.label", known=list(known)[:50], got=str(label)[:100]
        )
    examples = entry.get("examples", [])
    if not isinstance(examples, list) or len(examples) > EXAMPLES_MAX:
        raise BadGuideline("Examples are a list of at most %(limit)s.", field=f"{where}.examples", limit=EXAMPLES_MAX)
    words = {field: _words(entry, field, limit, where) for field, limit in WORDS.items()}
    if not any(words.values()) and not examples:
        raise BadGuideline("An entry says something about its label.", field=f"{where}.definition")
    return {"label": label, **words, "examples": [_example(one, f"{where}.examples[{n}]") for n, one in enumerate(examples)]}


def _example(example: Any, where: str) -> dict[str, Any]:
    _check_fields(example, where, ["right", "image", *EXAMPLE_WORDS])
    if not isinstance(example.get("right"), bool):
        raise BadGuideline("Say whether the example is right: true or false.", field=f"{where}.right", got=example.get("right"))
    checked = {field: _words(example, field, limit, where) for field, limit in EXAMPLE_WORDS.items()}
    image = example.get("image", "")
    if not isinstance(image, str) or (image and not _file_of(image)):
        raise BadGuideline("An image is a file kept here: its address begins with /files/.", field=f"{where}.image")
    if bool(image) == bool(checked["text"]):
        raise BadGuideline("An example shows a text or an image: one of the two.", field=f"{where}.text")
    if image and not checked["alt"]:
        raise BadGuideline("Say in words what the image shows, for those who cannot see it.", field=f"{where}.alt")
    return {"right": example["right"], "image": image, **checked}


def _check_fields(row: Any, where: str, known: list[str]) -> None:
    if not isinstance(row, dict):
        raise BadGuideline("Entries and examples are objects.", field=where, known=known)
    if unknown := sorted(set(row) - set(known)):
        raise BadGuideline("There is no such field here.", field=f"{where}.{unknown[0][:60]}", known=known)


def _words(row: dict[str, Any], field: str, limit: int, where: str) -> str:
    value = row.get(field, "")
    if not isinstance(value, str) or len(value) > limit or "\x00" in value:
        raise BadGuideline("This is text of at most %(limit)s characters.", field=f"{where}.{field}", limit=limit)
    return value.strip()


def _pictures(text: str, entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Where a picture is shown, and its address."""
    found = [("text", address) for address in pictures_of(text)]
    for n, entry in enumerate(entries):
        for field in WORDS:
            found += [(f"entries[{n}].{field}", address) for address in pictures_of(entry[field])]
        for m, example in enumerate(entry["examples"]):
            where = f"entries[{n}].examples[{m}]"
            found += [(f"{where}.explanation", address) for address in pictures_of(example["explanation"])]
            if example["image"]:
                found.append((f"{where}.image", example["image"]))
    return found


def _check_pictures(organization_id: UUID, pictures: list[tuple[str, str]]) -> None:
    wanted = {file_id for _, address in pictures if (file_id := _file_of(address))}
    files = MediaFile.objects.filter(organization_id=organization_id, id__in=wanted, content_type__startswith="image/")
    kept = {str(file_id) for file_id in files.values_list("id", flat=True)}
    for field, address in pictures:
        if _file_of(address) not in kept:
            raise BadGuideline(
                "Pictures are image files of your organisation: POST organizations/<id>/files.", field=field, got=address[:200]
            )


def _file_of(address: str) -> str | None:
    """The id of the file under an address without a signature."""
    found = PICTURE.match(address)
    return found.group(1) if found and not found.group(2) else None


def entries_matching(guideline: Guideline, words: str) -> list[dict[str, Any]]:
    """The entries whose label holds all of these words, whatever their case; all of them for none."""
    wanted = words.casefold().split()
    return [entry for entry in guideline.entries if all(word in entry["label"].casefold() for word in wanted)]


def version_of(guideline: Guideline, version: int) -> Guideline | None:
    """An earlier version of the same project's guideline."""
    return Guideline.objects.filter(project_id=guideline.project_id, version=version, version__lt=guideline.version).first()


def outdated_answers(project_id: UUID) -> QuerySet[Assignment]:
    """The counted answers of a project under guidelines of an earlier meaning than the newest; each with its `guideline_version`."""
    versions = Guideline.objects.filter(project_id=project_id)
    meaning = versions.aggregate(newest=Max("meaning_version"))["newest"] or 0
    outdated = list(versions.filter(meaning_version__lt=meaning).values_list("id", flat=True))
    version = Guideline.objects.filter(id=OuterRef("guideline_id")).values("version")
    return Assignment.objects.filter(
        batch__in=Batch.objects.filter(project_id=project_id), guideline_id__in=outdated, state__in=Assignment.COUNTED
    ).annotate(guideline_version=Subquery(version))
