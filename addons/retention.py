"""Lets go of what is older than it is to be kept: every hour, in small steps, until nothing of it is left."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial

from mitmproxy import ctx
from mitmproxy.addonmanager import Loader

from addons.own_options import chosen, declare
from addons.settings.keeping import EXPLAIN_DAYS, RETENTION_DAYS
from addons.upkeep.round_trip import StoreUnavailableError, round_trip
from codexlb_store.retention import prune
from codexlb_store.writer import Writer

EVERY_SECONDS = 3_600.0

PAUSE_SECONDS = 0.1
"""Between two steps: what requests have to write comes first. An hour has time for fifty million rows."""

STEP_SECONDS = 60.0
"""So long one step is waited for; a store that is stuck has the next hour."""

MOST_STEPS = int(EVERY_SECONDS / PAUSE_SECONDS)

SETTINGS = (RETENTION_DAYS, EXPLAIN_DAYS)

logger = logging.getLogger(__name__)


class Retention:
    """Deletes in a task of its own, through the writer."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.task: asyncio.Task[None] | None = None

    def load(self, loader: Loader) -> None:
        declare(loader, *SETTINGS)

    def configure(self, updated: set[str]) -> None:
        for each in SETTINGS:
            if each.name in updated:
                chosen(each)  # read where it is used

    def running(self) -> None:
        """Begin; the task is kept here, else it could be collected while it waits."""
        self.task = asyncio.create_task(self.watch())

    async def done(self) -> None:
        """End with the proxy; a step that the writer has already is done to its end."""
        if self.task:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def watch(self) -> None:
        """Every hour, for as long as the proxy runs."""
        while True:
            try:
                await self.prune()
            except StoreUnavailableError as error:
                logger.warning("What is too old could not be deleted: %s", error)
            await asyncio.sleep(EVERY_SECONDS)

    async def prune(self) -> None:
        """Delete all that is due."""
        for _ in range(MOST_STEPS):
            keep, explain = ctx.options.codexlb_retention_days, ctx.options.codexlb_explain_days
            step = partial(prune, now=time.time(), keep_days=keep, explain_days=explain)
            if not await round_trip(self.writer, step, STEP_SECONDS):
                return
            await asyncio.sleep(PAUSE_SECONDS)
