"""A small, fast client of Fairhand's HTTP API: one keep-alive connection per person, retries that cannot double anything."""

import http.client
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

RETRY_SECONDS = 120  # how long a server may be away (crashed, restarted) before a client gives up
PAUSE_SECONDS = 0.25


class Refused(Exception):
    """The server said no: status, code, message and details of its error body."""

    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body = body if isinstance(body, dict) else {"code": "unreadable", "message": str(body)[:500], "details": {}}
        self.code = self.body.get("code", "")
        self.details = self.body.get("details", {})
        super().__init__(f"{status} {self.code}: {self.body.get('message')} {self.details}")


class Client:
    """Speaks for one person. `at` is the simulated instant its requests carry; None is real time."""

    def __init__(self, address: str, *, token: str | None = None, at: datetime | None = None) -> None:
        parts = urlsplit(address)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.address = address
        self.token = token
        self.at = at
        self.requests = 0
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, **query: Any) -> Any:
        """GET below /api/v1/."""
        return self._json("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """POST a command below /api/v1/. With a key, a repeat after a lost answer has no second effect."""
        return self._json("POST", path, orjson.dumps(body or {}), key=key)

    def upload(self, path: str, body: bytes, *, content_type: str = "application/x-ndjson", key: str | None = None) -> Any:
        """POST rows."""
        return self._json("POST", path, body, content_type=content_type, key=key)

    def every(self, path: str, **query: Any) -> list[Any]:
        """All rows of a list, page by page."""
        rows: list[Any] = []
        page = self.get(path, page_size=500, **query)
        while True:
            rows.extend(page["results"])
            if not page.get("next"):
                return rows
            parts = urlsplit(page["next"])
            page = self._json("GET", f"{parts.path.removeprefix('/api/v1/')}?{parts.query}")

    def download(self, path: str, **query: Any) -> bytes:
        """The raw body of an export; of whatever stands on the site, when the path begins with a slash."""
        _, body = self._request("GET", f"{path}?{urlencode(query)}" if query else path, None, "application/json", None)
        return body

    def _json(
        self, method: str, path: str, body: bytes | None = None, *, content_type: str = "application/json", key: str | None = None
    ) -> Any:
        status, raw = self._request(method, path, body, content_type, key)
        parsed = orjson.loads(raw) if raw[:1] in (b"{", b"[") else raw.decode(errors="replace")
        if status >= 400:
            raise Refused(status, parsed)
        return parsed

    def _request(self, method: str, path: str, body: bytes | None, content_type: str, key: str | None) -> tuple[int, bytes]:
        """One request, tried again while the server is away or busy. Safe: reads, keyed commands and the hot verbs repeat harmlessly."""
        headers = {"Content-Type": content_type}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.at is not None:
            headers["Fairhand-Now"] = self.at.isoformat()
        if key is not None:
            headers["Idempotency-Key"] = key
        give_up = time.monotonic() + RETRY_SECONDS
        while True:
            try:
                status, raw = self._exchange(method, path, body, headers)
            except (OSError, http.client.HTTPException):
                self.close()
                status, raw = 0, b""
            if status not in (0, 500, 502, 503) or time.monotonic() > give_up:
                if status == 0:
                    raise ConnectionError(f"{self.address} did not answer for {RETRY_SECONDS} s")
                return status, raw
            time.sleep(PAUSE_SECONDS)

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        self.requests += 1
        address = path if path.startswith("/") else f"/api/v1/{path}"
        self._connection.request(method, address, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
