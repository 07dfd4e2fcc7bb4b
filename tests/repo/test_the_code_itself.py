"""Checks on the code: sizes, names, jobs that exist, routes that are documented."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ["config", "foundation", "workforce", "qualification", "payments", "tasks", "simulation"]
FORBIDDEN_NAMES = {"utils", "helpers", "common", "services", "managers", "signals"}


def sources() -> list[Path]:
    return [path for room in HOUSE for path in sorted((ROOT / room).rglob("*.py")) if "migrations" not in path.parts]


def test_no_module_is_over_five_hundred_lines():
    assert [(path.name, n) for path in sources() if (n := len(path.read_text().splitlines())) > 500] == []


def test_no_function_is_over_sixty_lines():
    long = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > 62:  # the signature and its closing line beside sixty
                    long.append((path.name, node.name, lines))
    assert long == []


def test_every_room_has_a_name_on_its_door():
    assert [path for path in sources() if path.stem in FORBIDDEN_NAMES] == []


def test_every_job_named_anywhere_exists():
    from config.schedules import TABLE

    named = {job for _, job, _ in TABLE}
    for path in sources():
        named |= set(re.findall(r"enqueue\(\s*\"([\w.]+)\"", path.read_text()))
    assert named
    for job in named:
        module, _, function = job.rpartition(".")
        assert callable(getattr(import_module(module), function)), job


def test_heavy_libraries_and_the_queue_are_imported_only_where_they_may_be():
    allowed = {
        "crowdkit": {"tasks/aggregation.py", "tasks/agreement.py", "simulation/judging.py"},
        "pandas": {"tasks/aggregation.py", "tasks/agreement.py", "simulation/judging.py"},
        "sklearn": {"simulation/digits.py", "simulation/postings/pictures.py"},
        "stripe": set(),
        "django_q": {"foundation/queueing.py", "config/schedules.py"},
    }
    for path in sources():
        room = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.split(".")[0]
                assert top not in allowed or room in allowed[top], f"{room} imports {name}"
                if top == "rest_framework":
                    assert "/api/" in room or room.startswith("config/"), f"{room} imports {name}"


def test_every_route_is_in_the_documentation():
    from tests.journeys.test_matrix import routes

    text = (ROOT / "docs" / "api.md").read_text()
    documented = {re.sub(r"<[^>]+>", "<id>", route) for route in re.findall(r"`(?:GET|POST) ([^`\s]+)`", text)}
    assert {re.sub(r"<[^>]+>", "<id>", route) for route in routes()} - documented == set()


@pytest.mark.parametrize("document", ["map", "words", "locking", "money", "api", "operating"])
def test_the_documents_are_there(document):
    assert len((ROOT / "docs" / f"{document}.md").read_text()) > 1000
