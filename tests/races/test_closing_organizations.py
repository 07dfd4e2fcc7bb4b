"""Of closing an organisation and acting for it at the same moment, one happens, or both in an order that makes sense."""

import pytest

from foundation.errors import DomainError
from payments import funding
from tasks import closing_organizations
from tests import builders
from tests.races.crowd import all_at_once
from tests.tasks import scenes
from workforce import members
from workforce.models import MemberInvitation, Membership, Organization


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("act", ["deposit", "invite", "accept"])
def test_closing_and_acting_at_the_same_moment(act, now):
    for turn in range(3):
        rita, olga = builders.requester(f"rita{turn}", now=now), builders.operator(f"olga{turn}", now=now)
        wanda = builders.worker(f"wanda{turn}", now=now)
        assert rita.organization
        email = f"wanda{turn}@example.org"
        waiting = members.invite(rita.actor, rita.organization.id, email=email, role="viewer", now=now)

        def run(n: int, rita=rita, olga=olga, wanda=wanda, waiting=waiting) -> None:
            try:
                if n % 2:
                    closing_organizations.close(rita.actor, rita.organization.id, now=now)
                elif act == "deposit":
                    scenes.funds(olga, rita, amount_micros=5)
                elif act == "invite":
                    members.invite(rita.actor, rita.organization.id, email=f"new{n}@example.org", role="viewer", now=now)
                else:
                    members.accept(wanda.actor, waiting.id, now=now)
            except DomainError:
                pass

        all_at_once(run, 8)
        organization = Organization.objects.get(id=rita.organization.id)
        money = sum(row["available_micros"] for row in funding.funds_of(organization.id))
        assert (organization.closed_at is None) or money == 0
        if organization.closed_at is not None:
            assert not MemberInvitation.objects.filter(organization=organization, state="open").exists()
        joined = Membership.objects.filter(organization=organization, user=wanda.user).exists()
        state = MemberInvitation.objects.get(id=waiting.id).state
        assert joined == (state == "accepted")
