from __future__ import annotations

from dataclasses import replace

import pytest
from sqlite_utils import Database

from codexlb_store.exchanges import ExchangeRow, request, requests, requests_of
from codexlb_store.ledger import UNKNOWN, AttemptRow, CacheLoss, Estimate, Outcome, Tokens
from codexlb_store.usage import Filters
from tests.codexlb_store.rows import CLOSING, KNOWN, OPENING, add, add_exchange


def test_requests_come_newest_first_with_their_attempts(db: Database) -> None:
    attempts = (
        AttemptRow(1, "a1", "usage_limit", 429, "req-1", 1000.1, 120.0),
        AttemptRow(2, "a2", None, 200, None, 1000.3, 2200.0, KNOWN, 0.25),
    )
    add_exchange(
        db,
        replace(OPENING, project="p1"),
        replace(
            CLOSING,
            account_id="a2",
            attempts=attempts,
            moved=True,
            estimate=Estimate(90, 10, None),
            expected_cached=80,
            cache_loss=CacheLoss.MOVED,
        ),
    )
    add_exchange(db, replace(OPENING, id="x2"), None)
    add_exchange(db, replace(OPENING, id="x0", opened_at=1.0))

    newest, served = requests(db, limit=2)

    assert (newest.id, newest.outcome, newest.tokens, newest.attempts) == ("x2", None, UNKNOWN, ())
    assert (newest.moved, newest.estimate, newest.expected_cached, newest.cache_loss) == (None, None, None, None)
    assert served == ExchangeRow(
        id="x1",
        process="p1",
        opened_at=1000.0,
        kind="turn",
        path="/backend-api/codex/responses",
        key_id=None,
        session="s1",
        thread="t1",
        account_id="a2",
        model="gpt-5.1",
        effort="high",
        tier=None,
        client="codex",
        request_bytes=30_000,
        ended_at=1002.5,
        outcome=Outcome.COMPLETED,
        status=200,
        tokens=KNOWN,
        cost_usd=0.25,
        first_token_ms=800.0,
        total_ms=2500.0,
        response_id="resp_1",
        error=None,
        project="p1",
        moved=True,
        estimate=Estimate(90, 10, None),
        expected_cached=80,
        cache_loss=CacheLoss.MOVED,
        attempts=attempts,
    )


def test_each_attempt_has_what_it_used(db: Database) -> None:
    tries = (
        AttemptRow(1, "a1", "overloaded", 500, None, 1000.1, 120.0, Tokens(7, None, 1, None), 0.125),
        AttemptRow(2, "a2", None, 200, None, 1000.3, 2200.0, KNOWN, 0.25),
    )
    add_exchange(db, closing=replace(CLOSING, attempts=tries))

    [found] = requests(db, limit=1)

    assert found.attempts == tries
    assert found.tokens == Tokens(107, 40, 21, 5)


def test_there_may_be_no_requests(db: Database) -> None:
    assert requests(db, limit=5) == []


@pytest.mark.parametrize(
    ("filters", "outcome", "before", "ids"),
    [
        pytest.param(Filters(), None, None, ["x4", "x3", "x2", "x1", "x0"], id="all"),
        pytest.param(Filters(since=20.0), None, None, ["x4", "x3", "x2"], id="since"),
        pytest.param(Filters(until=20.0), None, None, ["x1", "x0"], id="until"),
        pytest.param(Filters(), None, 20.0, ["x1", "x0"], id="before"),
        pytest.param(Filters(until=30.0), None, 20.0, ["x1", "x0"], id="before the end of the time"),
        pytest.param(Filters(until=20.0), None, 30.0, ["x1", "x0"], id="the time ends before"),
        pytest.param(Filters(account_id="a2"), None, None, ["x2"], id="account"),
        pytest.param(Filters(key_id="k1"), None, None, ["x1"], id="key"),
        pytest.param(Filters(model="o3*"), None, None, ["x3"], id="model"),
        pytest.param(Filters(project="p1"), None, None, ["x1"], id="project"),
        pytest.param(Filters(session="s9"), None, None, ["x3"], id="session"),
        pytest.param(Filters(), Outcome.FAILED, None, ["x0"], id="outcome"),
        pytest.param(Filters(account_id="a1", key_id="k1"), Outcome.COMPLETED, 30.0, ["x1"], id="together"),
    ],
)
def test_requests_can_be_chosen(
    filters: Filters, outcome: Outcome | None, before: float | None, ids: list[str], db: Database
) -> None:
    add(db, opened_at=5.0, closing={"outcome": Outcome.FAILED})
    add(db, opened_at=10.0, key_id="k1", project="p1")
    add(db, opened_at=20.0, account_id="a2")
    add(db, opened_at=30.0, session="s9", model="o3-mini")
    add(db, opened_at=40.0, is_open=True)

    assert [row.id for row in requests(db, 10, filters, outcome, before)] == ids


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        pytest.param("ab", None, id="two begin so"),
        pytest.param("abc", "abc1", id="one begins so"),
        pytest.param("abc1", "abc1", id="whole"),
        pytest.param("abc12", None, id="longer"),
        pytest.param("b", None, id="none"),
        pytest.param("", None, id="nothing said"),
        pytest.param("ab*", None, id="no pattern"),
        pytest.param("ab_1", None, id="no pattern of LIKE"),
    ],
)
def test_a_request_is_found_by_how_its_id_begins(prefix: str, found: str | None, db: Database) -> None:
    for name in ("abc1", "abd1"):
        add_exchange(db, replace(OPENING, id=name))

    row = request(db, prefix)

    assert (row and row.id) == found


def test_the_requests_of_a_conversation_are_told_page_by_page(db: Database) -> None:
    for opened_at, thread in ((10.0, "t1"), (20.0, "t2"), (30.0, "t1"), (40.0, None), (50.0, "t1")):
        add(db, opened_at=opened_at, thread=thread)

    assert [row.id for row in requests_of(db, "t1", 10)] == ["x4", "x2", "x0"]
    assert [row.id for row in requests_of(db, "t1", 1, before=50.0)] == ["x2"]
    assert requests_of(db, "t3", 10) == []
