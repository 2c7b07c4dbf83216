"""The log of requests, and one request in full."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from addons.web.request_log import MOST_ROWS
from codexlb_store.accounts import account_id
from codexlb_store.choices import ChoiceRow, Considered, save_choice
from codexlb_store.ledger import AttemptRow, CacheLoss, Estimate, Outcome, Tokens
from codexlb_store.schema import open_store
from tests.addons.key_lab import a_key, key_named
from tests.addons.proxy import store_with
from tests.addons.web.reading_lab import NOW, show
from tests.codexlb_store.rows import UNKNOWN, add

ANN, BOB = account_id("user-ann", "acct-ann"), account_id("user-bob", "acct-bob")
LOG = "/dashboard/requests"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "ann", "bob").close()
    return tmp_path


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    with closing(open_store(home)) as opened:
        yield opened


def ids(page: str) -> list[str]:
    """The requests that are listed."""
    return re.findall(r'<tr data-key="(x\d+)">', page)


def fill(home: Path, db: Database) -> None:
    """x0 to x3, each with something of its own."""
    a_key(home)
    add(db, opened_at=NOW - 90_000, account_id=ANN, key_id=key_named(home, "team").id)
    add(db, opened_at=NOW - 30, account_id=BOB, model="o3-mini")
    add(db, opened_at=NOW - 20, session="s9", thread="t9", closing={"outcome": Outcome.FAILED, "error": "server_error"})
    add(db, opened_at=NOW - 10, is_open=True)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param({}, ["x3", "x2", "x1", "x0"], id="all, newest first"),
        pytest.param({"account": "bob@example.com"}, ["x1"], id="account by name"),
        pytest.param({"account": ANN}, ["x0"], id="account by id"),
        pytest.param({"key": "team"}, ["x0"], id="key"),
        pytest.param({"model": "o3*"}, ["x1"], id="model"),
        pytest.param({"outcome": "failed"}, ["x2"], id="outcome"),
        pytest.param({"session": "s9"}, ["x2"], id="session"),
        pytest.param({"thread": "t9"}, ["x2"], id="conversation"),
        pytest.param({"since": "24h"}, ["x3", "x2", "x1"], id="since"),
        pytest.param({"until": str(NOW - 25)}, ["x1", "x0"], id="until"),
        pytest.param({"before": str(NOW - 20)}, ["x1", "x0"], id="before"),
        pytest.param({"account": "", "model": "o3*", "outcome": "completed"}, ["x1"], id="together"),
        pytest.param({"unknown": "1"}, ["x3", "x2", "x1", "x0"], id="what is not asked for here"),
    ],
)
def test_the_form_finds_requests(asked: dict[str, str], found: list[str], home: Path, db: Database) -> None:
    fill(home, db)

    assert ids(show(home, LOG, **asked).html) == found


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        pytest.param({"since": "someday"}, "since is 'someday': give unix seconds", id="time"),
        pytest.param({"account": "nobody"}, "nobody", id="account"),
        pytest.param({"outcome": "odd"}, "outcome is 'odd': give one of completed", id="outcome"),
        pytest.param({"since": "1h", "until": "2h"}, "since 1h is not before until 2h.", id="never"),
        pytest.param({"session": "x" * 300}, "session is longer than 256 characters: shorten it.", id="long"),
    ],
)
def test_what_cannot_be_understood_is_said_and_what_was_typed_stays(
    asked: dict[str, str], message: str, home: Path, db: Database
) -> None:
    fill(home, db)
    shown = show(home, LOG, **asked)

    assert (shown.status, ids(shown.html)) == (400, [])
    assert message in shown.words
    assert 'role="alert"' in shown.html


def test_the_form_keeps_what_was_asked_for(home: Path, db: Database) -> None:
    fill(home, db)
    page = show(home, LOG, account=ANN, model="gpt-*", outcome="completed").html

    assert f'<option value="{ANN}" selected>ann@example.com</option>' in page
    assert '<option value="completed" selected>' in page
    assert 'name="model" value="gpt-*"' in page
    assert '<option value="o3-mini">' in page, "the models there are"
    assert '<a href="/dashboard/requests">Clear</a>' in page


def test_pages_go_on_where_the_last_one_ended(home: Path, db: Database) -> None:
    for number in range(MOST_ROWS + 2):
        add(db, opened_at=NOW - number)
    first = show(home, LOG, model="gpt-*").html
    link = re.search(r'href="/dashboard/requests\?model=gpt-%2A&amp;before=([0-9.]+)"', first)
    assert link
    second = show(home, LOG, model="gpt-*", before=link[1]).html

    assert ids(first) + ids(second) == [f"x{number}" for number in range(MOST_ROWS + 2)]
    assert ("Earlier" in second, "Newest" in first, "Newest" in second) == (False, False, True)
    assert ("data-live" in first, "data-live" in second) == (True, False)


def test_a_row_tells_of_attempts_and_of_what_went_wrong(home: Path, db: Database) -> None:
    tried = (AttemptRow(1, BOB, "rate_limited", 429, None, NOW, 5.0), AttemptRow(2, ANN, None, 200, None, NOW, 5.0))
    loss = {"expected_cached": 90, "cache_loss": CacheLoss.UPSTREAM_MISS, "attempts": tried}
    add(
        db,
        opened_at=NOW - 2,
        account_id=ANN,
        effort="high",
        tier="priority",
        tokens=Tokens(100, 40, 20, 5),
        closing=loss,
    )
    guess = {"outcome": Outcome.CANCELLED, "estimate": Estimate(4_000, 70, None), "attempts": ()}
    add(db, opened_at=NOW - 1, tokens=UNKNOWN, cost=None, closing=guess)
    words = show(home, LOG).section("log").words

    assert "gpt-5.1 high priority 50 warm tokens lost: upstream miss" in words
    assert "bob@example.com rate limited 429 ann@example.com" in words
    assert "completed 100 40 20 $0.50 800 ms 2.5 s" in words
    assert "estimated: 4,000 in, 70 out, n/a" in words
    assert "cancelled n/a n/a n/a n/a" in words


def explain(home: Path, db: Database) -> str:
    """The page of a request that failed over; its id."""
    tried = (
        AttemptRow(1, BOB, "rate_limited", 429, None, NOW + 0.1, 100.0),
        AttemptRow(2, ANN, None, 200, "req-7", NOW + 0.2, 800.0),
    )
    found = {"attempts": tried, "first_token_ms": 400.0, "total_ms": 1000.0, "ended_at": NOW + 1}
    add(db, opened_at=NOW, account_id=ANN, thread="t1", closing=found)
    considered = (
        Considered(BOB, 6_000.0, None, {"capacity": 7_560.0, "long_used_percent": 12.0}),
        Considered(ANN, 3_000.0, None, {"capacity": 3_780.0}),
        Considered("gone", None, "paused"),
    )
    save_choice(db, ChoiceRow("x0", 1, NOW, BOB, "capacity_weighted", considered))
    save_choice(db, ChoiceRow("x0", 2, NOW, ANN, "warm home, waited", considered[1:2]))
    db.conn.commit()
    return f"{LOG}/x0"


def test_a_request_is_explained_attempt_by_attempt(home: Path, db: Database) -> None:
    shown = show(home, explain(home, db))
    words = shown.words

    assert "1. bob@example.com rate limited 429 100 ms chosen by capacity weighted" in words
    assert "bob@example.com chosen 6,000 capacity 7,560, long used 12%" in words
    assert "ann@example.com 3,000 capacity 3,780" in words
    assert "gone paused" in words
    assert "2. ann@example.com served 200 800 ms, upstream's id req-7" in words
    assert "it has the session's prompt cache, still warm, after a wait" in words
    assert 'aria-label="50% of the largest weight"' in shown.html
    assert 'href="/dashboard/requests?thread=t1"' in shown.html


def test_its_time_is_drawn(home: Path, db: Database) -> None:
    words = show(home, explain(home, db)).words

    assert "before the first attempt 100 ms attempt 1: bob@example.com, rate limited 429 100 ms" in words
    assert "attempt 2: ann@example.com, to the first token 200 ms answer 600 ms" in words


def test_choices_that_were_not_kept_are_no_secret(home: Path, db: Database) -> None:
    add(db, opened_at=NOW)

    assert "Why its accounts were chosen is not known" in show(home, f"{LOG}/x0").words


def test_a_request_that_runs_is_live_and_one_that_ended_is_not(home: Path, db: Database) -> None:
    add(db, opened_at=NOW, is_open=True)
    add(db, opened_at=NOW)

    assert "data-live" in show(home, f"{LOG}/x0").html
    assert "data-live" not in show(home, f"{LOG}/x1").html


def test_a_request_that_is_not_there_is_said_to_be_none(home: Path) -> None:
    shown = show(home, f"{LOG}/abcd")

    assert shown.status == 404
    assert "There is no request whose id begins so" in shown.words
