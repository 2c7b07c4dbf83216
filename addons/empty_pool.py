"""The one truthful answer when no account can serve a request: when to come back, or what to do."""

from __future__ import annotations

import math

from addons.exchange import Exchange
from addons.wire import answers, denials
from addons.wire.answers import JSON, Answer, error_body
from addons.wire.failures import Diagnosis, Failure
from codexlb_store.accounts import AccountStatus
from codexlb_store.pool import Pool, Standing

BUSY_SECONDS = 5.0
"""When to come back after waiting for a slot for as long as a request may."""

WAITS_FOR_A_PERSON = frozenset(
    {AccountStatus.PAUSED, AccountStatus.DRAINING, AccountStatus.NEEDS_LOGIN, AccountStatus.DEACTIVATED}
)


def beyond_reach(exchange: Exchange, pool: Pool) -> set[str]:
    """The accounts that the client's key is not bound to, if it is bound to any."""
    key = exchange.client.key if exchange.client else None
    if key is None or key.accounts is None:
        return set()
    return {account_id for account_id in pool.accounts if not key.allows_account(account_id)}


def has_rested(exchange: Exchange, pool: Pool, account_id: str, now: float) -> bool:
    """Whether an account that was asked too much in this request has waited as long as it was told to."""
    failures = [diagnosis.failure for tried, diagnosis in exchange.diagnoses if tried == account_id]
    waited_for = bool(failures) and failures[-1] in (Failure.RATE_LIMITED, Failure.WINDOW_FULL)
    is_there = account_id in pool.accounts
    return waited_for and is_there and pool.standing(account_id, now).status is AccountStatus.ACTIVE


def standings_for(exchange: Exchange, pool: Pool, now: float) -> list[Standing]:
    """How the accounts stand that may serve the client."""
    hidden = beyond_reach(exchange, pool)
    return [standing for standing in pool.standings(now) if standing.account_id not in hidden]


def nobody_can_serve(exchange: Exchange, pool: Pool, now: float) -> Answer | None:
    """The answer; None where the upstream's own error is the truth (a model that no account has)."""
    standings = standings_for(exchange, pool, now)
    if pool.accounts and not standings:
        return denials.out_of_scope()
    working = [standing for standing in standings if standing.status not in WAITS_FOR_A_PERSON]
    if not working:
        return nobody_is_there(standings)
    if all(standing.status is AccountStatus.LIMITED for standing in working):
        return out_of_quota(working, pool, now)
    last = exchange.diagnoses[-1][1] if exchange.diagnoses else None
    if last and last.failure is Failure.MODEL_UNAVAILABLE:
        return None
    resting = [s.until for s in working if s.status is AccountStatus.COOLING and s.until]
    if resting and all(s.status in (AccountStatus.COOLING, AccountStatus.LIMITED) for s in working):
        return answers.busy(min(resting) - now)
    model = exchange.ask.model if exchange.ask else None
    if last is None and pool.candidates(model, beyond_reach(exchange, pool), now):
        return answers.busy(BUSY_SECONDS)
    if last is None:
        message = f"No account of this pool has the model {model!r}." if model else "No account can serve this now."
        return Answer(404, (JSON,), error_body("model_not_found", message))
    return trouble(last)


def nobody_is_there(standings: list[Standing]) -> Answer:
    """No usable login at all: what to do about it."""
    if any(standing.status is AccountStatus.NEEDS_LOGIN for standing in standings):
        return answers.needs_login()
    return answers.paused() if standings else answers.no_accounts()


def out_of_quota(working: list[Standing], pool: Pool, now: float) -> Answer:
    """Everybody is used up: when the first one is back, and its windows."""
    soonest = min(working, key=lambda standing: standing.until or math.inf)
    headers = answers.headers_of_windows(pool.windows.get(soonest.account_id, ()))
    return answers.usage_limit(soonest.plan, soonest.until, now, headers)


def trouble(last: Diagnosis) -> Answer:
    """Every account was tried: what the last one met, in our words; Codex tries again by itself on a 5xx."""
    message = last.message or "Every account was tried and the upstream failed each time."
    if last.failure is Failure.UNREACHABLE:
        return answers.unreachable(f"The upstream cannot be reached: {message}")
    return Answer(503, (JSON,), error_body(last.code, message, "server_error"))
