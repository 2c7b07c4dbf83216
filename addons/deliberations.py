"""Why a request went to its account: what was considered when it was chosen in, the row that explains it out.

The event loop only keeps hold of what it has at hand; the rest is done in the writer's thread.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from addons.empty_pool import beyond_reach
from addons.exchange import Deliberation, Exchange
from codexlb_store.accounts import AccountStatus
from codexlb_store.choices import ChoiceRow, Considered, save_choice
from codexlb_store.pool import Pool
from codexlb_store.selection import Candidate, Choice, Strategy, terms


class Reason(enum.StrEnum):
    """Why an account, where no strategy picked it."""

    WARM_HOME = "warm home"  # it holds the session's cache, and no other account was considered
    SETTLING = "settling"  # the session's first request is there, and nothing of its answer has come
    NOBODY = "nobody can serve"


class Hindrance(enum.StrEnum):
    """Why an account was out of the question, where its status does not say it."""

    KEY = "key"  # the client's key is not bound to it
    TRIED = "tried"  # it failed in this request
    MODEL = "model"  # it does not have the model
    CONCURRENCY = "concurrency"  # all its slots are taken
    AILING = "ailing"  # it failed lately, and others did not


WAITED = ", waited"
"""Stands behind the reason where an account could not be chosen at once."""


@dataclass(frozen=True, slots=True)
class Options:
    """What there was to choose from: `able` may serve the request, `free` of them have a slot."""

    able: Sequence[Candidate]
    free: Sequence[Candidate]
    settling: str | None
    strategy: Strategy
    has_waited: bool


def deliberation_of(
    exchange: Exchange, pool: Pool, options: Options, choice: Choice | None, now: float
) -> Deliberation:
    """What was considered for the next attempt; to be called before the choice counts."""
    chosen = choice.account_id if choice else None
    home = exchange.affinity.home if exchange.affinity else None
    reason = reason_of(chosen, home, options)
    return Deliberation(
        number=len(exchange.attempts) + 1,
        chosen_at=now,
        account_id=chosen,
        reason=reason + WAITED if options.has_waited else reason,
        free=tuple(options.free),
        weights=choice.weights if choice else (),
        hindered=() if chosen and chosen in (home, options.settling) else hindered(exchange, pool, options, now),
    )


def reason_of(chosen: str | None, home: str | None, options: Options) -> str:
    """Why this account."""
    if chosen is None:
        return Reason.NOBODY
    if chosen == home:
        return Reason.WARM_HOME
    return Reason.SETTLING if chosen == options.settling else options.strategy


def hindered(exchange: Exchange, pool: Pool, options: Options, now: float) -> tuple[tuple[str, str], ...]:
    """Every account that was not free, and why."""
    free = {candidate.account_id for candidate in options.free}
    if len(free) == len(pool.accounts):
        return ()
    able = {candidate.account_id for candidate in options.able}
    hidden = beyond_reach(exchange, pool)
    return tuple(
        (account_id, Hindrance.KEY if account_id in hidden else hindrance_of(exchange, pool, account_id, able, now))
        for account_id in pool.accounts
        if account_id not in free
    )


def hindrance_of(exchange: Exchange, pool: Pool, account_id: str, able: Collection[str], now: float) -> str:
    """Why an account within reach was not free."""
    if account_id in able:
        return Hindrance.CONCURRENCY
    status = pool.standing(account_id, now).status
    if account_id in exchange.tried:
        return Hindrance.TRIED
    if status is not AccountStatus.ACTIVE:
        return status
    lacks = pool.health.lacks(account_id, exchange.ask.model if exchange.ask else None, now)
    return Hindrance.MODEL if lacks else Hindrance.AILING


def row_of(exchange_id: str, deliberation: Deliberation) -> ChoiceRow:
    """The choice as the store keeps it."""
    weights = dict(deliberation.weights)
    free = [
        Considered(one.account_id, weight=weights.get(one.account_id), terms=terms(one, deliberation.chosen_at))
        for one in deliberation.free
    ]
    hindered = [Considered(account_id, excluded=why) for account_id, why in deliberation.hindered]
    return ChoiceRow(
        exchange_id=exchange_id,
        number=deliberation.number,
        chosen_at=deliberation.chosen_at,
        account_id=deliberation.account_id,
        reason=deliberation.reason,
        candidates=(*free, *hindered),
    )


def save_all(db: Database, exchange_id: str, deliberations: Collection[Deliberation]) -> None:
    """Keep why the attempts of an exchange went where they did."""
    for deliberation in deliberations:
        save_choice(db, row_of(exchange_id, deliberation))
