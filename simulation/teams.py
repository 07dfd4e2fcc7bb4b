"""A vendor of the showcase: its checklist for newcomers, its invitation, and who has joined."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from simulation import people
from simulation.client import Client
from simulation.stage import Player, Stage

NAME = "Lantern Team"
WELCOME = """# How we work at Lantern

We are a small team that looks after each other's work.

- **Ask early.** A question costs a minute, a guess an afternoon.
- **Breaks are work.** Five minutes in the hour are paid; take them.
- Vera pays on Fridays and answers every day before ten.
"""
PRIVACY = """# What stays here

Texts, pictures and calls that you see in a task are not yours to tell about: no screenshots, no copies, no names.

If you know somebody in a picture or a call, give the task back and say nothing more.
"""


@dataclass(frozen=True)
class Team:
    """The vendor, and the link that lets people join."""

    vendor: Client
    organization_id: str
    link: str


def found(stage: Stage, *, email: str, password: str, name: str) -> Team:
    """A vendor with two steps of its own, and an invitation for twenty people."""
    at = stage.at(0, 6, 30)
    vendor, organization_id = people.requester(
        stage.address, email=email, organization=name, kind="vendor", at=at, password=password
    )
    for title, text, seconds in (("How we work at Lantern", WELCOME, 90), ("What stays here", PRIVACY, 60)):
        step = {"kind": "text", "title": title, "text": text, "paid": True, "estimate_seconds": seconds}
        vendor.post(f"organizations/{organization_id}/onboarding-steps", step, key=f"{title} {organization_id}")
    vendor.post(f"organizations/{organization_id}/onboarding-steps", {"kind": "hours", "required": False})
    made = vendor.post(f"organizations/{organization_id}/invitations", {"name": "Open evening", "max_uses": 20, "days": 30})
    return Team(vendor, organization_id, made["href"])


def join(team: Team, player: Player, *, steps: int, at: datetime) -> None:
    """Follow the link, and do so many of the vendor's steps."""
    player.client.at = at
    player.client.post("join", {"token": team.link.rstrip("/").rpartition("/")[2]})
    lists = player.client.get("me/onboarding")
    mine = next(one for one in lists["lists"] if one["organization_id"] == team.organization_id)
    for step in [step for step in mine["steps"] if step["kind"] == "text"][:steps]:
        player.client.post(f"me/onboarding/{step['id']}/begin")
        at += timedelta(seconds=step["estimate_seconds"])
        player.client.at = at
        player.client.post(f"me/onboarding/{step['id']}/finish")
