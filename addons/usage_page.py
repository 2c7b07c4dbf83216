"""The page on which the holder of a key reads its figures: however often it is asked for, the store is read seldom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from codexlb_store.keys import Key

MOST_AT_ONCE = 2
"""Keys that are read at a time; those threads look up the upstream's address, too."""

KEPT_SECONDS = 1.0


class UsagePage:
    """The figures of each key, read once for all who ask within a second; `read` runs in a thread."""

    def __init__(self, read: Callable[[Key], dict[str, Any]]) -> None:
        self.read = read
        self.turns = asyncio.Semaphore(MOST_AT_ONCE)
        self.pages: dict[str, asyncio.Task[bytes]] = {}

    async def figures(self, key: Key) -> bytes:
        """A key's figures as JSON, at most a second old."""
        if key.id not in self.pages:
            self.pages[key.id] = page = asyncio.create_task(self.make(key))
            page.add_done_callback(lambda _: self.drop_later(key.id))
        return await asyncio.shield(self.pages[key.id])  # others wait for it, too

    async def make(self, key: Key) -> bytes:
        async with self.turns:
            return msgspec.json.encode(await asyncio.to_thread(self.read, key))

    def drop_later(self, key_id: str) -> None:
        """Keep what was read for a second, and a failure not at all."""
        page = self.pages[key_id]
        failed = page.cancelled() or page.exception() is not None
        asyncio.get_running_loop().call_later(0.0 if failed else KEPT_SECONDS, self.pages.pop, key_id)
