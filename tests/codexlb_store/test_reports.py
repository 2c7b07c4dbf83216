from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlite_utils import Database

from codexlb_store.accounts import AccountStatus, note_error, set_state
from codexlb_store.ledger import AttemptRow, Opening, Outcome, Tokens
from codexlb_store.logins import save_login
from codexlb_store.reports import Dimension, ExchangeRow, UsageRow, account_views, requests, usage
from codexlb_store.vault import Vault
from codexlb_store.windows import Window, save_windows
from tests.codexlb_store.rows import CLOSING, LOGIN, OPENING, UNKNOWN, add_exchange

DAY = 86400.0
KNOWN = Tokens(100, 40, 20, 5)


def add(
    db: Database, *, tokens: Tokens = KNOWN, cost: float | None = 0.5, is_open: bool = False, **opening: Any
) -> None:
    """One more exchange; what is named goes into its opening."""
    number = db["exchanges"].count
    changed: Opening = replace(OPENING, id=f"x{number}", **opening)
    add_exchange(db, changed, None if is_open else replace(CLOSING, tokens=tokens, cost_usd=cost))


def test_the_total_is_one_row(db: Database) -> None:
    add(db)
    add(db, tokens=Tokens(10, 0, 2, 0), cost=0.25)

    assert usage(db) == [UsageRow(None, 2, 110, 40, 22, 5, 0.75)]


def test_the_total_of_nothing_is_nothing_known(db: Database) -> None:
    assert usage(db) == [UsageRow(None, 0, None, None, None, None, None)]
    assert usage(db, by=Dimension.ACCOUNT) == []


def test_unknown_is_never_counted_as_nothing(db: Database) -> None:
    add(db, tokens=UNKNOWN, cost=None, model="a")
    add(db, tokens=UNKNOWN, cost=None, model="b")
    add(db, tokens=Tokens(7, None, 3, None), cost=None, model="b")
    add(db, is_open=True, model="c")

    assert usage(db, by=Dimension.MODEL) == [
        UsageRow("b", 2, 7, None, 3, None, None),
        UsageRow("a", 1, None, None, None, None, None),
        UsageRow("c", 1, None, None, None, None, None),
    ]


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        pytest.param(Dimension.ACCOUNT, [("a1", 2), (None, 1)], id="account"),
        pytest.param(Dimension.OUTCOME, [("completed", 2), (None, 1)], id="outcome: None still runs"),
        pytest.param(Dimension.KEY, [("k1", 2), (None, 1)], id="key"),
        pytest.param(Dimension.SESSION, [("s1", 2), ("s2", 1)], id="session"),
        pytest.param(Dimension.MODEL, [("gpt-5.1", 2), ("gpt-5.2", 1)], id="model"),
        pytest.param(Dimension.DAY, [("1970-01-01", 1), ("1970-01-02", 2)], id="day: in order"),
    ],
)
def test_usage_is_grouped(by: Dimension, groups: list[tuple[str | None, int]], db: Database) -> None:
    for _ in range(2):
        add(db, key_id="k1", opened_at=DAY)
    add(db, is_open=True, account_id=None, session="s2", model="gpt-5.2", opened_at=DAY - 1)

    assert [(row.group, row.requests) for row in usage(db, by=by)] == groups


@pytest.mark.parametrize(
    ("since", "until", "requests"),
    [(None, None, 3), (20.0, None, 2), (20.1, None, 1), (None, 20.0, 1), (10.0, 30.0, 2), (40.0, None, 0)],
)
def test_a_span_has_its_start_and_not_its_end(
    since: float | None, until: float | None, requests: int, db: Database
) -> None:
    for opened_at in (10.0, 20.0, 30.0):
        add(db, opened_at=opened_at)

    assert usage(db, since=since, until=until)[0].requests == requests


ELEVEN_AT_NIGHT = 1769900400.0
"""2026-01-31 23:00 in Greenwich."""


@pytest.mark.parametrize(
    ("hours", "day"),
    [
        pytest.param(0, "2026-01-31", id="Greenwich"),
        pytest.param(1, "2026-02-01", id="Berlin"),
        pytest.param(-8, "2026-01-31", id="Los Angeles"),
    ],
)
def test_a_day_begins_where_one_lives(hours: int, day: str, db: Database) -> None:
    add(db, opened_at=ELEVEN_AT_NIGHT)

    assert [row.group for row in usage(db, by=Dimension.DAY, utc_offset_seconds=hours * 3600)] == [day]


@pytest.mark.parametrize(
    ("tokens", "percent"),
    [
        pytest.param(Tokens(200, 50, 1, 1), 25.0, id="some"),
        pytest.param(Tokens(200, 0, 1, 1), 0.0, id="none"),
        pytest.param(Tokens(0, 0, 1, 1), None, id="no input"),
        pytest.param(Tokens(200, None, 1, 1), None, id="unknown"),
        pytest.param(UNKNOWN, None, id="nothing known"),
    ],
)
def test_how_much_came_from_the_cache(tokens: Tokens, percent: float | None, db: Database) -> None:
    add(db, tokens=tokens)

    assert usage(db)[0].cached_percent == percent


def test_requests_come_newest_first_with_their_attempts(db: Database) -> None:
    attempts = (
        AttemptRow(1, "a1", "usage_limit", 429, "req-1", 1000.1, 120.0),
        AttemptRow(2, "a2", None, 200, None, 1000.3, 2200.0),
    )
    add_exchange(db, OPENING, replace(CLOSING, account_id="a2", attempts=attempts))
    add_exchange(db, replace(OPENING, id="x2"), None)
    add_exchange(db, replace(OPENING, id="x0", opened_at=1.0))

    newest, served = requests(db, limit=2)

    assert (newest.id, newest.outcome, newest.tokens, newest.attempts) == ("x2", None, UNKNOWN, ())
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
        attempts=attempts,
    )


def test_there_may_be_no_requests(db: Database) -> None:
    assert requests(db, limit=5) == []


def test_accounts_are_shown_as_they_are_now(db: Database, vault: Vault) -> None:
    ann, _ = save_login(db, vault, LOGIN, now=1.0)
    bob, _ = save_login(db, vault, replace(LOGIN, user_id="bob", email="bob@example.com"), now=2.0)
    full = Window(ann.id, 300, 100.0, resets_at=500.0, read_at=90.0)
    save_windows(db, [full])
    for process, account_id in (("p1", ann.id), ("p2", ann.id), ("dead", ann.id), ("p1", None)):
        add(db, is_open=True, process=process, account_id=account_id)
    add(db, process="p1", account_id=ann.id)

    first, second = account_views(db, now=100.0, living={"p1", "p2"})

    assert (first.account, first.status, first.until) == (ann, AccountStatus.LIMITED, 500.0)
    assert (first.limited_by, second.limited_by) == (full, None)
    assert (first.token_refreshed_at, first.token_expires_at) == (400.0, 5000.0)
    assert (first.in_flight, first.windows) == (2, (full,))
    assert (second.account, second.status, second.until) == (bob, AccountStatus.ACTIVE, None)
    assert (second.in_flight, second.windows) == (0, ())


def test_an_account_that_is_not_limited_has_no_limit(db: Database, vault: Vault) -> None:
    ann, _ = save_login(db, vault, LOGIN, now=1.0)
    save_windows(db, [Window(ann.id, 300, 100.0, resets_at=500.0, read_at=90.0)])
    set_state(db, ann.id, AccountStatus.PAUSED, None)
    db.execute("DELETE FROM tokens")

    (view,) = account_views(db, now=100.0, living=())

    assert (view.status, view.limited_by) == (AccountStatus.PAUSED, None)
    assert (view.token_refreshed_at, view.token_expires_at) == (None, None)


@pytest.mark.parametrize(
    ("noted_at", "failures", "expected"),
    [
        pytest.param(None, [], (None, None), id="none"),
        pytest.param(50.0, [], ("issuer_timeout", 50.0), id="its own"),
        pytest.param(None, [(40.0, "overloaded")], ("overloaded", 40.0), id="a request's"),
        pytest.param(50.0, [(40.0, "overloaded")], ("issuer_timeout", 50.0), id="its own is later"),
        pytest.param(30.0, [(40.0, "overloaded")], ("overloaded", 40.0), id="a request's is later"),
        pytest.param(
            None, [(40.0, "overloaded"), (42.0, "server_error"), (41.0, "blocked")], ("server_error", 42.0),
            id="of several requests the newest",
        ),
        pytest.param(None, [(40.0, "a"), (40.0, "a")], ("a", 40.0), id="two at once"),
        pytest.param(None, [(40.0, "overloaded"), (60.0, None)], ("overloaded", 40.0), id="what went well"),
    ],
)  # fmt: skip
def test_what_went_wrong_last(
    noted_at: float | None,
    failures: list[tuple[float, str | None]],
    expected: tuple[str | None, float | None],
    db: Database,
    vault: Vault,
) -> None:
    ann, _ = save_login(db, vault, LOGIN, now=1.0)
    save_login(db, vault, replace(LOGIN, user_id="bob"), now=2.0)
    if noted_at is not None:
        note_error(db, ann.id, "issuer_timeout", noted_at)
    attempts = tuple(
        AttemptRow(number, ann.id, failure, None, None, at, 1.0) for number, (at, failure) in enumerate(failures)
    )
    add_exchange(db, OPENING, replace(CLOSING, attempts=attempts))

    first, second = account_views(db, now=100.0, living=())

    assert (first.last_error, first.last_error_at) == expected
    assert (second.last_error, second.last_error_at) == (None, None)
