"""What people of the showcase say to each other: questions and their answers, a flag, rejections, and an appeal of each kind."""

from datetime import datetime, timedelta
from typing import Any

from simulation.stage import Player, Stage

EDGE = (
    "A person at the edge of the picture has no box. The guideline asks for one box for each thing, also when only part of it is in the "
    "picture. All the other boxes are very exact; please look at the edges as well."
)
TEAM = (
    "This message was sent to a team that cannot help. The guideline says that the wish of the customer decides, and here the wish is stated "
    "in the last sentence. Please read messages to their end."
)
QUESTION = "Is *Ferry Company* a name here, or just words? It stands with a capital, but it could be any ferry company."
ANSWER = "Good catch. It is the name of the company, so please mark **Ferry Company** as Organisation. I am adding it to the questions above."
CLEAR = (
    "Is “Ferry Company” the name of an organisation?",
    "Yes: with capitals it is the name of the company. Mark *Ferry Company*, without *the*.",
)
WAITING = "The box may lag behind the car when it speeds up. How exact does it have to be between my own frames?"


def reject(stage: Stage, assignment_id: str, *, comment: str, evidence: dict[str, Any], at: datetime) -> None:
    """The requester rejects an answer, with reasons."""
    stage.requester.at = at
    verdict = {"reason": "instructions_not_followed", "comment": comment, "evidence": evidence}
    stage.requester.post(f"assignments/{assignment_id}/reject", verdict, key=f"reject {assignment_id}")


def rejection_overturned(stage: Stage, worker: Player, slug: str, *, day: int) -> None:
    """An answer is rejected, its worker appeals, and an operator, who did not decide it, pays it after all."""
    right = next((done for done in worker.done if done["slug"] == slug and not done["wrong"]), None)
    if right is None:
        return
    reject(stage, right["assignment_id"], comment=TEAM, evidence={"task": right["key"]}, at=stage.at(day, 15))
    text = (
        "The customer wants the money back for the broken mug and says so. The guideline names exactly this case under *Returns*."
    )
    appeal = _appeal(worker, text, at=stage.at(day, 19))
    stage.operator.at = stage.at(day + 1, 9)
    verdict = {
        "verdict": "overturned",
        "reason": "The answer follows the guideline word for word. It is accepted and paid, with apologies.",
    }
    stage.operator.post(f"appeals/{appeal['id']}/decide", verdict, key=f"decide {appeal['id']}")
    stage.operator.at = None


def rejection_appealed(stage: Stage, worker: Player, assignment_id: str, *, at: datetime) -> None:
    """An answer is rejected, its worker appeals, the requester answers; the verdict is still to come."""
    reject(stage, assignment_id, comment=EDGE, evidence={"missing": "a person, right edge"}, at=at)
    text = (
        "I see the person now, you are right about that one. But five of six things have an exact box, and the guideline says nothing about how "
        "many must be there. Could the answer count, or could I correct it?"
    )
    appeal = _appeal(worker, text, at=at + timedelta(hours=5))
    stage.requester.at = at + timedelta(hours=9)
    reply = "Thank you, that is fair. A colleague who has not seen your answer before will look at it tomorrow."
    stage.requester.post(f"threads/{appeal['thread_id']}/messages", {"text": reply})


def _appeal(worker: Player, text: str, *, at: datetime) -> dict[str, Any]:
    worker.client.at = at
    decision = worker.client.get("decisions", kind="reject_work")["results"][0]
    appeal: dict[str, Any] = worker.client.post(f"decisions/{decision['id']}/appeal", {"text": text})
    return appeal


def question_answered(stage: Stage, worker: Player, assignment_id: str, *, at: datetime) -> None:
    """A question about a task is answered, and the answer published for everybody."""
    worker.client.at = at
    thread = worker.client.post(f"assignments/{assignment_id}/questions", {"text": QUESTION})["id"]
    stage.requester.at = at + timedelta(hours=2)
    stage.requester.post(f"threads/{thread}/messages", {"text": ANSWER})
    question, answer = CLEAR
    stage.requester.post(f"threads/{thread}/clarify", {"question": question, "answer": answer}, key=f"clarify {thread}")


def question_waiting(stage: Stage, worker: Player, slug: str, *, at: datetime) -> None:
    """A question about a job that nobody has answered yet."""
    worker.client.at = at
    worker.client.post(f"batches/{stage.batches[slug]}/questions", {"text": WAITING})


def flagged(worker: Player, assignment_id: str, *, at: datetime) -> None:
    """A task is flagged as unclear."""
    worker.client.at = at
    body = {"reason": "unclear", "comment": "The bank is hidden by a tree. Does the pond end there?"}
    worker.client.post(f"assignments/{assignment_id}/flag", body)
