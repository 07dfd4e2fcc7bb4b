"""Threads for requests, in turn: one address never has all of them, however many requests it sends."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import TypeVar

from config.serving.receiving import Refused

WAITING = 200  # requests of one address that may wait for their turn
T = TypeVar("T")


class Turns:
    """The threads of one process. Belongs to one event loop."""

    def __init__(self, threads: int) -> None:
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self.share = max(1, threads * 3 // 4)  # threads that one address may have
        self.lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def of(self, address: str) -> AsyncIterator[None]:
        """Wait until this address may take another thread. Raises Refused when too many of its requests wait already."""
        line = self.lines.setdefault(address, _Line(self.share))
        if line.length >= self.share + WAITING:
            raise Refused(503, "busy", "Too many requests from your address are waiting; send fewer at once.", limit=WAITING)
        line.length += 1
        try:
            async with line.free:
                yield
        finally:
            line.length -= 1
            if not line.length:
                del self.lines[address]

    async def run(self, function: Callable[[], T]) -> T:
        """Call `function` in a thread of the pool."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, function)


class _Line:
    """The requests of one address: those that have a thread and those that wait for one."""

    def __init__(self, share: int) -> None:
        self.free = asyncio.Semaphore(share)
        self.length = 0


@lru_cache(maxsize=4096)
def neighbourhood(address: str) -> str:
    """Whom an address counts with: itself for IPv4, its /64 for IPv6, because one customer has all of that."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
