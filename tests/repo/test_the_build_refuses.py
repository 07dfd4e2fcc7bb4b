"""The floors hold: the build finds an upward or sideways import, also one hidden in a function."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ["config", "tasks", "payments", "qualification", "workforce", "foundation", "simulation"]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def house(tmp_path):
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_house_as_it_stands_passes(house):
    done = lint(house)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("workforce/access.py", "import tasks.models"),
        ("payments/money.py", "import qualification.models"),
        ("qualification/granting.py", "def hidden():\n    from payments import ledger\n    return ledger"),
        ("foundation/clock.py", "import workforce.models"),
        ("tasks/pricing.py", "import config.urls"),
        ("simulation/client.py", "import tasks.models"),
        ("tasks/pricing.py", "import rest_framework"),
        ("payments/ledger.py", "import stripe"),
        ("tasks/answering.py", "import crowdkit.aggregation"),
        ("workforce/accounts.py", "import django_q.tasks"),
    ],
)
def test_a_planted_import_is_found(house, room, line):
    path = house / room
    path.write_text(path.read_text() + f"\n{line}\n")
    assert lint(house).returncode != 0
