"""Questions with a known answer, for exams, practice and worked examples: checked against their interface, and shown to people."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from tasks import media
from tasks.errors import BadQuestion
from tasks.labels import AnswerInvalid, Interface, InterfaceInvalid, PayloadInvalid, check_interface, interface_of

FIELDS = {"id", "payload", "solution", "explanation"}
REQUIRED = FIELDS - {"explanation"}
ID_MAX_CHARACTERS = 60
EXPLANATION_MAX_CHARACTERS = 5000


def checked(question: Any, where: str, interface: Interface) -> dict[str, Any]:
    """A question in the form in which it is kept. Raises BadQuestion naming the field.

    `solution` becomes canonical, `result` is the same as the editor shows it, `labels` are the labels it gives.
    """
    if not isinstance(question, dict) or not set(question) >= REQUIRED or set(question) - FIELDS:
        raise BadQuestion("A question has id, payload, solution and perhaps an explanation.", field=where, known=sorted(FIELDS))
    name, explanation = question["id"], question.get("explanation", "")
    if not isinstance(name, str) or not 1 <= len(name) <= ID_MAX_CHARACTERS:
        raise BadQuestion("An id is a text of 1 to 60 characters.", field=f"{where}.id", limit=ID_MAX_CHARACTERS)
    if not isinstance(explanation, str) or len(explanation) > EXPLANATION_MAX_CHARACTERS:
        raise BadQuestion("An explanation is a text.", field=f"{where}.explanation", limit=EXPLANATION_MAX_CHARACTERS)
    try:
        payload = interface.check_payload(question["payload"])
        solution = interface.solution(question["solution"], payload)
    except (AnswerInvalid, PayloadInvalid) as error:
        raise BadQuestion(error.template, **(error.details | {"field": f"{where}.{error.details.get('field', '')}"})) from error
    return {
        "id": name,
        "payload": payload,
        "solution": solution,
        "result": question["solution"] if isinstance(question["solution"], list) else interface.result_of(solution),
        "labels": sorted(interface.labels_of(solution)),
        "explanation": explanation,
    }


def editor_interface(xml: str, organization_id: UUID) -> Interface:
    """An interface that people can be taught and tested in. Raises ForeignFile, and InterfaceInvalid, also for a page of the requester's
    own: what such a page shows as the solution, and whether it shows it before it should, cannot be told.
    """
    interface = check_interface(xml)
    if interface.frame is not None:
        raise InterfaceInvalid(
            "Exams and lessons are made of the editor's tags (<View>…); pages of HTML cannot show a solution.", field="interface"
        )
    media.check_own(organization_id, media.files_in_config(interface))
    return interface


def origins_of(bank: Iterable[Mapping[str, Any]], interface: Interface) -> list[str]:
    """The other sites from which these questions load images, sound and video."""
    return sorted({origin for question in bank for origin in media.origins_of(question["payload"], interface)})


def all_checked(questions: Iterable[Any], where: str, interface: Interface, organization_id: UUID) -> list[dict[str, Any]]:
    """Every question of a list; the files they show are the organisation's. Raises BadQuestion and ForeignFile."""
    found = [checked(question, f"{where}[{index}]", interface) for index, question in enumerate(questions)]
    media.check_own(organization_id, _files_in(found, where, interface))
    return found


def _files_in(questions: Iterable[Mapping[str, Any]], where: str, interface: Interface) -> Iterator[media.Named]:
    for index, question in enumerate(questions):
        yield from media.files_shown(interface, question["payload"], f"{where}[{index}].payload")
        yield from media.files_in_text(question["explanation"], f"{where}[{index}].explanation")


def asked(question: Mapping[str, Any], interface: str, organization_id: UUID) -> dict[str, Any]:
    """A question of that organisation as who answers it sees it: nothing of its solution, files under addresses that they may load."""
    return {"id": question["id"], "payload": media.payload_of(interface_of(interface), question["payload"], organization_id)}


def solved(question: Mapping[str, Any], interface: str, organization_id: UUID) -> dict[str, Any]:
    """A question with its solution and the explanation: for those who have answered it, and for worked examples."""
    return asked(question, interface, organization_id) | {
        "solution": question["result"],
        "explanation": question.get("explanation", ""),
    }
