"""Of accepting an invitation and taking it back at the same moment one happens, and once."""

import pytest

from foundation.errors import NotFound
from tests import builders
from tests.races.crowd import all_at_once
from workforce import members
from workforce.models import Membership, User


@pytest.mark.usefixtures("committed_db")
def test_accepting_and_taking_back_at_the_same_moment(now):
    rita, wanda = builders.requester("rita", now=now), builders.worker("wanda", now=now)
    row = members.invite(rita.actor, rita.organization.id, email="wanda@example.org", role="owner", now=now)
    outcomes = []

    def act(n: int) -> None:
        try:
            if n == 0:
                members.revoke(rita.actor, row.id, now=now)
            else:
                members.accept(wanda.actor, row.id, now=now)
                outcomes.append(n)
        except NotFound:
            pass

    all_at_once(act, 8)
    row.refresh_from_db()
    count = Membership.objects.filter(user=User.objects.get(id=wanda.user.id), ended_at=None).count()
    assert count == (1 if row.state == "accepted" else 0)
    assert len(outcomes) in (0, 7)
