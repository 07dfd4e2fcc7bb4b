"""Whole lives of batches drawn by chance: every rightful payment is made, nobody pays twice, escrows end at zero.

Thousands of them: `make bench name=money_fuzz`.
"""

from collections import Counter

import pytest

from config.jobs import broken_invariants
from payments import funding
from tasks import reserving
from tests.ledger import lives

pytestmark = pytest.mark.django_db
GROUP = 8


def found(cast, seeds):
    """What was found, with the story of the first life in which something was."""
    total: Counter[str] = Counter()
    for seed in seeds:
        life = lives.Life(cast, seed)
        total += life.run()
        if total:
            return dict(total), f"seed {seed}\n" + "\n".join(life.story)
    return {}, ""


@pytest.mark.parametrize("group", range(4))
def test_everybody_is_paid_once_and_nothing_is_left(now, group):
    assert found(lives.cast(now), range(group * GROUP, (group + 1) * GROUP)) == ({}, "")


def test_one_life_keeps_every_invariant_of_the_books(now, monkeypatch):
    offended = []
    life = lives.Life(lives.cast(now), 1)
    monkeypatch.setattr(life, "_compare_payments", lambda: offended.append(broken_invariants()))
    life.run()
    assert offended == [{}]


def test_control_escrows_that_keep_nothing_for_rejections_are_found_out(now, monkeypatch):
    forgetful = reserving.OUTSTANDING.replace("a.state = 'rejected' AND", "false AND")
    assert forgetful != reserving.OUTSTANDING
    monkeypatch.setattr(reserving, "OUTSTANDING", forgetful)
    findings, story = found(lives.cast(now), range(40))
    assert findings
    assert "short of" in story or "missing_funds" in story


def test_control_money_that_is_not_given_back_is_found_out(now, monkeypatch):
    monkeypatch.setattr(funding, "release", lambda *args, **kwargs: 0)
    findings, _ = found(lives.cast(now), range(3))
    assert findings["escrow_left"] == 1
