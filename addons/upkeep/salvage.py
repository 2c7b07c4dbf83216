"""New tokens that the store did not take in time: kept in memory, and offered to it until it does."""

from __future__ import annotations

import asyncio
import logging
import random
from functools import partial

from addons.upkeep.backoff import pause_seconds
from addons.upkeep.round_trip import StoreUnavailableError
from addons.upkeep.token_store import Renewal, TokenStore, put_tokens

FIRST_PAUSE_SECONDS = 0.5
"""Sooner than the issuer is tried again: meanwhile the account may be without a token that is good."""

logger = logging.getLogger(__name__)


class Salvage:
    """Nothing uses these tokens before the store has them: what only memory knows dies with the process."""

    def __init__(self, store: TokenStore, rng: random.Random) -> None:
        self.store = store
        self.rng = rng
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._unsaved: dict[str, Renewal] = {}

    def __contains__(self, account_id: object) -> bool:
        """Whether this account's tokens wait for the store."""
        return account_id in self._unsaved

    def add(self, renewal: Renewal) -> None:
        """Begin to offer them."""
        account_id = renewal.stale.account_id
        logger.error(
            "The new tokens of account %s are in memory only: the store does not take them. "
            "They are offered to it until it does; if this process ends before, the account will need a login.",
            account_id,
        )
        self._unsaved[account_id] = renewal
        self._tasks[account_id] = asyncio.create_task(self._offer(renewal))

    async def close(self) -> None:
        """Put what is left before the writer's end: it is the last to try."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for account_id, renewal in self._unsaved.items():
            put = partial(put_tokens, vault=self.store.vault, renewal=renewal, holder=None)
            if not self.store.hand_over(put):
                logger.error("The new tokens of account %s are lost: it will need a login.", account_id)
        self._unsaved.clear()

    async def _offer(self, renewal: Renewal) -> None:
        """Until the store has them, or others in their place, or the account is gone."""
        account_id, failures = renewal.stale.account_id, 1
        while True:
            await asyncio.sleep(pause_seconds(failures, self.rng.random(), FIRST_PAUSE_SECONDS))
            try:
                # Not the claim, too: a trip that comes late would give back that of a later refresh.
                held = await self.store.keep(renewal, holder=None)
            except StoreUnavailableError:
                failures += 1
                logger.warning("The store still does not take the new tokens of account %s.", account_id)
                continue
            self.store.take_over(renewal.stale, held)
            del self._unsaved[account_id], self._tasks[account_id]
            logger.warning("The new tokens of account %s are in the store.", account_id)
            return
