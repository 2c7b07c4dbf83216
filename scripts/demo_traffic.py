"""The demo's traffic: sessions that talk at the same time through one proxy, and how far they have come."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

import aiohttp

from scripts.codex_session import CodexSession, TurnFailedError

SESSIONS = 20

MODELS = ("gpt-5.5", "gpt-5.5", "gpt-5.5", "gpt-5.4-mini")
"""Sessions take them in turn."""

FIRST_WORDS_SHARE = 0.4
"""In this part of the time all sessions begin, one after the other."""

PAUSE_SECONDS = (0.1, 0.7)
"""How long a person takes between two turns, at least and at most; a quick one."""

SEED = 1
"""The same demo each time, as far as processes allow."""

TASKS = (
    "Find out why the import stops at the second file, and fix it.",
    "Add an option that shows what would be done and does nothing.",
    "The test of the retry is flaky: make it deterministic.",
    "Split this function in two, one of them pure.",
    "Write the missing test for an empty list.",
    "Explain what this query does when the table is empty.",
    "Rename the field everywhere, the documentation included.",
    "Make the error say which value was wrong and what to write instead.",
)

WORDS = ("let", "value", "name", "path", "list", "count", "row", "read", "write", "find", "first", "error", "test")


@dataclass(slots=True)
class Tally:
    """What has happened so far."""

    turns: int = 0
    sessions: int = 0
    failure: str | None = None


def task(rng: random.Random) -> str:
    """Something to ask for, with a piece of text a tool might have printed."""
    return f"{rng.choice(TASKS)}\n\n{' '.join(rng.choices(WORDS, k=rng.randrange(80, 400)))}"


class Traffic:
    """Sessions taking turns through the proxy at `origin` for some seconds."""

    def __init__(self, origin: str, seconds: float) -> None:
        self.origin = origin
        self.tally = Tally()
        self._seconds = seconds
        self._rng = random.Random(SEED)
        self._ends_at = 0.0

    @property
    def seconds_left(self) -> float:
        """Until no more turns begin."""
        return max(0.0, self._ends_at - time.monotonic())

    async def run(self) -> None:
        """Run all sessions to their end, or to the first turn that fails."""
        self._ends_at = time.monotonic() + self._seconds
        # Codex opens a connection for every turn
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        try:
            async with aiohttp.ClientSession(connector=connector) as client, asyncio.TaskGroup() as group:
                for number in range(SESSIONS):
                    group.create_task(self._session(client, number))
        except* TurnFailedError as failed:
            self.tally.failure = str(failed.exceptions[0])

    async def _session(self, client: aiohttp.ClientSession, number: int) -> None:
        await asyncio.sleep(self._seconds * FIRST_WORDS_SHARE * number / SESSIONS)
        session = CodexSession(MODELS[number % len(MODELS)], is_compressed=number % 3 == 0)
        self.tally.sessions += 1
        while True:
            await session.take_turn(client, self.origin, task(self._rng))
            self.tally.turns += 1
            if self.seconds_left <= 0:
                break
            await asyncio.sleep(self._rng.uniform(*PAUSE_SECONDS))
