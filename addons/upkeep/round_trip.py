"""A trip to the store and back: an operation goes to the writer's thread, its result comes to the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import queue
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import TypeVar

from sqlite_utils import Database

from codexlb_store.batches import Operation, is_passing, name_of
from codexlb_store.writer import Writer

_Result = TypeVar("_Result")
_Value = TypeVar("_Value")


class StoreUnavailableError(Exception):
    """The store could not do something, or not in time; then it may still do it later."""


async def round_trip(writer: Writer, operation: Callable[[Database], _Result], patience_seconds: float) -> _Result:
    """What the operation returns; raises StoreUnavailableError.

    It has run then, but may not be committed yet. The next round trip sees it committed: that is in a later batch.
    """
    outcome: Future[_Result] = Future()

    def run(db: Database) -> None:
        try:
            result = operation(db)
        except Exception as error:
            if not is_passing(error):  # whatever it is: who waits must hear of it
                tell(outcome.set_exception, StoreUnavailableError(f"{type(error).__name__} in {name_of(operation)}."))
            raise
        tell(outcome.set_result, result)

    if not hand_over(writer, run):
        raise StoreUnavailableError("The writer takes nothing now.")
    try:
        async with asyncio.timeout(patience_seconds):
            return await asyncio.wrap_future(outcome)
    except TimeoutError as error:
        raise StoreUnavailableError(f"{name_of(operation)} took more than {patience_seconds:g} s.") from error


def tell(setter: Callable[[_Value], None], value: _Value) -> None:
    """Settle an outcome, unless it is: a batch may run twice, and nobody may wait any more."""
    with contextlib.suppress(InvalidStateError):
        setter(value)


def hand_over(writer: Writer, operation: Operation) -> bool:
    """Put an operation without waiting for it; False when the writer's queue is full, or it is closed."""
    try:
        writer.put(operation)
    except (queue.Full, RuntimeError):
        return False
    return True
