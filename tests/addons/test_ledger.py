"""The row of a request: as it opens, as it closes, and that it does both once."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from addons.budget_keeper import BudgetKeeper
from addons.exchange import Answer, Exchange, Exchanges, Result
from addons.ledger import BACKLOG_LIMIT, Ledger, attempts_of, closing_of, opening_of
from addons.wire.routes import Route
from addons.wire.unary import Body
from codexlb_store.ledger import UNKNOWN, AttemptRow, Closing, Opening, Outcome, Tokens
from codexlb_store.pricing import parse_prices
from codexlb_store.reports import requests
from codexlb_store.schema import open_store
from codexlb_store.writer import Writer
from tests.addons.samples import RESPONSES, a_flow, an_answered_exchange, an_exchange

PRICES = parse_prices(
    {
        "as_of": datetime.date(2026, 11, 1),
        "long_context_tokens": 272_000,
        "models": [
            {"names": ["gpt-5.5"], "standard": [1, 0.1, 10], "priority": [2, 0.2, 20]},
            {"names": ["gpt-5.5-mini"], "standard": [0.5, 0.05, 5]},
        ],
    }
)


def a_ledger(exchanges: Exchanges, writer: Writer) -> Ledger:
    return Ledger(exchanges, writer, PRICES, BudgetKeeper(Path(), "p1", writer))


SERVED = Result(Outcome.COMPLETED, 200, Tokens(1_000_000, 0, 0, 0), None, None, "resp_1", None, None)
REFUSED = Result(Outcome.REFUSED, 400, UNKNOWN, None, None, None, "no_accounts", None)


def test_a_row_opens_with_all_that_is_known_then() -> None:
    flow = a_flow((b"user-agent", b"codex_cli_rs/0.169.0"), path=f"{RESPONSES}?token=hidden", body=b"12345")

    assert opening_of(an_exchange(), flow, "p1") == Opening(
        id="x1",
        process="p1",
        opened_at=1000.0,
        kind="turn",
        path=RESPONSES,
        key_id=None,
        session="s1",
        thread="t1",
        account_id="a",
        model="gpt-5.5",
        effort="high",
        tier="priority",
        client="codex_cli_rs/0.169.0",
        request_bytes=5,
    )


def test_what_is_not_known_yet_is_none_and_the_kind_is_the_routes() -> None:
    exchange = Exchange(Route.COMPACT, opened_at=1000.0, id="x1")
    flow = a_flow()
    flow.request.raw_content = None  # the client left before it had sent it

    opening = opening_of(exchange, flow, "p1")

    assert opening == Opening(
        "x1", "p1", 1000.0, "compact", RESPONSES, None, None, None, None, None, None, None, None, 0
    )


def test_what_a_client_may_choose_freely_is_cut() -> None:
    flow = a_flow((b"user-agent", b"u" * 9000), path="/backend-api/codex/" + "p" * 9000)

    opening = opening_of(an_exchange(), flow, "p1")

    assert (len(opening.path), len(opening.client or "")) == (200, 200)


def test_what_a_terminal_would_obey_is_not_kept() -> None:
    opening = opening_of(an_exchange(), a_flow((b"user-agent", b"codex\x1b[2Jcli\x7f")), "p1")

    assert opening.client == "codex?[2Jcli?"


def test_what_is_no_text_does_not_keep_a_row_from_being_written(writer: Writer, tmp_path: Path) -> None:
    flow = a_flow((b"user-agent", b"codex\xff\xc3"))
    exchange = an_answered_exchange(recorded=None, answer=Answer(200, "req\udcff", 1002.0, Body()), result=SERVED)

    a_ledger(Exchanges({flow: exchange}), writer).response(flow)

    assert rows(writer, tmp_path) == [("x1", "completed", 1)]


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        pytest.param(an_exchange(), (), id="never left"),
        pytest.param(
            an_answered_exchange(answer=None),
            (AttemptRow(1, "a", None, 200, None, 1001.0, 4000.0),),
            id="no head",
        ),
        pytest.param(
            an_answered_exchange(answer=Answer(200, "req_1", 1002.0, Body())),
            (AttemptRow(1, "a", None, 200, "req_1", 1001.0, 4000.0),),
            id="served",
        ),
    ],
)
def test_a_request_that_left_was_tried_once(exchange: Exchange, expected: tuple[AttemptRow, ...]) -> None:
    assert attempts_of(exchange, SERVED, now=1005.0) == expected


FAILED_TRY = AttemptRow(1, "b", "usage_limit_reached", 429, "req_0", 1000.2, 300.0)


def test_the_tries_that_failed_stand_before_the_last_one() -> None:
    served = an_answered_exchange(attempts=[FAILED_TRY])
    nobody_left = an_answered_exchange(attempts=[FAILED_TRY], in_the_air=False)

    assert attempts_of(served, SERVED, 1005.0) == (FAILED_TRY, AttemptRow(2, "a", None, 200, "req_1", 1001.0, 4000.0))
    assert attempts_of(nobody_left, REFUSED, 1005.0) == (FAILED_TRY,)


def test_a_failed_try_says_why() -> None:
    result = replace(REFUSED, outcome=Outcome.FAILED, status=429, error="usage_limit_reached")

    (attempt,) = attempts_of(an_answered_exchange(), result, now=1005.0)

    assert (attempt.failure, attempt.status) == ("usage_limit_reached", 429)


def test_an_incomplete_answer_was_served_by_its_account() -> None:
    result = replace(SERVED, outcome=Outcome.INCOMPLETE, error="max_output_tokens")

    (attempt,) = attempts_of(an_answered_exchange(), result, now=1005.0)

    assert attempt.failure is None


def test_a_row_closes_with_how_the_request_ended() -> None:
    assert closing_of(an_answered_exchange(), replace(SERVED, first_output_at=1002.5), PRICES, 1005.0) == Closing(
        id="x1",
        ended_at=1005.0,
        outcome=Outcome.COMPLETED,
        status=200,
        account_id="a",
        model=None,
        tier=None,
        tokens=SERVED.tokens,
        cost_usd=1.0,
        first_token_ms=2500.0,
        total_ms=5000.0,
        response_id="resp_1",
        error=None,
        attempts=(AttemptRow(1, "a", None, 200, "req_1", 1001.0, 4000.0),),
    )


def test_a_request_that_was_refused_at_once_cost_nothing_known() -> None:
    row = closing_of(Exchange(Route.RESPONSES, 1000.0, id="x1"), REFUSED, PRICES, 1000.5)

    assert (row.account_id, row.model, row.cost_usd, row.first_token_ms, row.attempts) == (None, None, None, None, ())
    assert (row.outcome, row.status, row.error, row.total_ms) == (Outcome.REFUSED, 400, "no_accounts", 500.0)


@pytest.mark.parametrize(
    ("told", "cost"),
    [
        pytest.param({}, 1.0, id="the model that was asked for, at the standard price"),
        pytest.param({"model": "gpt-5.5-mini"}, 0.5, id="the model that was served"),
        pytest.param({"tier": "priority"}, 2.0, id="the tier that was served"),
        pytest.param({"model": "gpt-x"}, None, id="no price"),
        pytest.param({"tokens": UNKNOWN}, None, id="unknown tokens"),
    ],
)
def test_a_cost_follows_what_the_upstream_confirmed(told: dict[str, Any], cost: float | None) -> None:
    assert closing_of(an_answered_exchange(), replace(SERVED, **told), PRICES, 1005.0).cost_usd == cost


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
