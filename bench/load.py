"""A load of annotators over HTTP: one connection each, claim and submit in turn, as cheap for the client as can be."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass
class Tally:
    """What a load did."""

    pairs: int = 0
    seconds: float = 0.0
    claim_seconds: list[float] = field(default_factory=list)
    submit_seconds: list[float] = field(default_factory=list)


class Annotator:
    """One keep-alive connection that speaks for one worker."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self.host, self.port = host, port
        self.head = f"Host: {host}:{port}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"

    async def connect(self) -> None:
        """Open the connection."""
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        """One request; returns status and parsed body."""
        raw = orjson.dumps(body)
        self.writer.write(f"POST {path} HTTP/1.1\r\n{self.head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
        answer = orjson.loads(await self.reader.readexactly(length)) if length else None
        return int(head.split(" ", 2)[1]), answer


async def _work(annotator: Annotator, batch_id: str, result: Any, until: float, tally: Tally) -> None:
    await annotator.connect()
    while time.perf_counter() < until:
        started = time.perf_counter()
        status, answer = await annotator.post(f"/api/v1/batches/{batch_id}/claim", {})
        if status == 503:
            continue
        assert status == 200, (status, answer)
        assert answer["assignments"], "the queue ran dry: give the benchmark more tasks"
        [lease] = answer["assignments"]
        claimed = time.perf_counter()
        path = f"/api/v1/assignments/{lease['id']}/submit"
        status, answer = await annotator.post(path, {"token": lease["token"], "result": result})
        assert status == 200, (status, answer)
        tally.claim_seconds.append(claimed - started)
        tally.submit_seconds.append(time.perf_counter() - claimed)
        tally.pairs += 1
    annotator.writer.close()


def pairs_over_http(host: str, port: int, *, tokens: list[str], batch_id: str, result: Any, seconds: float) -> Tally:
    """Let every token's worker claim and submit for that long; returns what they did."""
    tally = Tally()

    async def run() -> None:
        started = time.perf_counter()
        crew = [Annotator(host, port, token) for token in tokens]
        await asyncio.gather(*(_work(a, batch_id, result, started + seconds, tally) for a in crew))
        tally.seconds = time.perf_counter() - started

    asyncio.run(run())
    return tally
