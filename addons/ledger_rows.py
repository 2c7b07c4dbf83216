"""The ledger's rows: an exchange as it stands when it starts and when it has ended in, rows to write out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mitmproxy import http

from addons.estimates import estimate_of, served_as
from addons.exchange import Exchange, Result
from addons.wire.endpoints import kind_of
from addons.wire.headers import value_of
from codexlb_store.ledger import UNKNOWN, AttemptRow, Closing, Opening, Outcome, Tokens
from codexlb_store.pricing import Prices, cost_usd


def clean(text: str) -> str:
    """Words of others as a database and a terminal take them: bounded, in UTF-8, nothing that cannot be printed."""
    found = text[:200]
    if found.isprintable():  # nearly always, and never with half a character in it
        return found
    found = found.encode("utf-8", "replace").decode()
    return "".join(character if character.isprintable() else "?" for character in found)


def clean_or_none(text: str | None) -> str | None:
    """Likewise; of no text, None."""
    return clean(text) or None if text else None


def opening_of(exchange: Exchange, flow: http.HTTPFlow, process: str) -> Opening:
    """The row as it stands when the request starts; what is not known yet is None."""
    ask, lease = exchange.ask, exchange.lease
    return Opening(
        id=exchange.id,
        process=process,
        opened_at=exchange.opened_at,
        kind=ask.kind.value if ask else kind_of(exchange.route).value,
        path=clean(flow.request.path.partition("?")[0]),
        key_id=exchange.client.key_id if exchange.client else None,
        session=ask.session if ask else None,
        thread=ask.thread if ask else None,
        account_id=lease.account_id if lease else None,
        model=clean_or_none(ask.model) if ask else None,
        effort=clean_or_none(ask.effort) if ask else None,
        tier=clean_or_none(ask.tier) if ask else None,
        client=clean_or_none(value_of(flow.request.headers.fields, b"user-agent")),
        request_bytes=len(flow.request.raw_content or b""),
        project=ask.project if ask else None,
    )


def attempts_of(exchange: Exchange, result: Result, prices: Prices, now: float) -> tuple[AttemptRow, ...]:
    """The tries at an account, those that failed and the last; none when the request never left."""
    asked = exchange.ask
    failed = tuple(
        # Nobody said of a failed one that it was another tier than asked for.
        replace(row, cost_usd=cost_usd(prices, asked.model, asked.tier, row.tokens) if asked else None)
        if row.tokens != UNKNOWN
        else row
        for row in exchange.attempts
    )
    if not exchange.in_the_air or exchange.sent_at is None or exchange.lease is None:
        return failed
    last = AttemptRow(
        number=len(failed) + 1,
        account_id=exchange.lease.account_id,
        failure=result.error if result.outcome is Outcome.FAILED else None,
        status=result.status,
        upstream_request_id=clean_or_none(exchange.answer.upstream_request_id) if exchange.answer else None,
        started_at=exchange.sent_at,
        milliseconds=(now - exchange.sent_at) * 1000,
        tokens=result.tokens,
        cost_usd=cost_usd(prices, served_as(exchange, result)[0], result.tier, result.tokens),
    )
    return (*failed, last)


def total(values: Iterable[int | None]) -> int | None:
    """The sum of what is known; None when nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def sum_of(attempts: tuple[AttemptRow, ...]) -> tuple[Tokens, float | None]:
    """What all attempts together used and cost."""
    if len(attempts) == 1:
        return attempts[0].tokens, attempts[0].cost_usd
    used = [row.tokens for row in attempts]
    costs = [row.cost_usd for row in attempts if row.cost_usd is not None]
    tokens = Tokens(
        input=total(tokens.input for tokens in used),
        cached=total(tokens.cached for tokens in used),
        output=total(tokens.output for tokens in used),
        reasoning=total(tokens.reasoning for tokens in used),
    )
    return tokens, sum(costs) if costs else None


def has_moved(exchange: Exchange) -> bool | None:
    """Whether another account than the last time served the session; None when one of them is not known."""
    last = exchange.affinity.last if exchange.affinity else None
    is_served = exchange.answer is not None and exchange.answer.status == 200
    return exchange.lease.account_id != last if last and exchange.lease and is_served else None


def closing_of(exchange: Exchange, result: Result, prices: Prices, now: float) -> Closing:
    """The row as it stands when the request has ended."""
    first, cache = result.first_output_at, exchange.cache
    attempts = attempts_of(exchange, result, prices, now)
    tokens, cost = sum_of(attempts)
    return Closing(
        id=exchange.id,
        ended_at=now,
        outcome=result.outcome,
        status=result.status,
        account_id=exchange.lease.account_id if exchange.lease else None,
        model=clean_or_none(result.model),
        tier=clean_or_none(result.tier),
        tokens=tokens,
        cost_usd=cost,
        first_token_ms=(first - exchange.opened_at) * 1000 if first else None,
        total_ms=(now - exchange.opened_at) * 1000,
        response_id=clean_or_none(result.response_id),
        error=result.error,
        attempts=attempts,
        moved=has_moved(exchange),
        estimate=estimate_of(exchange, result, prices),
        expected_cached=cache.expected if cache else None,
        cache_loss=cache.loss if cache else None,
    )
