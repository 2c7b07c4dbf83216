"""Two hundred clients dribble their requests: everybody else is served all the while, and they are cut off."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

from tests.addons.raw_client import RawClient, connected
from tests.end_to_end.mutations import PATH, draft
from tests.end_to_end.noting import serving

SLOW_HEADS = SLOW_BODIES = 100
STEP_SECONDS = 0.5
MOST_SECONDS = 60
"""The proxy itself allows 10 for a head and 30 for a body."""

HEAD = b"POST " + PATH + b" HTTP/1.1\r\nhost: localhost\r\nx-slow: "
BODY = b"POST " + PATH + b' HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n{"input":"'
TURN = draft(random.Random(1)).bytes()


async def dribble(port: int, start: bytes) -> tuple[int, str, bytes]:
    """Begin a request, and go on with it byte by byte: the status and code of the answer, and what came behind it."""
    async with connected(port) as client:
        client.send(start)
        said = asyncio.create_task(client.answer(MOST_SECONDS))
        while not (await asyncio.wait([said], timeout=STEP_SECONDS))[0]:
            client.send(b"x")
        status, _, body = await said
        return status, json.loads(body)["error"]["code"], await client.ended()


async def turns(client: RawClient, until: asyncio.Future[Any]) -> list[bytes]:
    """One turn after the other; the first line of each answer."""
    found: list[bytes] = []
    while not until.done():
        client.send(TURN)
        async with asyncio.timeout(MOST_SECONDS):
            found.append((await client.reader.readuntil(b"\r\n0\r\n\r\n")).partition(b"\r\n")[0])
    return found


async def test_who_dribbles_keeps_nobody_else_from_being_served(tmp_path: Path) -> None:
    async with serving(tmp_path) as (proxy, upstream), connected(proxy.port) as good, asyncio.timeout(MOST_SECONDS):
        starts = [HEAD] * SLOW_HEADS + [BODY] * SLOW_BODIES
        slow = asyncio.gather(*(dribble(proxy.port, start) for start in starts))
        served = await turns(good, slow)

        assert await slow == [(408, "request_timeout", b"")] * len(starts)
        assert set(served) == {b"HTTP/1.1 200 OK"}
        assert len(upstream.requests) == len(served) > len(starts)
