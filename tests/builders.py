"""One plain function per kind of thing a test needs, with the fewest arguments that make sense. No factories."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.test import Client

from workforce import accounts, aliases, members, tokens
from workforce.access import Actor, actor_of_token, actor_of_user
from workforce.models import Membership, Organization, Scope, User, Worker

PASSWORD = "correct horse battery"  # noqa: S105


@dataclass
class Person:
    """Someone in a test: the account, how they act, and a client that speaks for them over HTTP."""

    user: User
    token: str
    now: datetime
    worker: Worker | None = None
    organization: Organization | None = None

    @property
    def actor(self) -> Actor:
        actor = actor_of_token(self.token, now=self.now)
        assert actor is not None
        return actor

    def get(self, path: str, **query: Any) -> Any:
        return Client().get(f"/api/v1/{path}", query, headers=self._headers())

    def post(self, path: str, body: Any = None, *, key: str | None = None, at: datetime | None = None) -> Any:
        headers = self._headers(at) | ({"Idempotency-Key": key} if key else {})
        return Client().post(f"/api/v1/{path}", body or {}, content_type="application/json", headers=headers)

    def upload(self, path: str, body: bytes, content_type: str = "application/x-ndjson") -> Any:
        return Client().generic("POST", f"/api/v1/{path}", body, content_type=content_type, headers=self._headers())

    def _headers(self, at: datetime | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Fairhand-Now": (at or self.now).isoformat()}


class Visitor:
    """Somebody signed in to the site, at a stated instant."""

    def __init__(self, person: Person, now: datetime | None = None) -> None:
        self.client, self.now = Client(), now or person.now
        self.client.force_login(person.user)

    def get(self, path: str, *, htmx: bool = False, **query: Any) -> Any:
        return self.client.get(path, query, headers=self._headers() | ({"HX-Request": "true"} if htmx else {}))

    def post(self, path: str, **fields: Any) -> Any:
        return self.client.post(path, fields, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return {"Fairhand-Now": self.now.isoformat()}


def person(name: str, *, now: datetime, as_worker: bool = False) -> Person:
    user = accounts.sign_up(email=f"{name}@example.org", password=PASSWORD, display_name=name, as_worker=as_worker, now=now)
    _, token = tokens.issue(user, name="test", now=now, scopes=list(Scope), days=365)
    return Person(user, token, now, worker=Worker.objects.filter(user=user).first())


def worker(name: str, *, now: datetime, country: str = "DE", languages: tuple[str, ...] = ("en",)) -> Person:
    """A worker who has filled in the profile and accepted what there is to accept."""
    from workforce import onboarding

    someone = person(name, now=now, as_worker=True)
    assert someone.worker
    onboarding.update_profile(someone.worker.id, now=now, country=country, languages=list(languages))
    someone.worker.refresh_from_db()
    return someone


def requester(name: str, *, now: datetime) -> Person:
    """The owner of a requester organisation of the same name."""
    someone = person(name, now=now)
    someone.organization = members.create_organization(someone.actor, name=name.title(), kind="requester", now=now)
    return someone


def member(owner: Person, email: str, role: str) -> Membership:
    """The person with that email acts for the owner's organisation: invited, and by accepting."""
    assert owner.organization
    row = members.invite(owner.actor, owner.organization.id, email=email, role=role, now=owner.now)
    user = User.objects.get(email=email)
    return members.accept(actor_of_user(user), row.id, now=owner.now)


def known(worker: Person, requester: Person) -> str:
    """The requester's alias of a worker who has taken part in something of theirs."""
    assert worker.worker
    assert requester.organization
    aliases.note(worker.worker.id, requester.organization.id, now=requester.now)
    return aliases.alias_of(worker.worker.id, requester.organization.id)


def operator(name: str, *, now: datetime) -> Person:
    someone = person(name, now=now)
    User.objects.filter(id=someone.user.id).update(is_staff=True)
    return someone
