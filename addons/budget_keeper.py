"""The budgets of client keys in the event loop: waits for the store where memory does not suffice, and tells it.

What the store hands out belongs to the process, not to the request that asked: it is taken over once it is committed,
whether or not that request still waits. The writer's thread only ever schedules calls in the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import queue
import time
from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path

from addons.upkeep.round_trip import hand_over
from codexlb_store.budgets import Budgets, Refused, Reservation
from codexlb_store.grants import Move, Need, TopUp, give_back
from codexlb_store.keys import Key
from codexlb_store.processes import living
from codexlb_store.spends import Spend
from codexlb_store.writer import Writer

GIVE_BACK_SECONDS = 1.0
"""So long a request waits for what only other processes hold; they see within a quarter that somebody asks for it."""

STORE_SECONDS = 10.0
"""So long a request waits for the store; it answers within a tenth of one."""


class BudgetsUnavailableError(Exception):
    """The store cannot be asked for budget: what cannot be counted is not sent."""


class BudgetKeeper:
    """Reserves of a key's limits for each request, and settles what was used with its row in the ledger."""

    def __init__(self, home: Path, process: str, writer: Writer) -> None:
        self.home = home
        self.process = process
        self.writer = writer
        self.budgets = Budgets()
        self.waiting: set[asyncio.Future[None]] = set()
        self.failures = 0

    async def reserve(
        self, key: Key, expected: Spend, model: str | None, is_wanted: Callable[[], bool]
    ) -> Reservation | Refused | None:
        """What a request may hold, or which limit is in its way; None once it is not wanted any more.

        Nothing is waited for while there is enough in memory. Raises BudgetsUnavailableError.
        """
        began, failures = time.time(), self.failures
        while is_wanted():
            now = time.time()
            found = self.budgets.reserve(key, expected, model, now)
            if isinstance(found, Reservation):
                return found
            if isinstance(found, Refused):
                again_at = found.again_at or math.inf
                if again_at > began + GIVE_BACK_SECONDS:
                    return found
            else:
                again_at = began + STORE_SECONDS
                if now >= again_at or self.failures > failures:
                    self.budgets.failed(found.needs)
                    raise BudgetsUnavailableError
                if found.needs:
                    self.top_up(found.needs, now)
            await self.news(again_at - now)
        return None

    async def news(self, patience_seconds: float) -> None:
        """Wait until something may have changed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.add(future)
        try:
            await asyncio.wait([future], timeout=max(0.0, patience_seconds))
        finally:
            self.waiting.discard(future)

    def wake(self) -> None:
        """Who waits looks again."""
        for future in self.waiting:
            if not future.done():
                future.set_result(None)

    def top_up(self, needs: tuple[Need, ...], now: float) -> None:
        """Ask the store for what is short here; nobody waits for it in this function."""
        loop = asyncio.get_running_loop()
        operation = TopUp(self.process, needs, now, partial(living, self.home))

        def told(error: Exception | None) -> None:
            taking = self.failed if error else partial(self.granted, operation)
            with contextlib.suppress(RuntimeError):  # the loop has ended, and with it the budgets
                loop.call_soon_threadsafe(taking, needs)

        try:
            self.writer.put(operation, told)
        except (queue.Full, RuntimeError) as error:
            self.failed(needs)
            raise BudgetsUnavailableError from error

    def granted(self, operation: TopUp, needs: tuple[Need, ...]) -> None:
        """The store has handed out, and it is committed."""
        self.put_back(self.budgets.granted(needs, operation.grants, time.time()))
        self.wake()

    def failed(self, needs: Iterable[Need]) -> None:
        """The store has handed out nothing, and will not."""
        self.failures += 1
        self.budgets.failed(needs)
        self.wake()

    def settle(self, reservation: Reservation, actual: Spend) -> tuple[Move, ...]:
        """The request has ended: what goes to the store with its row; once."""
        moves = self.budgets.settle(reservation, actual)
        self.wake()
        return moves

    def take_over(self, keys: Iterable[Key], asked: Collection[tuple[int, float]]) -> None:
        """The store has changed: limits are other ones, or another process asks for what is not needed here."""
        self.put_back(self.budgets.replace(keys))
        self.put_back(self.budgets.give_back(asked, time.time()))
        self.wake()

    def put_back(self, moves: tuple[Move, ...]) -> None:
        """What does not go through is the store's again when this process ends."""
        if moves:
            hand_over(self.writer, partial(give_back, process=self.process, moves=moves))
