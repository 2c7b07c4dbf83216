"""Looks after the accounts while nobody uses them: their windows are read, and their tokens are refreshed in time."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from dataclasses import replace
from functools import partial

from mitmproxy import ctx
from mitmproxy.addonmanager import Loader

from addons.destination import destination
from addons.own_options import chosen, declare
from addons.settings.upstream import POLL_SECONDS
from addons.upkeep.checkup import Checkup
from addons.upkeep.list_round import ListRound
from addons.upkeep.refresher import Refresher
from addons.upkeep.round_trip import hand_over
from addons.upkeep.schedule import Care, first_round, is_to_be_refreshed, next_ask, next_residency
from addons.wire.tokens import RefreshReason
from codexlb_store.credentials import Credential
from codexlb_store.pool import Pool
from codexlb_store.readings import thin_readings
from codexlb_store.writer import Writer

LOOK_SECONDS = 1.0
"""How soon a changed option or a new account is noticed."""

MOST_AT_ONCE = 4
"""Accounts asked about at the same time."""

THIN_SECONDS = 3_600.0

PUT_BACK_SECONDS = 60.0
"""A clock that is put back by more than this makes what was noted by it worthless; by less it does no harm."""

logger = logging.getLogger(__name__)


class Poller:
    """Asks about each account in a task of its own, and refreshes one token at a time."""

    def __init__(self, pool: Pool, writer: Writer, refresher: Refresher, checkup: Checkup, rng: random.Random) -> None:
        self.pool = pool
        self.writer = writer
        self.refresher = refresher
        self.checkup = checkup
        self.round = ListRound(checkup)
        self.rng = rng
        self.cares: dict[str, Care] = {}
        self.asking: dict[str, asyncio.Task[None]] = {}
        self.refreshing: asyncio.Task[object] | None = None
        self.listing: asyncio.Task[None] | None = None
        self.thinned_at = 0.0
        self.looked_at = 0.0
        self.task: asyncio.Task[None] | None = None

    def load(self, loader: Loader) -> None:
        declare(loader, POLL_SECONDS)

    def configure(self, updated: set[str]) -> None:
        if "codexlb_poll_seconds" in updated:
            chosen(POLL_SECONDS)  # read where it is used

    def running(self) -> None:
        """Begin; the task is kept here, else it could be collected while it waits."""
        self.task = asyncio.create_task(self.watch())

    async def done(self) -> None:
        """End with the proxy. A refresh under way is the refresher's, which lets it end."""
        tasks = [task for task in (self.task, self.refreshing, self.listing, *self.asking.values()) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.checkup.close()

    async def watch(self) -> None:
        """Look who is due, for as long as the proxy runs."""
        has_failed = False
        while True:
            try:
                self.look(time.time(), ctx.options.codexlb_poll_seconds)
                has_failed = False
            except Exception:
                # A defect of ours must not end for good, and unseen, what keeps the accounts alive.
                if not has_failed:
                    logger.exception("The accounts could not be looked after.")
                has_failed = True
            await asyncio.sleep(LOOK_SECONDS)

    def look(self, now: float, every_seconds: int) -> None:
        """Begin what is due."""
        if now < self.looked_at - PUT_BACK_SECONDS:
            self.cares, self.thinned_at = {}, 0.0
        self.looked_at = now
        self.meet(now)
        for account_id in self.due(now, every_seconds)[: MOST_AT_ONCE - len(self.asking)]:
            self.asking[account_id] = task = asyncio.create_task(self.ask(account_id))
            task.add_done_callback(partial(self.asking.pop, account_id))
        self.look_for_lists(now, every_seconds)
        credential = self.ending(now)
        if credential and (self.refreshing is None or self.refreshing.done()):
            care = self.cares[credential.account_id]
            self.cares[credential.account_id] = replace(care, refresh_tried_at=now)
            self.refreshing = asyncio.create_task(self.refresher.refreshed(credential, RefreshReason.EXPIRY))
        if now - self.thinned_at >= THIN_SECONDS and hand_over(self.writer, partial(thin_readings, now=now)):
            self.thinned_at = now

    def look_for_lists(self, now: float, every_seconds: int) -> None:
        """Begin to ask which models there are, if nobody has for a day."""
        if not every_seconds or (self.listing and not self.listing.done()):
            return
        if account_id := self.round.whom(now):
            upstream = destination(ctx.options.codexlb_upstream, ctx.options.mode)
            self.listing = asyncio.create_task(self.round.ask(account_id, upstream))

    def meet(self, now: float) -> None:
        """Begin to care for new accounts, and forget those that were removed."""
        known = {account_id: care for account_id, care in self.cares.items() if account_id in self.pool.accounts}
        self.cares = known | first_round([a for a in self.pool.accounts if a not in known], now)

    def due(self, now: float, every_seconds: int) -> list[str]:
        """The accounts to ask about now, the longest due first."""
        moments = {account_id: self.ask_at(account_id, every_seconds) for account_id in self.cares}
        found = [(at, a) for a, at in moments.items() if at is not None and at <= now and a not in self.asking]
        return [account_id for _, account_id in sorted(found)]

    def ask_at(self, account_id: str, every_seconds: int) -> float | None:
        """When to ask about an account, None for never."""
        state, windows = self.pool.accounts[account_id].state, self.pool.windows.get(account_id, ())
        return next_ask(self.cares[account_id], state, windows, account_id in self.pool.to_be_read, every_seconds)

    def ending(self, now: float) -> Credential | None:
        """The credential to refresh now: the one that ends first."""
        found = [
            credential
            for account_id, credential in self.pool.credentials.items()
            if account_id in self.cares
            and is_to_be_refreshed(self.cares[account_id], self.pool.accounts[account_id].state, credential, now)
        ]
        return min(found, key=lambda credential: credential.expires_at or 0.0, default=None)

    async def ask(self, account_id: str) -> None:
        """Ask about one account; what fails now is asked again in the next round."""
        now, care = time.time(), self.cares[account_id]
        self.cares[account_id] = replace(care, asked_at=now, draw=self.rng.random())
        self.pool.to_be_read.discard(account_id)
        upstream = destination(ctx.options.codexlb_upstream, ctx.options.mode)
        with_residency = care.residency_at <= now
        result = await self.checkup.check(account_id, upstream, with_residency)
        if result.problem and result.problem != care.problem:  # said once, not in every round
            logger.warning("Account %s could not be asked about: %s.", account_id, result.problem)
        if held := self.cares.get(account_id):
            again_at = next_residency(result.problem is None, now) if with_residency else held.residency_at
            self.cares[account_id] = replace(held, residency_at=again_at, problem=result.problem)
