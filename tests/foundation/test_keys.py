"""Derived keys: each purpose has its own, and nothing else touches SECRET_KEY."""

import ast
import hmac
from pathlib import Path

from django.conf import settings

from foundation import keys

ROOT = Path(__file__).resolve().parents[2]


def test_what_one_purpose_shows_is_no_oracle_for_another():
    message = (b"a worker", b"an organisation")
    macs = {keys.mac(purpose, *message) for purpose in ("alias", "token", "invitation", "email code")}
    assert len(macs) == 4
    raw = hmac.digest(settings.SECRET_KEY.encode(), b"".join(message), "sha256")
    assert raw not in macs


def test_the_same_purpose_and_parts_give_the_same_mac_and_other_parts_another():
    assert keys.mac("alias", b"ab", b"c") == keys.mac("alias", b"ab", b"c")
    assert (
        len({keys.mac("alias", b"ab", b"c"), keys.mac("alias", b"a", b"bc"), keys.mac("alias", b"abc"), keys.mac("alias")}) == 4
    )


def test_another_secret_gives_other_keys(settings):
    before = keys.mac("alias", b"x")
    settings.SECRET_KEY = "another secret of fifty characters, or a few more of them"
    assert keys.mac("alias", b"x") != before


def test_only_derivation_touches_the_secret():
    allowed = {"foundation/keys.py", "config/settings.py"}
    found = set()
    for room in ("config", "foundation", "workforce", "qualification", "payments", "tasks"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = {getattr(node, "attr", None), getattr(node, "id", None)}
                if "SECRET_KEY" in names:
                    found.add(path.relative_to(ROOT).as_posix())
    assert found == allowed
