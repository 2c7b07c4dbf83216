"""Clients of several keys before the benchmark's own upstream: what counts of their turns, and what does not."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import asdict, replace

from scripts.benchmark.plan import SMALL_BYTES
from scripts.benchmark.scenes import GREEDY_BYTES, greedy_events
from scripts.benchmark.sharing import SMALL_EVENTS, Crowd, Sharing, read_sharing, share
from scripts.benchmark.upstream import Upstream
from tests.addons.waiting import until
from tests.scripts.benchmark.test_client import answering, says

SMALL = Crowd(["one", "two"], at_a_time=2, body_bytes=1_000, events=4)
GREEDY = Crowd(["greedy"], at_a_time=5, body_bytes=1_000, events=1_000)


class Noting(Upstream):
    """Keeps the heads of all requests."""

    heads: list[bytes]

    def answer(self) -> None:
        self.heads.append(self.head)
        super().answer()


async def test_only_the_small_keys_turns_are_counted() -> None:
    """The greedy key's are still running when all leave, and none of it is a failure."""
    heads: list[bytes] = []
    async with answering(type("Here", (Noting,), {"heads": heads})) as port:
        found = await share(Sharing(port, 0.3, SMALL, GREEDY))

    asked = [re.search(rb"Bearer (\w+)\r", head) for head in heads]
    keys = [match[1] for match in asked if match]
    assert len(keys) == len(heads)
    assert keys.count(b"greedy") == 5
    assert found.turns <= keys.count(b"one") + keys.count(b"two") <= found.turns + 4
    assert (found.failed, found.failure) == (0, None)
    assert found.first_ms_p95 is not None


async def test_each_turn_is_a_session_of_its_own_and_they_last_differently() -> None:
    heads: list[bytes] = []
    async with answering(type("Here", (Noting,), {"heads": heads})) as port:
        await share(Sharing(port, 0.3, SMALL, None))

    sessions = {match[1] for head in heads if (match := re.search(rb"session-id: (\S+)", head))}
    events = {int(match[1]) for head in heads if (match := re.search(rb"x-benchmark: (\d+)", head))}
    assert len(sessions) == len(heads)
    assert len(events) > 1
    assert min(events) >= 2
    assert max(events) <= 6


async def test_a_greedy_turn_that_fails_is_a_failure() -> None:
    """Without the greedy key there is nothing to measure beside."""
    async with answering(says(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")) as port:
        found = await share(Sharing(port, 0.1, replace(SMALL, keys=[]), GREEDY))

    assert found.failed > 0
    assert found.failure == "answered 'HTTP/1.1 503 Service Unavailable'"


def test_a_sharing_travels_as_json() -> None:
    for sharing in (Sharing(1, 2.0, SMALL, GREEDY), Sharing(1, 2.0, SMALL, None)):
        assert read_sharing(json.dumps(asdict(sharing))) == sharing


def test_greedy_turns_last_as_much_longer_as_they_are_dearer() -> None:
    assert SMALL_BYTES < GREEDY_BYTES
    assert SMALL_EVENTS < greedy_events() < 10 * SMALL_EVENTS


async def test_all_leave_in_the_end() -> None:
    """No connection stays open."""
    open_now: set[asyncio.BaseTransport] = set()

    class Counting(Upstream):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            open_now.add(transport)
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            open_now.discard(self.transport)
            super().connection_lost(exc)

    async with answering(Counting) as port:
        await share(Sharing(port, 0.1, SMALL, GREEDY))
        await until(lambda: not open_now)
