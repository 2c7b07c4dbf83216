"""The row of a request is opened once and closed once, however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from addons.budget_keeper import BudgetKeeper
from addons.exchange import Answer, Deliberation, Exchange, Exchanges, Result
from addons.ledger import BACKLOG_LIMIT, Ledger
from addons.wire.routes import Route
from addons.wire.unary import Body
from codexlb_store.choices import load_choices
from codexlb_store.exchanges import requests
from codexlb_store.ledger import UNKNOWN, Outcome, Tokens
from codexlb_store.schema import open_store
from codexlb_store.writer import Writer
from tests.addons.price_list import PRICES
from tests.addons.samples import a_flow, an_answered_exchange, an_exchange


def a_ledger(exchanges: Exchanges, writer: Writer) -> Ledger:
    return Ledger(exchanges, writer, PRICES, BudgetKeeper(Path(), "p1", writer))


SERVED = Result(Outcome.COMPLETED, 200, Tokens(1_000_000, 0, 0, 0), None, None, "resp_1", None, None)
REFUSED = Result(Outcome.REFUSED, 400, UNKNOWN, None, None, None, "no_accounts", None)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    writer = Writer(tmp_path)
    yield writer
    writer.close()


def ledger(writer: Writer, exchange: Exchange) -> tuple[Ledger, Any]:
    """A ledger that knows one exchange, and its flow."""
    flow = a_flow()
    return a_ledger(Exchanges({flow: exchange}), writer), flow


def rows(writer: Writer, home: Path) -> list[tuple[str, str | None, int]]:
    """Id, outcome and number of tries of every row, once all is written."""
    writer.start()
    writer.close()
    with closing(open_store(home)) as db:
        return [(row.id, row.outcome, len(row.attempts)) for row in requests(db, 100)]


def test_what_is_no_text_does_not_keep_a_row_from_being_written(writer: Writer, tmp_path: Path) -> None:
    flow = a_flow((b"user-agent", b"codex\xff\xc3"))
    exchange = an_answered_exchange(recorded=None, answer=Answer(200, "req\udcff", 1002.0, Body()), result=SERVED)

    a_ledger(Exchanges({flow: exchange}), writer).response(flow)

    assert rows(writer, tmp_path) == [("x1", "completed", 1)]


def test_a_request_leaves_one_row_however_often_it_ends(writer: Writer, tmp_path: Path) -> None:
    exchange = an_exchange(recorded=None)
    kept, flow = ledger(writer, exchange)

    kept.request(flow)
    assert exchange.recorded
    exchange.sent_at, exchange.in_the_air, exchange.result = 1001.0, True, SERVED
    kept.response(flow)
    kept.error(flow)
    kept.done()

    assert writer.backlog == 2  # opened, closed
    assert rows(writer, tmp_path) == [("x1", "completed", 1)]


def test_a_request_that_was_refused_before_its_row_opened_leaves_one_too(writer: Writer, tmp_path: Path) -> None:
    kept, flow = ledger(writer, an_exchange(recorded=None, upstream=None, lease=None, result=REFUSED))

    kept.request(flow)
    kept.response(flow)

    assert rows(writer, tmp_path) == [("x1", "refused", 0)]


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(Exchange(Route.RESPONSES, 1000.0, result=REFUSED), id="a client that was not let in"),
        pytest.param(an_exchange(recorded=None, route=Route.HEALTH, result=SERVED), id="a local page"),
    ],
)
def test_what_is_no_exchange_leaves_none(exchange: Exchange, writer: Writer, tmp_path: Path) -> None:
    kept, flow = ledger(writer, exchange)

    kept.response(flow)
    kept.done()

    assert rows(writer, tmp_path) == []


def test_what_still_waits_for_an_account_when_the_proxy_stops_is_lost(writer: Writer, tmp_path: Path) -> None:
    kept, flow = ledger(writer, an_exchange(recorded=None, lease=None, credential=None, upstream=None))
    kept.request(flow)

    kept.done()

    assert rows(writer, tmp_path) == [("x1", "lost", 0)]


A_CHOICE = Deliberation(1, 1000.0, "a", "capacity_weighted", (), (), (("b", "paused"),))


def test_why_an_account_was_chosen_is_kept_with_the_row_and_each_choice_once(writer: Writer, tmp_path: Path) -> None:
    exchange = an_exchange(recorded=None, deliberations=[A_CHOICE])
    kept, flow = ledger(writer, exchange)

    kept.request(flow)
    exchange.deliberations.append(replace(A_CHOICE, number=2, account_id="b"))
    exchange.result = REFUSED
    kept.response(flow)

    assert rows(writer, tmp_path) == [("x1", "refused", 0)]
    with closing(open_store(tmp_path)) as db:
        assert [(choice.number, choice.account_id) for choice in load_choices(db, "x1")] == [(1, "a"), (2, "b")]


def test_where_rows_wait_to_be_written_no_explanation_is_added(writer: Writer) -> None:
    exchange = an_exchange(recorded=True, deliberations=[A_CHOICE], result=REFUSED)
    kept, flow = ledger(writer, exchange)
    for _ in range(BACKLOG_LIMIT):
        writer.put(lambda db: None)

    kept.response(flow)

    assert writer.backlog == BACKLOG_LIMIT + 1


def test_what_is_still_on_its_way_in_when_the_proxy_stops_is_lost(writer: Writer, tmp_path: Path) -> None:
    nothing_yet = {"ask": None, "affinity": None, "lease": None, "credential": None, "upstream": None}
    kept, _ = ledger(writer, an_exchange(recorded=None, **nothing_yet))

    kept.done()

    assert rows(writer, tmp_path) == [("x1", "lost", 0)]


def test_what_still_streams_when_the_proxy_stops_is_lost(writer: Writer, tmp_path: Path) -> None:
    kept, flow = ledger(writer, an_answered_exchange(recorded=None))
    kept.request(flow)

    kept.done()

    assert rows(writer, tmp_path) == [("x1", "lost", 1)]


@pytest.mark.parametrize(("backlog", "leaves"), [(BACKLOG_LIMIT, True), (BACKLOG_LIMIT + 1, False)])
def test_nothing_leaves_once_rows_cannot_be_written(writer: Writer, backlog: int, leaves: bool) -> None:
    """No usage may go unrecorded because the disk is full."""
    exchange = an_exchange(recorded=None)
    kept, flow = ledger(writer, exchange)
    for _ in range(backlog):
        writer.put(lambda db: None)

    kept.request(flow)

    assert exchange.recorded is (True if leaves else None)
    assert (flow.response is None) is leaves
    if not leaves:
        assert (flow.response.status_code, flow.response.headers["retry-after"]) == (503, "30")
