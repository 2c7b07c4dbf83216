"""Upkeep for the command line: for a while it does for the accounts in a store what a proxy does for them all day."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path

from addons.upkeep.checkup import CheckResult, Checkup
from addons.upkeep.issuer import Issuer
from addons.upkeep.lane import Lane
from addons.upkeep.refresher import NOT_STORED, Refresher
from addons.upkeep.round_trip import StoreUnavailableError
from addons.upkeep.token_store import REMOVED, TokenStore
from addons.wire.origins import Origin
from addons.wire.tokens import RefreshProblem, RefreshReason
from codexlb_store.credentials import Credential
from codexlb_store.pool import Pool, load_snapshot
from codexlb_store.processes import ProcessMark
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault
from codexlb_store.writer import Writer


class Household:
    """What `household` opens; both calls read the store first, so they know what was written a moment ago."""

    def __init__(self, store: TokenStore, refresher: Refresher, checkup: Checkup, upstream: Origin) -> None:
        self.store = store
        self.refresher = refresher
        self.checkup = checkup
        self.upstream = upstream

    async def refresh(self, account_id: str) -> Credential | RefreshProblem:
        """Refresh the tokens that are stored now, whether they are due or not."""
        try:
            await self.reload()
        except StoreUnavailableError:
            return NOT_STORED
        held = self.store.pool.credentials.get(account_id)
        return await self.refresher.refreshed(held, RefreshReason.EXPIRY) if held else REMOVED

    async def check(self, account_id: str) -> CheckResult:
        """Ask the upstream about the account now."""
        try:
            await self.reload()
        except StoreUnavailableError:
            return CheckResult(account_id, NOT_STORED.code, None, (), refreshed=False)
        return await self.checkup.check(account_id, self.upstream)

    async def reload(self) -> None:
        """Take over what the store holds; raises StoreUnavailableError."""
        snapshot = await self.store.trip(partial(load_snapshot, vault=self.store.vault, homes_since=time.time()))
        self.store.pool.replace(snapshot)


@contextlib.asynccontextmanager
async def household(
    home: Path, environ: Mapping[str, str], issuer: Origin, upstream: Origin
) -> AsyncIterator[Household]:
    """Open the store in `home` for upkeep; leaving it, everything is written. Raises StoreError or VaultError."""
    with contextlib.closing(open_store(home)) as db:
        vault = Vault.open(home, environ)
        pool = Pool(load_snapshot(db, vault, homes_since=time.time()))
    writer, mark = Writer(home), ProcessMark.take(home)
    store = TokenStore(pool, writer, vault)
    refresher = Refresher(store, Lane(store, home, mark.id), Issuer(issuer), random.Random())
    checkup = Checkup(pool, writer, refresher)
    try:
        writer.start()
        yield Household(store, refresher, checkup, upstream)
    finally:
        await refresher.close()
        await checkup.close()
        await asyncio.to_thread(writer.close)
        mark.release()
