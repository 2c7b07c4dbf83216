"""What follows a failed attempt: the request as it stands and what was wrong with it in, the next step out."""

from __future__ import annotations

from collections.abc import Mapping

from addons.core.attempt import Attempt
from addons.empty_pool import beyond_reach
from addons.exchange import Exchange, NextStep
from addons.foreign_content import step_after
from addons.wire.endpoints import ENDPOINTS, may_go_elsewhere
from addons.wire.failures import Break, Failure
from addons.wire.routes import Route
from codexlb_store.accounts import Account
from codexlb_store.pool import Pool

ACCOUNTS_BEFORE_HOST_IS_BLAMED = 2

TO_THE_NEXT_ACCOUNT = frozenset(
    {
        Failure.WINDOW_FULL,
        Failure.RATE_LIMITED,
        Failure.OUT_OF_QUOTA,
        Failure.DEACTIVATED,
        Failure.BLOCKED,
        Failure.MODEL_UNAVAILABLE,
        Failure.OVERLOADED,
    }
)
"""One account's trouble, for certain."""


def accounts_of_a_dead_host(exchange: Exchange, accounts: Mapping[str, Account]) -> set[str]:
    """The accounts that are served at the same origin as the last one, when two of them could not reach it in this
    request: then none of them can."""
    account = accounts.get(exchange.diagnoses[-1][0])
    there = {other.id for other in accounts.values() if account and other.origin == account.origin}
    failed = {account_id for account_id, diagnosis in exchange.diagnoses if diagnosis.failure is Failure.UNREACHABLE}
    return there if len(failed & there) >= ACCOUNTS_BEFORE_HOST_IS_BLAMED else set()


def next_step(exchange: Exchange, attempt: Attempt, failure: Failure, pool: Pool, now: float) -> NextStep:
    """What follows."""
    step = wanted_step(exchange, attempt, failure, pool, now)
    return NextStep.GIVE_UP if step is NextStep.OTHER and is_the_last_word(exchange, attempt, pool) else step


def wanted_step(exchange: Exchange, attempt: Attempt, failure: Failure, pool: Pool, now: float) -> NextStep:
    """What should follow; never the same failure twice on the same account."""
    account_id = exchange.diagnoses[-1][0]
    is_first = [(a, d.failure) for a, d in exchange.diagnoses].count((account_id, failure)) == 1
    if failure is Failure.UNAUTHORIZED and is_first and attempt.how is not Break.CREDENTIAL:
        return NextStep.REFRESH
    if not may_be_sent_again(exchange, attempt, failure):
        return NextStep.GIVE_UP
    if failure in TO_THE_NEXT_ACCOUNT:
        return NextStep.OTHER
    match failure:
        case Failure.UNAUTHORIZED:
            return NextStep.OTHER
        case Failure.SERVER_ERROR:
            return NextStep.SAME if is_first and attempt.how is Break.STATUS else NextStep.OTHER
        case Failure.UNREACHABLE:
            exchange.tried |= accounts_of_a_dead_host(exchange, pool.accounts)
            within_reach = pool.accounts.keys() - beyond_reach(exchange, pool)
            is_told_otherwise = exchange.kept is not None  # Balancer gives it when no account is left
            return NextStep.OTHER if is_told_otherwise or within_reach - exchange.tried else NextStep.GIVE_UP
        case Failure.FOREIGN_CONTENT:
            return step_after(exchange, attempt, pool, now)
        case _:
            return NextStep.GIVE_UP


def may_be_sent_again(exchange: Exchange, attempt: Attempt, failure: Failure) -> bool:
    """Whether the request does no harm when it is served twice, or on another account than this one."""
    if exchange.route is Route.FILES and exchange.file_home:
        return False  # no other account has the file
    return may_go_elsewhere(exchange.route, attempt.flow.request.method, attempt.how or Break.TRANSPORT, failure)


def is_the_last_word(exchange: Exchange, attempt: Attempt, pool: Pool) -> bool:
    """Whether no account is left to ask, and what this one said is the truth: it may be about the path alone."""
    if ENDPOINTS[exchange.route].marks_accounts or exchange.kept is not None or attempt.response is None:
        return False
    failed = {account_id for account_id, _ in exchange.diagnoses}
    return not pool.accounts.keys() - beyond_reach(exchange, pool) - exchange.tried - failed
