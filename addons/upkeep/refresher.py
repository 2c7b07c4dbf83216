"""Refreshes access tokens: a credential that is no good any more goes in, a fresh one or the problem comes out.

A refresh token works once. So new tokens are in the store before anything uses them, and one refresh at a time runs
for an account: whoever needs it meanwhile gets the same result.
"""

from __future__ import annotations

import asyncio
import logging
import math
import queue
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

import aiohttp
from sqlite_utils import Database

from addons.upkeep.round_trip import round_trip
from addons.wire.tokens import NewTokens, RefreshProblem, RefreshReason, read_refresh_answer, refresh_request
from codexlb_store.accounts import AccountStatus, Credential, load_credential, save_tokens, set_state
from codexlb_store.pool import Pool
from codexlb_store.vault import Vault, VaultError
from codexlb_store.writer import Writer

ISSUER_SECONDS, STORE_SECONDS = 10.0, 10.0
"""How long the issuer and the store may take."""

RETRY_SECONDS = 5.0
"""How long a failed refresh answers for the next ones, so that a dead issuer does not hold up every request."""

REMOVED = RefreshProblem(permanent=True, code="account_removed")
NOT_STORED = RefreshProblem(permanent=False, code="store_unavailable")

JSON = {"content-type": "application/json"}

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")


def renewed(stale: Credential, tokens: NewTokens, now: float) -> Credential:
    """The next version of a credential."""
    return replace(
        stale,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token or stale.refresh_token,
        expires_at=tokens.expires_at,
        last_refresh=now,
        version=stale.version + 1,
    )


def need_login(db: Database, vault: Vault, stale: Credential, code: str) -> Credential | None:
    """Mark the account as in need of a login, unless the store has other tokens by now; returns what it has."""
    held = load_credential(db, vault, stale.account_id)
    if held and held.version == stale.version:
        set_state(db, stale.account_id, AccountStatus.NEEDS_LOGIN, code)
    return held


class Refresher:
    """Refreshes at the token endpoint `url`, keeps what it gets in the store, and the pool in step with it."""

    def __init__(self, pool: Pool, writer: Writer, vault: Vault) -> None:
        self.pool = pool
        self.writer = writer
        self.vault = vault
        self.url = ""
        self.issuer_seconds = ISSUER_SECONDS
        self.store_seconds = STORE_SECONDS
        self.retry_seconds = RETRY_SECONDS
        self.session: aiohttp.ClientSession | None = None
        self.under_way: dict[str, asyncio.Task[Credential | RefreshProblem]] = {}
        self.failed: dict[str, tuple[Credential, RefreshProblem, float]] = {}
        """By account: what could not be refreshed, why, and until when (unix seconds) that is the answer."""

    async def refreshed(self, stale: Credential, reason: RefreshReason) -> Credential | RefreshProblem:
        """A credential newer than `stale`; who is cancelled while waiting does not stop the refresh."""
        held = self.pool.credentials.get(stale.account_id)
        if held is None:
            return REMOVED
        if held != stale:
            return held
        failed, problem, until = self.failed.get(stale.account_id, (None, NOT_STORED, 0.0))
        if failed == stale and time.time() < until:
            return problem
        if stale.account_id not in self.under_way:
            task = asyncio.create_task(self.refresh(stale, reason))
            task.add_done_callback(lambda _: self.under_way.pop(stale.account_id))
            self.under_way[stale.account_id] = task
        return await asyncio.shield(self.under_way[stale.account_id])

    async def close(self) -> None:
        """Let a refresh that has begun reach the store: the tokens before it are used up."""
        if self.under_way:
            await asyncio.wait(list(self.under_way.values()))
        if self.session:
            await self.session.close()

    async def refresh(self, stale: Credential, reason: RefreshReason) -> Credential | RefreshProblem:
        """One refresh from beginning to end, and what it means for the account."""
        try:
            result = await self.exchange(stale, reason)
        except (TimeoutError, queue.Full, VaultError, sqlite3.Error) as error:
            logger.error("The store did not take part in a refresh: %s", type(error).__name__)
            result = NOT_STORED
        if isinstance(result, RefreshProblem):
            until = math.inf if result.permanent else time.time() + self.retry_seconds
            self.failed[stale.account_id] = (stale, result, until)
            logger.warning("The token of account %s could not be refreshed: %s.", stale.account_id, result.code)
        return result

    async def exchange(self, stale: Credential, reason: RefreshReason) -> Credential | RefreshProblem:
        """Old tokens for new ones, unless another process was first; raises what `round_trip` raises."""
        held = await self.stored(stale.account_id)  # proves, too, that new tokens could be written
        if held is None or held.version != stale.version:
            return self.take_over(stale.account_id, held)
        answer = await self.ask_issuer(stale, reason)
        if isinstance(answer, NewTokens):
            fresh = renewed(stale, answer, time.time())
            await self.in_store(partial(save_tokens, vault=self.vault, fresh=fresh, id_token=answer.id_token))
            return self.take_over(stale.account_id, await self.stored(stale.account_id))
        return await self.give_up(stale, answer) if answer.permanent else answer

    async def ask_issuer(self, stale: Credential, reason: RefreshReason) -> NewTokens | RefreshProblem:
        """Call the token endpoint; no answer is a passing problem."""
        self.session = self.session or aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=self.issuer_seconds)
        body = refresh_request(stale.refresh_token, reason)
        try:
            async with self.session.post(
                self.url, data=body, headers=JSON, timeout=timeout, allow_redirects=False
            ) as response:
                return read_refresh_answer(response.status, await response.read())
        except TimeoutError:
            return RefreshProblem(permanent=False, code="issuer_timeout")
        except aiohttp.ClientError:
            return RefreshProblem(permanent=False, code="issuer_unreachable")

    async def stored(self, account_id: str) -> Credential | None:
        """What the store holds, all that was put before included and committed."""
        return await self.in_store(partial(load_credential, vault=self.vault, account_id=account_id))

    async def in_store(self, operation: Callable[[Database], _Result]) -> _Result:
        return await round_trip(self.writer, operation, self.store_seconds)

    def take_over(self, account_id: str, held: Credential | None) -> Credential | RefreshProblem:
        """Use what the store holds, unless the pool has heard of something newer since it was read."""
        known = self.pool.credentials.get(account_id)
        if known is None or held is None:
            return REMOVED
        if held.version <= known.version:
            return known
        self.pool.credentials[account_id] = held
        if self.pool.accounts[account_id].state is AccountStatus.NEEDS_LOGIN:
            self.pool.mark(account_id, AccountStatus.ACTIVE, None)
        return held

    async def give_up(self, stale: Credential, problem: RefreshProblem) -> Credential | RefreshProblem:
        """The account needs a login, unless it has had one meanwhile."""
        held = await self.in_store(partial(need_login, vault=self.vault, stale=stale, code=problem.code))
        known = self.take_over(stale.account_id, held)
        if isinstance(known, Credential) and known.version == stale.version:
            self.pool.mark(stale.account_id, AccountStatus.NEEDS_LOGIN, problem.code)
            logger.error("Account %s needs a login: run `codex login` and import its auth.json.", stale.account_id)
            return problem
        return known
