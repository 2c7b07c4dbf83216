"""The lane: of all refreshes, whichever account's and whichever process's, one at a time.

Two refreshes with the same token, and two accounts at the same instant, have both cost others their accounts.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from sqlite_utils import Database

from addons.upkeep.token_store import Held, TokenStore, is_same, read_held
from codexlb_store.claims import release_claim, take_claim
from codexlb_store.credentials import Credential
from codexlb_store.processes import living

CLAIM_SECONDS = 30.0
"""How long a claim counts: longer than the store (to commit it) and the issuer may take together."""

LOOK_SECONDS = 0.25
"""How often to look whether another process is done."""

BUSY_SECONDS = 15.0
"""How long to wait for the others."""


class LaneBusyError(Exception):
    """Others have the lane for too long, or this process ends."""


class Lane:
    """Within this process a lock; among processes a claim in the store, in the name of this process's mark."""

    def __init__(self, store: TokenStore, home: Path, holder: str) -> None:
        self.store = store
        self.home = home
        self.holder = holder
        self.patience_seconds = BUSY_SECONDS
        self._lock = asyncio.Lock()
        self._closed = False

    @contextlib.asynccontextmanager
    async def turn(self, stale: Credential) -> AsyncIterator[Held | None]:
        """Wait for the lane and say what the store holds of the account then; raises LaneBusyError.

        Who finds the very tokens that are stale has the lane to himself, and his claim is committed. If there are
        others by now, somebody was first; no lane is needed then, and none may be held.
        """
        deadline = time.monotonic() + self.patience_seconds
        try:
            async with asyncio.timeout(self.patience_seconds):
                await self._lock.acquire()
        except TimeoutError as error:
            raise LaneBusyError from error
        try:
            yield await self._claimed(stale, deadline)
        finally:
            # Nobody waits for it: behind what was put before, and a claim that is not given back ends by itself.
            self.store.hand_over(partial(release_claim, holder=self.holder))
            self._lock.release()

    def close(self) -> None:
        """Who waits for another process waits no longer."""
        self._closed = True

    async def _claimed(self, stale: Credential, deadline: float) -> Held | None:
        while not self._closed:
            is_ours, held = await self.store.committed(partial(self._claim, account_id=stale.account_id))
            if is_ours or held is None or not is_same(held.credential, stale):
                return held
            if time.monotonic() >= deadline:
                break
            await asyncio.sleep(LOOK_SECONDS)
        raise LaneBusyError

    def _claim(self, db: Database, account_id: str) -> tuple[bool, Held | None]:
        """In the writer's thread: ask for the lane, and look what there is to refresh."""
        is_ours = take_claim(db, account_id, self.holder, living(self.home), time.time(), CLAIM_SECONDS)
        return is_ours, read_held(db, self.store.vault, account_id)
