"""What the showcase teaches: a course on names in the news with practice, the exam after it, and who has got how far."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simulation.postings import Posting, spans
from simulation.stage import Player, Stage

SLUG = "names"
WELCOME = """# Names are harder than they look

You will mark **people, places, organisations and dates** in one-line news. Most of it is easy; the rest is what this course is about:

1. names inside names (*Rovers Westhaven*),
2. words around names (*Doctor*, *the*),
3. lengths of time, which are no dates.

It takes about ten minutes, and the time is paid.
"""
INSIDE = """# Names inside names

When a town is part of the name of a club or a company, the **whole** name is an Organisation and the town is marked no more.

Look at the examples, then try. You have mastered the lesson when **two of your last three** answers are right.
"""
Known = tuple[str, list[tuple[str, str]], str]  # a text, what is marked in it, and why
EXAMPLES: list[Known] = [
    (
        "The Eastmoor Bicycle Club meets in Eastmoor.",
        [("Eastmoor Bicycle Club", "Organisation")],
        "The club's name first, whole.",
    ),
]
PRACTICE: list[Known] = [
    (
        "Harbour Bank Westhaven opens on Monday.",
        [("Harbour Bank Westhaven", "Organisation"), ("Monday", "Date")],
        "The town belongs to the bank.",
    ),
    (
        "Doctor Anna Reuter left after three years.",
        [("Anna Reuter", "Person")],
        "*Doctor* stays outside, and three years are no date.",
    ),
    (
        "From Little Isle, Nora Brandt swam to Cape Rowan.",
        [("Little Isle", "Place"), ("Nora Brandt", "Person"), ("Cape Rowan", "Place")],
        "",
    ),
    ("The Museum of Eastmoor is closed in July.", [("Museum of Eastmoor", "Organisation"), ("July", "Date")], "Without *the*."),
]
EXAM: list[Known] = [
    (
        "Mayor Lena Ortiz spoke in Saint Alder on 3 May.",
        [("Lena Ortiz", "Person"), ("Saint Alder", "Place"), ("3 May", "Date")],
        "",
    ),
    ("United Eastmoor has a new keeper, Pavel Novak.", [("United Eastmoor", "Organisation"), ("Pavel Novak", "Person")], ""),
    ("The Alder Water Company sells its tower.", [("Alder Water Company", "Organisation")], ""),
    ("In 2019 nobody lived on Little Isle.", [("2019", "Date"), ("Little Isle", "Place")], ""),
    ("Captain Mia Lund sails to Westhaven on Friday.", [("Mia Lund", "Person"), ("Westhaven", "Place"), ("Friday", "Date")], ""),
    (
        "Northlight Energy and Cape Rowan signed on 1 June.",
        [("Northlight Energy", "Organisation"), ("Cape Rowan", "Place"), ("1 June", "Date")],
        "",
    ),
]


@dataclass(frozen=True)
class School:
    """The course and the exam, and the skill they lead to."""

    skill_id: str
    course_id: str
    lessons: list[str]
    exam_id: str


def _questions(known: list[Known], prefix: str) -> list[dict[str, Any]]:
    return [
        {"id": f"{prefix}{n}", "payload": {"text": text}, "solution": spans(text, *marked), "explanation": why}
        for n, (text, marked, why) in enumerate(known, start=1)
    ]


def found(stage: Stage, posting: Posting) -> School:
    """Write the course and the exam."""
    requester, organization = stage.requester, {"organization_id": stage.organization_id}
    skill = requester.post("skills", organization | {"name": "Names in texts", "description": "Marks names whole and alone."})[
        "id"
    ]
    course = organization | {
        "title": "Names in the news",
        "description": "What to mark, and what to leave alone, in ten minutes.",
    }
    course_id = requester.post("courses", course)["id"]
    lessons = [
        {"title": "What it is about", "text": WELCOME},
        {
            "title": "Names inside names",
            "text": INSIDE,
            "interface": posting.interface,
            "examples": _questions(EXAMPLES, "example-"),
            "practice": _questions(PRACTICE, "practice-"),
            "mastery_right": 2,
            "mastery_window": 3,
            "right_percent": 90,
        },
        {"title": "Dates", "text": "# Dates\n\nMark days, months and years. *After an hour* and *for nine days* are no dates."},
    ]
    made = [requester.post(f"courses/{course_id}/lessons", lesson)["id"] for lesson in lessons]
    requester.post(f"courses/{course_id}/publish", key=f"publish {course_id}")
    exam = organization | {
        "skill_id": skill,
        "title": "Names in texts",
        "instructions": "Four lines of news. Take your time; the clock is generous.",
        "interface": posting.interface,
        "questions": _questions(EXAM, "q"),
        "questions_per_attempt": 4,
        "pass_percent": 75,
        "time_limit_seconds": 900,
        "max_attempts": 3,
        "retry_delay_seconds": 3600,
        "valid_days": 180,
        "review_allowed": "always",
    }
    return School(skill, course_id, made, requester.post("exams", exam)["id"])


def study(school: School, player: Player, *, lessons: int, at: datetime) -> datetime:
    """Do so many lessons of the course, with one mistake in the practice; answers with when that ended."""
    client = player.client
    client.at = at
    client.post(f"courses/{school.course_id}/start")
    for lesson_id in school.lessons[:lessons]:
        client.at = at
        standing = client.post(f"lessons/{lesson_id}/study")
        at += timedelta(seconds=75)
        client.at = at
        if standing["question"] is None:
            client.post(f"lessons/{lesson_id}/read")
        while standing["question"] is not None and standing["mastered_at"] is None:
            standing = _practise(client, lesson_id, standing)["standing"]
            at += timedelta(seconds=40)
            client.at = at
    return at + timedelta(seconds=30)


def _practise(client: Any, lesson_id: str, standing: dict[str, Any]) -> dict[str, Any]:
    """The first answer forgets something, the others are right."""
    question = standing["question"]
    text, marked, _ = next(one for one in PRACTICE if one[0] == question["payload"]["text"])
    right = spans(text, *(marked[:-1] if standing["number"] == 1 and len(marked) > 1 else marked))
    body = {"number": standing["number"], "question_id": question["id"], "result": right}
    feedback: dict[str, Any] = client.post(f"lessons/{lesson_id}/practise", body)
    return feedback


def sit(school: School, player: Player, *, wrong: int = 0, at: datetime) -> datetime:
    """Sit the exam, with so many answers that mark nothing right; answers with when that ended."""
    player.client.at = at
    attempt = player.client.post(f"exams/{school.exam_id}/attempts")
    known = {text: spans(text, *marked) for text, marked, _ in EXAM}
    at += timedelta(seconds=55 * len(attempt["questions"]))
    player.client.at = at
    answers = {}
    for n, question in enumerate(attempt["questions"]):
        text = question["payload"]["text"]
        answers[question["id"]] = spans(text, (text.split()[0], "Date")) if n < wrong else known[text]
    player.client.post(f"attempts/{attempt['id']}/submit", {"answers": answers})
    return at + timedelta(seconds=30)
