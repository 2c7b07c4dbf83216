"""A trip to the store and back: an operation goes to the writer's thread, its result comes to the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from sqlite_utils import Database

from codexlb_store.batches import is_passing
from codexlb_store.vault import VaultError
from codexlb_store.writer import Writer

_Result = TypeVar("_Result")


async def round_trip(writer: Writer, operation: Callable[[Database], _Result], patience_seconds: float) -> _Result:
    """What the operation returns; raises TimeoutError (it may still run), queue.Full, sqlite3.Error or VaultError.

    It has run then, but may not be committed yet. The next round trip sees it committed: that is in a later batch.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[_Result] = loop.create_future()

    def settle(action: Callable[[Any], None], value: object) -> None:
        if not outcome.done():  # nobody may wait any more, and a batch may run twice
            action(value)

    def tell(action: Callable[[Any], None], value: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: what was written counts all the same
            loop.call_soon_threadsafe(settle, action, value)

    def run(db: Database) -> None:
        try:
            result = operation(db)
        except (VaultError, sqlite3.Error) as error:
            if not is_passing(error):
                tell(outcome.set_exception, error)
            raise
        tell(outcome.set_result, result)

    writer.put(run)
    async with asyncio.timeout(patience_seconds):
        return await outcome
