"""What follows when an account cannot open what another one sealed: reasoning, or a compaction of the conversation."""

from __future__ import annotations

from mitmproxy import http

from addons.core.attempt import Attempt
from addons.empty_pool import beyond_reach
from addons.exchange import Exchange, NextStep
from addons.plain_body import plain_body, put_plain_body
from addons.wire import answers
from addons.wire.answers import Answer
from addons.wire.decoding import BodyError
from addons.wire.reasoning import without_foreign_reasoning
from codexlb_store.accounts import AccountStatus
from codexlb_store.pool import Pool

SEALED = "The account that sealed a part of this session has reached its usage limit, and no other can open it."


def strip_reasoning(request: http.Request) -> bool:
    """Take the reasoning that another account sealed out of the body; False when that cannot be done."""
    try:
        stripped = without_foreign_reasoning(plain_body(request))
    except BodyError:
        return False
    if stripped is not None:
        put_plain_body(request, stripped)
    return stripped is not None


def home_of(exchange: Exchange, pool: Pool) -> str | None:
    """The account that served the session last, and likely sealed what it holds."""
    home = pool.homes.get(exchange.affinity.session or "") if exchange.affinity else None
    return home.account_id if home else None


def step_after(exchange: Exchange, attempt: Attempt, pool: Pool, now: float) -> NextStep:
    """The account that sealed the content, if it can serve; else once without it; else whoever was not asked yet."""
    here = exchange.diagnoses[-1][0]
    model = exchange.ask.model if exchange.ask else None
    out = exchange.tried | beyond_reach(exchange, pool) | {here}
    home = home_of(exchange, pool)
    if home and home not in out and pool.serves_its_sessions(home, model, now):
        return NextStep.OTHER
    if not exchange.stripped and strip_reasoning(attempt.flow.request):
        exchange.stripped = True
        return NextStep.SAME
    return NextStep.OTHER if pool.candidates(model, out, now) else NextStep.GIVE_UP


def last_word(exchange: Exchange, pool: Pool, now: float) -> Answer | None:
    """What the client is told when nobody opened it: when the account is back that can. None where that is not known,
    and the upstream's own error is the truth."""
    home = home_of(exchange, pool)
    if home not in pool.accounts:
        return None
    standing = pool.standing(home, now)
    if standing.status is AccountStatus.LIMITED:
        return answers.usage_limit(standing.plan, standing.until, now, message=SEALED)
    if standing.status is AccountStatus.COOLING and standing.until:
        return answers.busy(standing.until - now)
    return None
