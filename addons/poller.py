"""Asks the upstream now and then how much of its windows each account has used, also while nobody uses it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from functools import partial

import aiohttp
from mitmproxy import ctx
from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError

from addons.destination import destination
from addons.wire.rate_limits import windows_of_usage
from codexlb_store.accounts import Credential
from codexlb_store.pool import Pool
from codexlb_store.windows import save_windows
from codexlb_store.writer import Writer

USAGE_PATH = "/backend-api/wham/usage"
DEFAULT_POLL_SECONDS = 300
TIMEOUT = aiohttp.ClientTimeout(total=10)
LOOK_SECONDS = 1.0
"""How soon a changed option or a new account is noticed."""

LIMITED_SECONDS = 15.0
"""An account that met a limit is asked at once, but not again and again: its reset may have been moved."""

logger = logging.getLogger(__name__)


async def read_usage(session: aiohttp.ClientSession, url: str, credential: Credential) -> bytes:
    """The upstream's usage page for one account; raises aiohttp.ClientError or TimeoutError."""
    headers = {
        "authorization": f"Bearer {credential.access_token}",
        "chatgpt-account-id": credential.chatgpt_account_id,
    }
    async with session.get(url, headers=headers, timeout=TIMEOUT, allow_redirects=False) as response:
        response.raise_for_status()
        return await response.read()


class Poller:
    """One account at a time, the least recently asked first, each once per `codexlb_poll_seconds`."""

    def __init__(self, pool: Pool, writer: Writer) -> None:
        self.pool = pool
        self.writer = writer
        self.asked_at: dict[str, float] = {}
        self.task: asyncio.Task[None] | None = None

    def load(self, loader: Loader) -> None:
        loader.add_option(
            "codexlb_poll_seconds", int, DEFAULT_POLL_SECONDS,
            "How often each account's usage is asked of the upstream. 0: never.",
        )  # fmt: skip

    def configure(self, updated: set[str]) -> None:
        if "codexlb_poll_seconds" in updated and ctx.options.codexlb_poll_seconds < 0:
            value = ctx.options.codexlb_poll_seconds
            raise OptionsError(f"codexlb_poll_seconds is {value}: give 0 (never) or more seconds.")

    def running(self) -> None:
        """Begin; the task is kept here, else it could be collected while it waits."""
        self.task = asyncio.create_task(self.poll())

    async def done(self) -> None:
        """End with the proxy."""
        if self.task:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task

    async def poll(self) -> None:
        """Ask whoever is due, for as long as the proxy runs."""
        async with aiohttp.ClientSession() as session:
            while True:
                for account_id in self.due(time.time(), ctx.options.codexlb_poll_seconds):
                    await self.ask(session, account_id)
                await asyncio.sleep(LOOK_SECONDS)

    def due(self, now: float, every_seconds: int) -> list[str]:
        """The accounts that were last asked longer ago than `every_seconds`, and those that just met a limit."""
        if not every_seconds:
            return []
        waiting = sorted((self.asked_at.get(account_id, 0.0), account_id) for account_id in self.pool.credentials)
        return [
            account_id for asked_at, account_id in waiting if now - asked_at >= self.pause(account_id, every_seconds)
        ]

    def pause(self, account_id: str, every_seconds: int) -> float:
        """How long after the last question to ask again."""
        return min(LIMITED_SECONDS, every_seconds) if account_id in self.pool.to_be_read else every_seconds

    async def ask(self, session: aiohttp.ClientSession, account_id: str) -> None:
        """Read one account's windows; what fails now is asked again in the next round."""
        self.asked_at[account_id] = time.time()
        self.pool.to_be_read.discard(account_id)
        url = destination(ctx.options.codexlb_upstream, ctx.options.mode).url + USAGE_PATH
        try:
            page = await read_usage(session, url, self.pool.credentials[account_id])
            reading = windows_of_usage(account_id, page, time.time())
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
            logger.warning("The usage of account %s could not be read: %s", account_id, type(error).__name__)
            return
        if news := self.pool.note_windows(reading.windows):
            self.writer.put(partial(save_windows, windows=news))
