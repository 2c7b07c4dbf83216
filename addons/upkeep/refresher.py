"""Refreshes access tokens: a credential that is no good any more goes in, a fresh one or the problem comes out.

A refresh token works once, so this is guaranteed, whatever else happens:

- For one account one refresh runs at a time, in all processes on the store; whoever needs it meanwhile gets the same
  result. No two accounts are refreshed at the same instant.
- Nothing is sent to the issuer before the store has shown that it can be written (the claim is committed), and no new
  token is used before it is committed.
- New tokens are never dropped while the process lives: if the store does not take them, they are offered to it again
  and again, and the tokens that they replace are not sent to the issuer a second time.
- An account is marked only on the issuer's own word. An answer that is lost on its way is a passing problem; the next
  try learns whether the token was used up by it.

Not guaranteed: a process that is killed between the issuer's answer and the commit loses the new tokens. The old
access token serves as long as it is good; then the account needs a login.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from dataclasses import replace
from functools import partial

from addons.upkeep.expiry import EXPIRY_MARGIN_SECONDS, is_due, is_expired
from addons.upkeep.failures import Failures
from addons.upkeep.issuer import Issuer
from addons.upkeep.lane import Lane, LaneBusyError
from addons.upkeep.round_trip import StoreUnavailableError
from addons.upkeep.salvage import Salvage
from addons.upkeep.token_store import REMOVED, Renewal, TokenStore, is_same
from addons.wire.tokens import NewTokens, RefreshProblem, RefreshReason
from codexlb_store.accounts import note_error
from codexlb_store.credentials import Credential
from codexlb_store.pool import SERVES_ITS_SESSIONS

NO_REFRESH_TOKEN = RefreshProblem(permanent=True, code="no_refresh_token")
NOT_STORED = RefreshProblem(permanent=False, code="store_unavailable")
BUSY = RefreshProblem(permanent=False, code="refresh_busy")
CLOSING = RefreshProblem(permanent=False, code="shutting_down")

NEW_SECONDS = EXPIRY_MARGIN_SECONDS
"""How long nobody asks whether new tokens are due: with a wrong clock, or a life shorter than the margin, they always
are, and each request would use up a refresh token. What the upstream refuses is refreshed all the same."""

logger = logging.getLogger(__name__)


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


def ends_service(stale: Credential, reason: RefreshReason, now: float) -> bool:
    """Whether an account cannot serve any more when its refresh is refused: else its access token is still good."""
    return reason is RefreshReason.UNAUTHORIZED or is_due(stale, now)


class Refresher:
    """Makes every refresh of this process, one at a time, and remembers those that failed."""

    def __init__(self, store: TokenStore, lane: Lane, issuer: Issuer, rng: random.Random) -> None:
        self.store = store
        self.pool = store.pool
        self.lane = lane
        self.issuer = issuer
        self.failures = Failures(rng)
        self.salvage = Salvage(store, rng)
        self.closing = False
        self.under_way: dict[str, asyncio.Task[Credential | RefreshProblem]] = {}
        self.renewals: dict[str, tuple[Credential, float]] = {}
        """By account: what the last refresh gave, and when (time.monotonic)."""

    async def fresh(self, account_id: str) -> Credential | RefreshProblem:
        """The account's credential, refreshed first when it is due; while it lasts it survives a passing problem."""
        held = self.pool.credentials.get(account_id)
        if held is None or not is_due(held, time.time()) or self.is_new(held):
            return held or REMOVED
        found = await self.refreshed(held, RefreshReason.EXPIRY)
        is_passing = isinstance(found, RefreshProblem) and not found.permanent
        return held if is_passing and not is_expired(held, time.time()) else found

    async def refreshed(self, stale: Credential, reason: RefreshReason) -> Credential | RefreshProblem:
        """A credential newer than `stale`; who is cancelled while waiting does not stop the refresh."""
        account_id = stale.account_id
        held = self.pool.credentials.get(account_id)
        if held is None or not is_same(held, stale):
            return held or REMOVED
        if account_id not in self.under_way:
            if problem := self.known_problem(stale, reason):
                return problem
            task = asyncio.create_task(self.refresh(stale, reason))
            task.add_done_callback(lambda _: self.under_way.pop(account_id))
            self.under_way[account_id] = task
        return await asyncio.shield(self.under_way[account_id])

    async def close(self) -> None:
        """Begin no more, but let a refresh that has begun reach the store: the tokens before it are used up."""
        self.closing = True
        self.lane.close()
        if self.under_way:
            await asyncio.wait(list(self.under_way.values()))
        await self.salvage.close()
        await self.issuer.close()

    def is_new(self, held: Credential) -> bool:
        """Whether these tokens came from a refresh a moment ago."""
        tokens, since = self.renewals.get(held.account_id, (None, 0.0))
        return tokens is not None and is_same(tokens, held) and time.monotonic() - since < NEW_SECONDS

    def known_problem(self, stale: Credential, reason: RefreshReason) -> RefreshProblem | None:
        """Why not to try now; a refusal that matters only now is none, for the account must be marked."""
        if self.closing:
            return CLOSING
        if stale.account_id in self.salvage:
            return NOT_STORED
        problem = self.failures.answer(stale, time.monotonic())
        account = self.pool.accounts.get(stale.account_id)
        is_in_service = account is not None and account.state in SERVES_ITS_SESSIONS
        if problem and problem.permanent and is_in_service and ends_service(stale, reason, time.time()):
            return None
        return problem

    async def refresh(self, stale: Credential, reason: RefreshReason) -> Credential | RefreshProblem:
        """One refresh from beginning to end, and what it means for the account."""
        try:
            result = await self.exchange(stale, reason)
        except LaneBusyError:
            result = CLOSING if self.closing else BUSY
        except StoreUnavailableError as error:
            logger.error("A refresh waits for the store: %s", error)
            result = NOT_STORED
        if isinstance(result, Credential):
            self.failures.forget(stale.account_id)
            self.renewals[stale.account_id] = result, time.monotonic()
        elif not result.permanent and result is not CLOSING:
            self.note(stale, result)
        return result

    async def exchange(self, stale: Credential, reason: RefreshReason) -> Credential | RefreshProblem:
        """Old tokens for new ones, unless another process was first."""
        async with self.lane.turn(stale) as held:
            if held is None or not is_same(held.credential, stale):
                return self.store.take_over(stale, held)
            answer = self.hopeless(stale) or await self.issuer.refresh(stale, reason)
            if isinstance(answer, NewTokens):
                return await self.keep(stale, answer)
            return await self.give_up(stale, answer, reason) if answer.permanent else answer

    def hopeless(self, stale: Credential) -> RefreshProblem | None:
        """Why the issuer need not be asked."""
        if self.closing:
            return CLOSING
        return self.failures.verdict(stale) if stale.refresh_token else NO_REFRESH_TOKEN

    async def keep(self, stale: Credential, tokens: NewTokens) -> Credential | RefreshProblem:
        """Use the new tokens once the store has them, and not before."""
        renewal = Renewal(stale, renewed(stale, tokens, time.time()), tokens.id_token)
        try:
            held = await self.store.keep(renewal, self.lane.holder)
        except StoreUnavailableError:
            self.salvage.add(renewal)
            return NOT_STORED
        return self.store.take_over(stale, held)

    async def give_up(
        self, stale: Credential, problem: RefreshProblem, reason: RefreshReason
    ) -> Credential | RefreshProblem:
        """The account needs a login, now or when its access token is due, unless it has had one meanwhile."""
        is_final = ends_service(stale, reason, time.time())
        held = await self.store.refuse(stale, problem.code, is_final)
        found = self.store.take_over(stale, held)
        if not isinstance(found, Credential) or not is_same(found, stale):
            return found
        self.note(stale, problem)
        if is_final:
            logger.error("Account %s needs a login: codexlb accounts login.", stale.account_id)
        return problem

    def note(self, stale: Credential, problem: RefreshProblem) -> None:
        """Give the same answer for a while, and let people know."""
        account_id, before = stale.account_id, self.failures.last(stale)
        self.failures.note(stale, problem, time.monotonic())
        self.store.hand_over(partial(note_error, account_id=account_id, code=problem.code, now=time.time()))
        if before is None or before.problem != problem:  # said once, not with every try
            logger.warning("The token of account %s could not be refreshed: %s.", account_id, problem.code)
