"""Waiting for what happens elsewhere: on the other side of a socket, in another thread, in a later turn of the loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PATIENCE_SECONDS = 10


async def until(condition: Callable[[], object]) -> None:
    """Look until it is so; fail when it takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)


async def settled() -> None:
    """Let everything happen that can happen without anything from outside."""
    for _ in range(20):
        await asyncio.sleep(0)
