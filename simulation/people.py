"""Signing up and starting, as every person in a simulation does it; doing it again changes nothing."""

from datetime import datetime

from simulation.client import Client

SCOPES = ["read", "work", "post", "money", "admin"]
PASSWORD = "a simulated crowd needs no secret"  # noqa: S105 - accounts of a simulation


def person(address: str, *, email: str, name: str, as_worker: bool, at: datetime, password: str = PASSWORD) -> Client:
    """An account (opened, or known from before) and a client that speaks for it.

    Signing up never tells whether there is an account: logging in does, with Refused (`bad_credentials`) for one of another password.
    """
    client = Client(address, at=at)
    client.post("accounts", {"email": email, "password": password, "display_name": name, "as_worker": as_worker})
    asked = {"email": email, "password": password, "name": "simulation", "days": 365, "scopes": SCOPES}
    client.token = client.post("tokens", asked)["token"]
    return client


def worker(
    address: str,
    *,
    email: str,
    name: str,
    at: datetime,
    country: str = "DE",
    languages: tuple[str, ...] = ("en",),
    password: str = PASSWORD,
) -> Client:
    """A worker who has filled in the profile and accepted every agreement in force."""
    client = person(address, email=email, name=name, as_worker=True, at=at, password=password)
    me = client.get("me")
    if not me["worker"]["country"]:
        client.post("me/profile", {"country": country, "languages": list(languages), "time_zone": "Europe/Berlin"})
    for agreement in client.get("agreements")["results"]:
        if agreement["accepted_at"] is None:
            client.post(f"agreements/{agreement['id']}/accept")
    return client


def requester(
    address: str, *, email: str, organization: str, at: datetime, kind: str = "requester", password: str = PASSWORD
) -> tuple[Client, str]:
    """The owner of an organisation, founded if need be; client and organisation id."""
    client = person(address, email=email, name=organization, as_worker=False, at=at, password=password)
    for known in client.get("organizations")["results"]:
        if known["name"] == organization:
            return client, known["id"]
    made = client.post("organizations", {"name": organization, "kind": kind}, key=f"found {organization}")
    return client, made["id"]
