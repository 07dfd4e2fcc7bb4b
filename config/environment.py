"""The environment, read strictly: each setting says what it takes, and a value that it does not take stops the start with its name.

One reader for every knob of `settings.py`, so that none of them can be misread in silence or end in a traceback.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

ON, OFF = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}
HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", re.IGNORECASE)
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
DATABASES = ("postgres", "postgresql", "psql", "pgsql")
SHOWN_CHARACTERS = 80


class BadSetting(ImproperlyConfigured):
    """A setting has a value that it does not take."""


def refuse(name: str, got: str, takes: str) -> BadSetting:
    """The refusal: the variable, what is there (never a password), and what it takes."""
    shown = re.sub(r"[^/\s]*@", "…@", got)[:SHOWN_CHARACTERS]
    return BadSetting(f"{name} is “{shown}”. It takes {takes}.")


class Environment:
    """Reads variables of `source`, the process's own by default; every method raises BadSetting for a value that cannot be."""

    def __init__(self, source: Mapping[str, str] = os.environ) -> None:
        self.source = source

    def text(self, name: str, default: str = "") -> str:
        """Any text."""
        return self.source.get(name, default)

    def flag(self, name: str, *, default: bool) -> bool:
        """On or off."""
        if name not in self.source:
            return default
        given = self.source[name].strip().lower()
        if given not in ON | OFF:
            raise refuse(name, given, "1 or 0, true or false, yes or no, on or off")
        return given in ON

    def number(self, name: str, default: int, *, least: int, most: int, of: str = "") -> int:
        """A whole number within a range, `of` something."""
        if name not in self.source:
            return default
        number = _whole(self.source[name])
        if number is None or not least <= number <= most:
            raise refuse(name, self.source[name], f"a whole number{f' of {of}' if of else ''} from {least} to {most}")
        return number

    def one_of(self, name: str, default: str, choices: Iterable[str]) -> str:
        """One of a closed list."""
        given = self.source.get(name, default)
        if given not in choices:
            raise refuse(name, given, "one of: " + ", ".join(choices))
        return given

    def log_level(self, name: str, default: str) -> str:
        """How much is logged, in letters of either size."""
        given = self.source.get(name, default)
        if given.upper() not in LOG_LEVELS:
            raise refuse(name, given, "one of: " + ", ".join(LOG_LEVELS))
        return given.upper()

    def hosts(self, name: str, default: Iterable[str] = (), *, patterns: bool = False) -> list[str]:
        """Host names or addresses, separated by commas; where `patterns` are taken, `.example.org`, `*` and `[::1]`, too."""
        if name not in self.source:
            return list(default)
        found = [host.strip().lower() for host in self.source[name].split(",") if host.strip()]
        for host in found:
            plain = host.removeprefix(".") if patterns else host
            if not (HOST.fullmatch(plain) or (patterns and (host == "*" or re.fullmatch(r"\[[0-9a-f:.]+\]", host)))):
                raise refuse(name, host, "names or addresses of hosts alone, without http:// and port, separated by commas")
        return found

    def address(self, name: str, default: str) -> str:
        """The address of a site: http or https, a host, perhaps a port, no path. An empty default: it has to be set."""
        given = self.source.get(name, "").strip() or default
        try:
            parts = urlsplit(given)
            port_fits = parts.port is None or parts.port > 0
        except ValueError:
            raise refuse(name, given, ADDRESS) from None
        fits = parts.scheme in ("http", "https") and _is_host(parts.hostname or "") and port_fits
        if not fits or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
            raise refuse(name, given, ADDRESS)
        return given.rstrip("/")

    def numbers(self, name: str, known: Mapping[str, int]) -> dict[str, int]:
        """Some of the `known` names, each with another number: name=number, separated by commas."""
        found: dict[str, int] = {}
        for pair in filter(None, (pair.strip() for pair in self.source.get(name, "").split(","))):
            key, _, given = (part.strip() for part in pair.partition("="))
            number = _whole(given)
            if key not in known or number is None or number < 0 or key in found:
                example = next(iter(known))
                raise refuse(
                    name,
                    pair,
                    f"name=number, each name once, separated by commas ({example}={known[example]}); the names are {', '.join(known)}",
                )
            found[key] = number
        return found

    def database(self, name: str) -> dict[str, Any]:
        """A PostgreSQL server and database, as Django's settings want it."""
        given = self.source.get(name, "")
        takes = "the address of a PostgreSQL database: postgres://user:password@host:5432/name"
        try:
            if urlsplit(given).scheme not in DATABASES:
                raise refuse(name, given, takes)
            found: dict[str, Any] = environ.Env.db_url_config(given)
        except (ValueError, ImproperlyConfigured) as error:
            raise refuse(name, given, takes) from error
        if not found.get("NAME"):
            raise refuse(name, given, takes)
        return found

    def mail(self, name: str, default: str) -> dict[str, Any]:
        """Where mail goes, as Django's settings want it."""
        given = self.source.get(name, default)
        schemes = sorted(environ.Env.EMAIL_SCHEMES)
        takes = f"an address such as smtp+tls://user:password@host:587, which begins with one of: {', '.join(schemes)}"
        try:
            if urlsplit(given).scheme not in schemes or "://" not in given:
                raise refuse(name, given, takes)
            found: dict[str, Any] = environ.Env.email_url_config(given)
            if given.startswith("smtp") and not found["EMAIL_HOST"]:
                raise refuse(name, given, takes)
        except ValueError as error:
            raise refuse(name, given, takes) from error
        return found

    def sender(self, name: str, default: str) -> str:
        """From whom mail comes."""
        given = self.source.get(name, default)
        if not re.fullmatch(r"[^<>\r\n]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+", given.strip()):
            raise refuse(name, given, "an address of mail: noreply@example.org, or Name <noreply@example.org>")
        return given.strip()

    def folder(self, name: str, default: Path) -> Path:
        """A folder that can be written to; it is made where there is none."""
        found = Path(self.source.get(name) or default)
        try:
            found.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refuse(name, str(found), f"a folder that this process may make and write to ({error.strerror})") from error
        return found


ADDRESS = "the address of this site, such as https://crowd.example.org"


def _whole(given: str) -> int | None:
    return int(given) if re.fullmatch(r"\s*-?[0-9]{1,18}\s*", given) else None


def _is_host(host: str) -> bool:
    return bool(HOST.fullmatch(host)) or ":" in host  # an IPv6 address, which urlsplit has looked at
