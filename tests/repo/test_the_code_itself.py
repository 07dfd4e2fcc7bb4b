"""Checks on the code: sizes, names, jobs that exist, routes that are documented."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest
from django.db import connection

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
        "django_q": {"foundation/queueing.py", "config/schedules.py", "config/management/commands/qcluster.py"},
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


REFUSALS = {"IntegrityError", "DatabaseError", "UniqueViolation", "ExclusionViolation", "CheckViolation", "ForeignKeyViolation"}
REFUSALS |= {"NotNullViolation", "RestrictViolation", "IntegrityConstraintViolation"}


def names_in(node: ast.AST | None) -> set[str]:
    """The last parts of all names in an expression: `psycopg.errors.UniqueViolation` is UniqueViolation."""
    found = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)} if node else set()
    return found | ({part.id for part in ast.walk(node) if isinstance(part, ast.Name)} if node else set())


def calls_of(tree: ast.AST, name: str) -> list[ast.Call]:
    """The calls `constraints.<name>(…)` in it."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return [call for call in calls if ast.unparse(call.func) == f"constraints.{name}"]


def takes_any_refusal(tree: ast.AST) -> list[int]:
    """Lines where a refusal of the database is caught and nobody asks which constraint it was."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and names_in(node.type) & REFUSALS:
            asked = any(calls_of(statement, name) for statement in node.body[:2] for name in ("only", "violated"))
            lines += [] if asked else [node.lineno]
        if isinstance(node, ast.Call) and "suppress" in names_in(node.func):
            lines += [node.lineno for argument in node.args if names_in(argument) & REFUSALS]
    return lines


def test_whoever_catches_a_refusal_of_the_database_names_the_constraint():
    """`except IntegrityError as error:` begins with `constraints.only(error, "the_constraint", …)` of foundation.constraints."""
    assert [(path.name, lines) for path in sources() if (lines := takes_any_refusal(ast.parse(path.read_text())))] == []


@pytest.mark.parametrize(
    ("handler", "refused"),
    [
        ("except IntegrityError: pass", True),
        ("except (psycopg.IntegrityError, ValueError) as error: raise Busy from error", True),
        ("except psycopg.errors.ExclusionViolation: return None", True),
        ("except IntegrityError as error:\n  constraints.only(error, 'one_at_a_time')", False),
        ("except ValueError: pass", False),
    ],
)
def test_the_check_sees_a_handler_that_names_nothing(handler, refused):
    assert bool(takes_any_refusal(ast.parse(f"def f():\n try: g()\n {handler}"))) is refused
    assert takes_any_refusal(ast.parse("with contextlib.suppress(IntegrityError): g()")) == [1]


@pytest.mark.django_db
def test_every_constraint_that_is_named_exists():
    named = {}
    for path in sources():
        for call in calls_of(ast.parse(path.read_text()), "only"):
            named |= {ast.literal_eval(argument): path.name for argument in call.args[1:]}
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint UNION SELECT relname FROM pg_class WHERE relkind = 'i'")
        known = {row[0] for row in cursor.fetchall()}
    assert named
    assert {name: path for name, path in named.items() if name not in known} == {}


def test_every_route_is_in_the_documentation():
    from tests.journeys.test_matrix import routes

    text = (ROOT / "docs" / "api.md").read_text()
    documented = {re.sub(r"<[^>]+>", "<id>", route) for route in re.findall(r"`(?:GET|POST) ([^`\s]+)`", text)}
    assert {re.sub(r"<[^>]+>", "<id>", route) for route in routes()} - documented == set()


@pytest.mark.parametrize("document", ["map", "words", "locking", "money", "api", "operating"])
def test_the_documents_are_there(document):
    assert len((ROOT / "docs" / f"{document}.md").read_text()) > 1000
