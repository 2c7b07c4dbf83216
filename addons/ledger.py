"""Writes one row per request, open when it starts and closed once, however it ends."""

from __future__ import annotations

import time
from functools import partial

from mitmproxy import http
from sqlite_utils import Database

from addons.budget_keeper import BudgetKeeper
from addons.exchange import Exchange, Exchanges, Result
from addons.replies import reply
from addons.wire import answers
from addons.wire.asks import KINDS
from addons.wire.routes import Route
from addons.wire.sse import Tap
from codexlb_store.grants import Move, settle
from codexlb_store.ledger import UNKNOWN, AttemptRow, Closing, Opening, Outcome, Tokens, close_exchange, open_exchange
from codexlb_store.pricing import Prices, cost_usd
from codexlb_store.spends import NOTHING, Spend, spent
from codexlb_store.writer import Operation, Writer

BACKLOG_LIMIT = 5_000
"""Rows waiting to be written, half of what the writer holds: past it the disk is stuck, and no row may be lost."""

NO_EXCHANGES = frozenset({Route.HEALTH, Route.USAGE})
"""Pages that are answered here."""

STOPPED = Result(Outcome.LOST, None, UNKNOWN, None, None, None, "the proxy was stopped", None)


def clean(text: str) -> str:
    """A header's text as a database and a terminal take it: bounded, in UTF-8, nothing that cannot be printed."""
    found = text[:200].encode("utf-8", "replace").decode()
    return "".join(character if character.isprintable() else "?" for character in found)


def opening_of(exchange: Exchange, flow: http.HTTPFlow, process: str) -> Opening:
    """The row as it stands when the request starts; what is not known yet is None."""
    ask, lease = exchange.ask, exchange.lease
    return Opening(
        id=exchange.id,
        process=process,
        opened_at=exchange.opened_at,
        kind=ask.kind.value if ask else KINDS[exchange.route].value,
        path=clean(flow.request.path.partition("?")[0]),
        key_id=exchange.client.key_id if exchange.client else None,
        session=ask.session if ask else None,
        thread=ask.thread if ask else None,
        account_id=lease.account_id if lease else None,
        model=ask.model if ask else None,
        effort=ask.effort if ask else None,
        tier=ask.tier if ask else None,
        client=clean(flow.request.headers.get("user-agent", "")) or None,
        request_bytes=len(flow.request.raw_content or b""),
    )


def attempts_of(exchange: Exchange, result: Result, now: float) -> tuple[AttemptRow, ...]:
    """The tries at an account, those that failed and the last; none when the request never left."""
    failed = tuple(exchange.attempts)
    if not exchange.in_the_air or exchange.sent_at is None or exchange.lease is None:
        return failed
    request_id = clean(exchange.answer.upstream_request_id or "") if exchange.answer else ""
    milliseconds = (now - exchange.sent_at) * 1000
    last = AttemptRow(
        number=len(failed) + 1,
        account_id=exchange.lease.account_id,
        failure=result.error if result.outcome is Outcome.FAILED else None,
        status=result.status,
        upstream_request_id=request_id or None,
        started_at=exchange.sent_at,
        milliseconds=milliseconds,
    )
    return (*failed, last)


def closing_of(exchange: Exchange, result: Result, prices: Prices, now: float) -> Closing:
    """The row as it stands when the request has ended."""
    model = result.model or (exchange.ask.model if exchange.ask else None)
    first = result.first_output_at
    return Closing(
        id=exchange.id,
        ended_at=now,
        outcome=result.outcome,
        status=result.status,
        account_id=exchange.lease.account_id if exchange.lease else None,
        model=result.model,
        tier=result.tier,
        tokens=result.tokens,
        cost_usd=cost_usd(prices, model, result.tier, result.tokens),
        first_token_ms=(first - exchange.opened_at) * 1000 if first else None,
        total_ms=(now - exchange.opened_at) * 1000,
        response_id=result.response_id,
        error=result.error,
        attempts=attempts_of(exchange, result, now),
    )


def spend_of(exchange: Exchange, result: Result, prices: Prices) -> Spend:
    """What the request has used of its key's limits; what the upstream did not say, as it was expected."""
    answer, expected = exchange.answer, exchange.reservation.expected if exchange.reservation else NOTHING
    if answer is None and not exchange.in_the_air:  # it never left, or every attempt failed
        return NOTHING
    if answer is not None and answer.status >= 400:
        return Spend(requests=1)
    ask = exchange.ask
    model = result.model or (ask.model if ask else None)
    if result.tokens != UNKNOWN:
        return spent(prices, model, result.tier, result.tokens, expected)
    # Nobody said another tier than was asked for. A piece of output is a token or more: who reads a long answer and
    # leaves before its end has had it.
    seen = answer.tap.deltas if answer and isinstance(answer.tap, Tap) else 0
    output = Tokens(None, None, max(seen, expected.output_tokens), None)
    return spent(prices, model, result.tier or (ask.tier if ask else None), output, expected)


def close_and_settle(db: Database, closing: Closing, process: str, moves: tuple[Move, ...]) -> None:
    """Both or neither: what the ledger says was used is what counts against the limits."""
    close_exchange(db, closing)
    settle(db, process, moves)


class Ledger:
    """Every request of a client that was let in leaves exactly one row."""

    def __init__(self, exchanges: Exchanges, writer: Writer, prices: Prices, budgets: BudgetKeeper) -> None:
        self.exchanges = exchanges
        self.writer = writer
        self.prices = prices
        self.budgets = budgets

    def request(self, flow: http.HTTPFlow) -> None:
        """Open the row before the request leaves; when rows cannot be written, nothing leaves."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.upstream is None:
            return
        if self.writer.backlog > BACKLOG_LIMIT:
            flow.response = reply(answers.not_writable())
        else:
            self.open(exchange, flow)

    def open(self, exchange: Exchange, flow: http.HTTPFlow) -> None:
        self.writer.put(partial(open_exchange, opening=opening_of(exchange, flow, self.budgets.process)))
        exchange.recorded = True

    def response(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def end(self, flow: http.HTTPFlow) -> None:
        """Close the row; one that was refused or left before it opened is opened here first."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.client is None or exchange.result is None or exchange.closed:
            return
        if exchange.route in NO_EXCHANGES:
            return
        if not exchange.recorded:
            self.open(exchange, flow)
        self.close(exchange, exchange.result)

    def close(self, exchange: Exchange, result: Result) -> None:
        exchange.closed = True
        closing = closing_of(exchange, result, self.prices, time.time())
        self.writer.put(self.operation(exchange, result, closing))

    def operation(self, exchange: Exchange, result: Result, closing: Closing) -> Operation:
        """What closes the row, and settles what the request held of its key's limits."""
        if exchange.reservation is None or not exchange.reservation.holds:
            return partial(close_exchange, closing=closing)
        moves = self.budgets.settle(exchange.reservation, spend_of(exchange, result, self.prices))
        return partial(close_and_settle, closing=closing, process=self.budgets.process, moves=moves)

    def done(self) -> None:
        """The proxy ends: what streams or waits is cut now, and its row says so."""
        for flow, exchange in list(self.exchanges.items()):
            if exchange.client is None or exchange.closed or exchange.route in NO_EXCHANGES:
                continue
            if not exchange.recorded:
                self.open(exchange, flow)
            self.close(exchange, STOPPED)
