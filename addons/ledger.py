"""Writes one row per request, open when it starts and closed once, however it ends."""

from __future__ import annotations

import time
from functools import partial

from mitmproxy import http
from sqlite_utils import Database

from addons.budget_keeper import BudgetKeeper
from addons.deliberations import save_all
from addons.estimates import spend_of
from addons.exchange import Exchange, Exchanges, Result
from addons.ledger_rows import closing_of, opening_of
from addons.replies import reply
from addons.wire import answers
from addons.wire.routes import OWN_PAGES
from codexlb_store.grants import Move, settle
from codexlb_store.ledger import UNKNOWN, Closing, Outcome, close_exchange, open_exchange
from codexlb_store.pricing import Prices
from codexlb_store.writer import Operation, Writer

BACKLOG_LIMIT = 5_000
"""Rows waiting to be written, half of what the writer holds: past it the disk is stuck, and no row may be lost."""

STOPPED = Result(Outcome.LOST, None, UNKNOWN, None, None, None, "the proxy was stopped", None)


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
        self.explain(exchange)

    def explain(self, exchange: Exchange) -> None:
        """Hand over why the attempts went where they did, apart from the row: that must never wait for it."""
        found, exchange.deliberations = tuple(exchange.deliberations), []
        if found and self.writer.backlog <= BACKLOG_LIMIT:
            self.writer.put(partial(save_all, exchange_id=exchange.id, deliberations=found))

    def response(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def end(self, flow: http.HTTPFlow) -> None:
        """Close the row; one that was refused or left before it opened is opened here first."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.client is None or exchange.result is None or exchange.closed:
            return
        if exchange.route in OWN_PAGES:
            return
        if not exchange.recorded:
            self.open(exchange, flow)
        self.close(exchange, exchange.result)

    def close(self, exchange: Exchange, result: Result) -> None:
        exchange.closed = True
        exchange.closing = closing_of(exchange, result, self.prices, time.time())
        self.writer.put(self.operation(exchange, result, exchange.closing))
        self.explain(exchange)

    def operation(self, exchange: Exchange, result: Result, closing: Closing) -> Operation:
        """What closes the row, and settles what the request held of its key's limits."""
        if exchange.reservation is None or not exchange.reservation.holds:
            return partial(close_exchange, closing=closing)
        moves = self.budgets.settle(exchange.reservation, spend_of(exchange, result, self.prices))
        return partial(close_and_settle, closing=closing, process=self.budgets.process, moves=moves)

    def done(self) -> None:
        """The proxy ends: what streams or waits is cut now, and its row says so."""
        for flow, exchange in list(self.exchanges.items()):
            if exchange.client is None or exchange.closed or exchange.route in OWN_PAGES:
                continue
            if not exchange.recorded:
                self.open(exchange, flow)
            self.close(exchange, STOPPED)
