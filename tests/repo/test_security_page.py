"""What the security page names as proof exists."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = (ROOT / "docs/security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", PAGE)))


def missing(proof: str) -> bool:
    path, _, name = proof.partition("::")
    file = ROOT / path
    return not file.exists() or bool(name) and f"def {name}(" not in file.read_text()


@pytest.mark.parametrize("proof", NAMED)
def test_every_test_that_is_named_exists(proof):
    assert not missing(proof)


def test_every_setting_that_is_named_exists():
    named = set(re.findall(r"`([A-Z][A-Z_]{6,})`", PAGE)) - {"FAIRHAND_"}
    assert named, "the page names settings"
    written = (ROOT / "config/settings.py").read_text()
    assert [name for name in sorted(named) if name not in written and not hasattr(settings, name)] == []


def test_the_check_sees_what_is_not_there():
    assert missing("tests/repo/test_security_page.py::test_nothing")
    assert missing("tests/repo/test_nowhere.py")
