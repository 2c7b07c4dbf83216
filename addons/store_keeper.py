"""Keeps the store and the pool in step while the proxy runs, and writes everything down before it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from functools import partial
from pathlib import Path

from sqlite_utils import Database

from codexlb_store.ledger import mark_lost
from codexlb_store.pool import Pool, load_snapshot
from codexlb_store.processes import ProcessMark, living
from codexlb_store.vault import Vault
from codexlb_store.writer import Writer

HOMES_SECONDS = 86_400
"""How far back sessions are read at a start and at a reload; none stays warm longer."""

logger = logging.getLogger(__name__)


class StoreKeeper:
    """Starts the writer with the proxy; reloads the pool when another process changed the store; flushes at the end."""

    def __init__(self, home: Path, pool: Pool, vault: Vault, mark: ProcessMark) -> None:
        self.home = home
        self.pool = pool
        self.vault = vault
        self.mark = mark
        self.writer = Writer(home, on_change=self.reload)
        self.loop: asyncio.AbstractEventLoop | None = None

    def load(self, loader: object) -> None:
        """Said before the proxy listens: a newcomer reads it first."""
        if not self.pool.accounts:
            logger.warning("There is no account yet. Add one with: codexlb accounts import ~/.codex/auth.json")

    def running(self) -> None:
        """Begin to write; rows that a dead process left open are closed as lost first."""
        self.loop = asyncio.get_running_loop()
        now = time.time()  # before asking who lives: a row opened later is left alone
        self.writer.put(partial(mark_lost, living=living(self.home), now=now))
        self.writer.start()

    def reload(self, db: Database) -> None:
        """Called in the writer's thread when the CLI or another worker has written."""
        snapshot = load_snapshot(db, self.vault, time.time() - HOMES_SECONDS)
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it the pool
            if self.loop:
                self.loop.call_soon_threadsafe(self.pool.replace, snapshot)

    def done(self) -> None:
        """Flush: every request that ended has its row."""
        self.writer.close()
        self.mark.release()
