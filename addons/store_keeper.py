"""Keeps the store and what is held of it in step while the proxy runs, and writes everything down before it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlite_utils import Database

from addons.browser_sessions import BrowserSessions
from addons.budget_keeper import BudgetKeeper
from addons.upkeep.round_trip import hand_over
from codexlb_store.dashboard_password import load_password
from codexlb_store.grants import asked, drop_dead
from codexlb_store.keyring import Keyring
from codexlb_store.keys import Key, load_keys
from codexlb_store.ledger import mark_lost
from codexlb_store.pool import Pool, Snapshot, load_snapshot
from codexlb_store.processes import ProcessMark, living
from codexlb_store.vault import Vault, VaultError
from codexlb_store.writer import Writer

HOMES_SECONDS = 86_400
"""How far back sessions are read at a start and at a reload; none stays warm longer."""

LOOK_AGAIN_SECONDS = 1.0
"""When the writer's queue was full."""

logger = logging.getLogger(__name__)


class StoreKeeper:
    """Starts the writer with the proxy; reloads accounts and keys when another process changed the store; flushes at
    the end."""

    def __init__(self, home: Path, pool: Pool, keyring: Keyring, vault: Vault, mark: ProcessMark) -> None:
        self.home = home
        self.pool = pool
        self.keyring = keyring
        self.vault = vault
        self.mark = mark
        self.writer = Writer(home, on_change=self.reload)
        self.budgets = BudgetKeeper(home, mark.id, self.writer)
        self.sessions = BrowserSessions()
        self.loop: asyncio.AbstractEventLoop | None = None

    def load(self, loader: object) -> None:
        """Said before the proxy listens: a newcomer reads it first."""
        if not self.pool.accounts:
            logger.warning("There is no account yet. Add one with: codexlb accounts login")

    def running(self) -> None:
        """Begin to write; rows that a dead process left open are closed as lost first, and what it held is free."""
        self.loop = asyncio.get_running_loop()
        now = time.time()  # before asking who lives: a row opened later is left alone
        self.writer.put(partial(mark_lost, living=living(self.home), now=now))
        self.writer.put(partial(drop_dead, living=partial(living, self.home)))
        self.writer.start()

    def reload(self, db: Database) -> None:
        """Called in the writer's thread when the CLI or another worker has written."""
        self.call(self.look)

    def look(self) -> None:
        """In the loop: have the store read, behind all that this process has decided and put there so far."""
        if self.loop and not hand_over(self.writer, partial(self.read, revision=self.pool.revision)):
            self.loop.call_later(LOOK_AGAIN_SECONDS, self.look)

    def read(self, db: Database, revision: int) -> None:
        """In the writer's thread: what the store holds now. Keys first: whatever may be wrong with the accounts, or be
        decided of them meanwhile, a key that was taken away is turned away."""
        now = time.time()
        self.call(partial(self.take_keys, load_keys(db), asked(db, self.mark.id, now)))
        self.call(partial(self.sessions.take_over, load_password(db)))
        try:
            snapshot = load_snapshot(db, self.vault, now - HOMES_SECONDS)
        except VaultError as error:
            logger.error("What another process changed could not be read: %s", error)
        else:
            self.call(partial(self.take_pool, snapshot, revision))

    def take_keys(self, keys: list[Key], asked_for: set[tuple[int, float]]) -> None:
        """In the loop: only people change keys, so what the store holds of them counts from now on."""
        self.keyring.replace(keys)
        self.budgets.take_over(keys, asked_for)

    def take_pool(self, snapshot: Snapshot, revision: int) -> None:
        """In the loop: what the store holds counts from now on; what lacks a decision made meanwhile is read again."""
        if revision != self.pool.revision:
            self.look()
            return
        self.pool.replace(snapshot)

    def call(self, action: Callable[[], None]) -> None:
        """Have something done in the loop, unless that has ended, and with it the pool."""
        with contextlib.suppress(RuntimeError):
            if self.loop:
                self.loop.call_soon_threadsafe(action)

    def done(self) -> None:
        """Flush: every request that ended has its row."""
        self.writer.close()
        self.mark.release()
