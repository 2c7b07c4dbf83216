"""A process that admits requests as the proxy does, but in a loop of its own in place of an event loop."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from sqlite_utils import Database

from codexlb_store.budgets import Budgets, Refused, Reservation, Shortage
from codexlb_store.grants import Move, Need, TopUp, asked, give_back, settle
from codexlb_store.keys import load_keys
from codexlb_store.processes import ProcessMark, living
from codexlb_store.schema import open_store
from codexlb_store.spends import Spend
from codexlb_store.writer import Writer

LOOK_SECONDS = 0.05


class Buyer:
    """Admits requests of the store's one key until nothing is left; `told` is what its writer's thread found out."""

    def __init__(self, home: Path) -> None:
        with closing(open_store(home)) as db:
            (self.key,) = load_keys(db)
        self.home = home
        self.mark = ProcessMark.take(home)
        self.budgets = Budgets()
        self.told: queue.SimpleQueue[Callable[[], tuple[Move, ...]]] = queue.SimpleQueue()
        self.writer = Writer(home, on_change=self.look)
        self.writer.start()

    def look(self, db: Database) -> None:
        """In the writer's thread: another process has written."""
        if windows := asked(db, self.mark.id, time.time()):
            self.told.put(lambda: self.budgets.give_back(windows, time.time()))

    def top_up(self, needs: tuple[Need, ...]) -> None:
        """Ask the store; what it handed out is told by an operation of a later batch, when it is committed."""
        top_up = TopUp(self.mark.id, needs, time.time(), partial(living, self.home))
        untold = [top_up]

        def run(db: Database) -> None:
            top_up(db)
            self.writer.put(tell)

        def tell(_: Database) -> None:
            if untold:  # a batch may have run twice
                grants = untold.pop().grants
                self.told.put(lambda: self.budgets.granted(needs, grants, time.time()))

        self.writer.put(run)

    def listen(self, seconds: float) -> None:
        """Take over what was found out, or wait so long for it."""
        try:
            moves = self.told.get(timeout=seconds)()
        except queue.Empty:
            return
        if moves:
            self.writer.put(partial(give_back, process=self.mark.id, moves=moves))

    def admit(self, expected: Spend) -> Reservation | None:
        """None when nothing is left and nobody can give anything back."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            match self.budgets.reserve(self.key, expected, None, time.time()):
                case Reservation() as reservation:
                    return reservation
                case Refused(again_at=None):
                    return None
                case Shortage(needs=needs) if needs:
                    self.top_up(needs)
            self.listen(LOOK_SECONDS)
        raise AssertionError("waited in vain for the store")

    def end(self, reservation: Reservation, actual: Spend) -> None:
        moves = self.budgets.settle(reservation, actual)
        self.writer.put(partial(settle, process=self.mark.id, moves=moves))

    def close(self) -> None:
        self.writer.close()
        self.mark.release()
