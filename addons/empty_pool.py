"""The one truthful answer when no account can serve a request: when to come back, or what to do."""

from __future__ import annotations

from addons.exchange import Exchange
from addons.menu import kept_answer, no_such_model
from addons.wire import answers, denials
from addons.wire.answers import JSON, Answer, error_body
from addons.wire.endpoints import ENDPOINTS
from addons.wire.failures import Diagnosis, Failure
from addons.wire.pool_figures import headers_of_limits
from addons.wire.routes import Route
from codexlb_store.accounts import AccountStatus
from codexlb_store.pool import Pool, Standing
from codexlb_store.pool_limits import pool_limits

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
    if not ENDPOINTS[exchange.route].marks_accounts:
        return False  # nobody told it to wait
    failures = [diagnosis.failure for tried, diagnosis in exchange.diagnoses if tried == account_id]
    waited_for = bool(failures) and failures[-1] in (Failure.RATE_LIMITED, Failure.WINDOW_FULL)
    is_there = account_id in pool.accounts
    return waited_for and is_there and pool.standing(account_id, now).status is AccountStatus.ACTIVE


def standings_for(exchange: Exchange, pool: Pool, now: float) -> list[Standing]:
    """How the accounts stand that may serve the client."""
    hidden = beyond_reach(exchange, pool)
    return [standing for standing in pool.standings(now) if standing.account_id not in hidden]


def nobody_can_serve(exchange: Exchange, pool: Pool, now: float) -> Answer | None:
    """The answer; None where the upstream's own error is the truth."""
    standings = standings_for(exchange, pool, now)
    if pool.accounts and not standings:
        return denials.out_of_scope()
    if exchange.kept and standings:
        return kept_answer(exchange.kept, now)
    working = [standing for standing in standings if standing.status not in WAITS_FOR_A_PERSON]
    if not working:
        return nobody_is_there(standings)
    if exchange.route is Route.MODELS:  # no quota is needed for it
        return trouble(exchange.diagnoses[-1][1]) if exchange.diagnoses else answers.busy(BUSY_SECONDS)
    having = [standing for standing in working if not lacks(exchange, pool, standing.account_id, now)]
    if having:
        return nobody_has_room(exchange, having, pool, now)
    return no_such_model(exchange, pool, {standing.account_id for standing in working})


def lacks(exchange: Exchange, pool: Pool, account_id: str, now: float) -> bool:
    """Whether an account is known not to have the model."""
    refused = {tried for tried, found in exchange.diagnoses if found.failure is Failure.MODEL_UNAVAILABLE}
    return account_id in refused or pool.health.lacks(account_id, exchange.ask.model if exchange.ask else None, now)


def nobody_has_room(exchange: Exchange, having: list[Standing], pool: Pool, now: float) -> Answer:
    """Those that have the model are used up, rest, are busy, or have failed."""
    if all(standing.status is AccountStatus.LIMITED for standing in having):
        return out_of_quota(exchange, having, pool, now)
    resting = [s.until for s in having if s.status is AccountStatus.COOLING and s.until]
    if resting and all(s.status in (AccountStatus.COOLING, AccountStatus.LIMITED) for s in having):
        return answers.busy(min(resting) - now)
    failed = [found for _, found in exchange.diagnoses if found.failure is not Failure.MODEL_UNAVAILABLE]
    return trouble(failed[-1]) if failed else answers.busy(BUSY_SECONDS)


def nobody_is_there(standings: list[Standing]) -> Answer:
    """No usable login at all: what to do about it."""
    if any(standing.status is AccountStatus.NEEDS_LOGIN for standing in standings):
        return answers.needs_login()
    return answers.paused() if standings else answers.no_accounts()


def out_of_quota(exchange: Exchange, having: list[Standing], pool: Pool, now: float) -> Answer:
    """Everybody is used up: when the first one is back, and the limits of the whole pool."""
    limits = pool_limits(standings_for(exchange, pool, now), pool.windows, now)
    back_at = min((standing.until for standing in having if standing.until), default=None)
    return answers.usage_limit(limits.plan, back_at, now, headers_of_limits(limits))


def trouble(last: Diagnosis) -> Answer:
    """Every account was tried: what the last one met, in our words; Codex tries again by itself on a 5xx."""
    message = last.message or "Every account was tried and the upstream failed each time."
    if last.failure is Failure.UNREACHABLE:
        return answers.unreachable(f"The upstream cannot be reached: {message}")
    return Answer(503, (JSON,), error_body(last.code, message, "server_error"))
