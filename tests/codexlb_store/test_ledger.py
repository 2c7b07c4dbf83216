from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from codexlb_store.ledger import (
    AttemptRow,
    CacheLoss,
    Estimate,
    Outcome,
    Tokens,
    close_exchange,
    mark_lost,
    open_exchange,
    used_by,
)
from codexlb_store.processes import living
from tests.codexlb_store.rows import CLOSING, OPENING, UNKNOWN, add_exchange, wait_until

ROOT = Path(__file__).parents[2]

OPENED = {
    "id": "x1",
    "process": "p1",
    "opened_at": 1000.0,
    "kind": "turn",
    "path": "/backend-api/codex/responses",
    "key_id": None,
    "session": "s1",
    "thread": "t1",
    "account_id": "a1",
    "model": "gpt-5.1",
    "effort": "high",
    "tier": None,
    "client": "codex",
    "request_bytes": 30_000,
    "project": None,
}
ENDED = {
    "ended_at": 1002.5,
    "outcome": "completed",
    "status": 200,
    "input_tokens": 100,
    "cached_tokens": 40,
    "output_tokens": 20,
    "reasoning_tokens": 5,
    "cost_usd": 0.25,
    "first_token_ms": 800.0,
    "total_ms": 2500.0,
    "response_id": "resp_1",
    "error": None,
    "attempts": 1,
    "moved": None,
    "estimated_input_tokens": None,
    "estimated_output_tokens": None,
    "estimated_cost_usd": None,
    "expected_cached_tokens": None,
    "cache_loss": None,
}
USED = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "cost_usd")
NOT_ENDED = dict.fromkeys(ENDED)


def row(db: Database, exchange_id: str = "x1") -> dict[str, Any]:
    (found,) = db.query("SELECT * FROM exchanges WHERE id = ?", (exchange_id,))
    return found


def test_an_exchange_is_open_with_nothing_made_up(db: Database) -> None:
    open_exchange(db, OPENING)

    assert row(db) == OPENED | NOT_ENDED


def test_a_closed_exchange_has_all_its_facts(db: Database) -> None:
    add_exchange(db)

    assert row(db) == OPENED | ENDED


def test_the_attempts_are_kept_in_order(db: Database) -> None:
    attempts = (
        AttemptRow(1, "a1", "usage_limit", 429, "req-1", 1000.1, 120.0),
        AttemptRow(2, "a2", None, 200, None, 1000.3, 2200.0),
    )
    add_exchange(db, closing=replace(CLOSING, attempts=attempts))

    kept = [tuple(attempt.values()) for attempt in db["attempts"].rows]
    assert kept == [
        ("x1", 1, "a1", "usage_limit", 429, "req-1", 1000.1, 120.0, None, None, None, None, None),
        ("x1", 2, "a2", None, 200, None, 1000.3, 2200.0, 100, 40, 20, 5, 0.25),
    ]


FIRST = AttemptRow(1, "a1", "overloaded", 200, None, 1000.1, 120.0)
SECOND = AttemptRow(2, "a2", None, 200, None, 1000.3, 2200.0)


@pytest.mark.parametrize(
    ("attempts", "total", "each"),
    [
        pytest.param((), (100, 40, 20, 5, 0.25), [], id="none: as it is told"),
        pytest.param((FIRST,), (100, 40, 20, 5, 0.25), [(100, 40, 20, 5, 0.25)], id="one that tells nothing"),
        pytest.param(
            (FIRST, SECOND),
            (100, 40, 20, 5, 0.25),
            [(None,) * 5, (100, 40, 20, 5, 0.25)],
            id="two that tell nothing: the last one",
        ),
        pytest.param(
            (replace(FIRST, tokens=Tokens(10, 0, 3, None), cost_usd=0.5), replace(SECOND, tokens=Tokens(10, 5, 4, 1))),
            (20, 5, 7, 1, 0.5),
            [(10, 0, 3, None, 0.5), (10, 5, 4, 1, None)],
            id="both: added up",
        ),
        pytest.param(
            (replace(FIRST, tokens=Tokens(0, None, None, None)), SECOND),
            (0, None, None, None, None),
            [(0, None, None, None, None), (None,) * 5],
            id="0 is known",
        ),
    ],
)
def test_an_exchange_used_what_its_attempts_used(
    attempts: tuple[AttemptRow, ...], total: tuple[Any, ...], each: list[tuple[Any, ...]], db: Database
) -> None:
    closing = replace(CLOSING, attempts=attempts)

    assert used_by(closing) == (total, each)

    add_exchange(db, closing=closing)
    kept = row(db)
    assert tuple(kept[name] for name in USED) == total
    assert [tuple(attempt[name] for name in USED) for attempt in db["attempts"].rows] == each


def test_what_was_estimated_and_expected_is_kept_apart(db: Database) -> None:
    found: dict[str, Any] = {
        "estimate": Estimate(900, 30, 0.125),
        "expected_cached": 80,
        "cache_loss": CacheLoss.MOVED,
        "moved": True,
    }
    add_exchange(db, replace(OPENING, project="0123456789ab"), replace(CLOSING, tokens=UNKNOWN, cost_usd=None, **found))

    kept = row(db)
    assert {name: kept[name] for name in (*USED, "project")} == {**dict.fromkeys(USED), "project": "0123456789ab"}
    assert (kept["estimated_input_tokens"], kept["estimated_output_tokens"], kept["estimated_cost_usd"]) == (
        900,
        30,
        0.125,
    )
    assert (kept["expected_cached_tokens"], kept["cache_loss"], kept["moved"]) == (80, "moved", 1)


def test_what_the_upstream_confirmed_replaces_what_was_asked(db: Database) -> None:
    add_exchange(db, closing=replace(CLOSING, account_id="a2", model="gpt-5.2", tier="priority"))

    assert row(db) == OPENED | ENDED | {"account_id": "a2", "model": "gpt-5.2", "tier": "priority"}


def test_a_row_closed_once_stays_as_it_is(db: Database) -> None:
    add_exchange(db)
    close_exchange(db, replace(CLOSING, outcome=Outcome.CANCELLED, ended_at=2000.0))

    assert row(db) == OPENED | ENDED
    assert db["attempts"].count == 1


def test_unknown_tokens_stay_unknown(db: Database) -> None:
    add_exchange(db, closing=replace(CLOSING, tokens=UNKNOWN, cost_usd=None, first_token_ms=None))

    unknown = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "cost_usd", "first_token_ms")
    assert row(db) == OPENED | ENDED | dict.fromkeys(unknown)


def test_closing_what_was_never_opened_writes_nothing(db: Database) -> None:
    close_exchange(db, CLOSING)

    assert db["exchanges"].count == db["attempts"].count == 0


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_can_be_kept(outcome: Outcome, db: Database) -> None:
    add_exchange(db, closing=replace(CLOSING, outcome=outcome))

    assert row(db)["outcome"] == outcome.value


@pytest.mark.parametrize(
    ("process", "opened_at", "is_closed", "is_lost"),
    [
        pytest.param("dead", 1000.0, False, True, id="open, process dead"),
        pytest.param("p1", 1000.0, False, False, id="open, process lives"),
        pytest.param("dead", 1000.0, True, False, id="closed"),
        pytest.param("unseen", 3000.1, False, False, id="opened after we looked"),
    ],
)
def test_what_a_dead_process_left_open_is_lost(
    process: str, opened_at: float, is_closed: bool, is_lost: bool, db: Database
) -> None:
    opening = replace(OPENING, process=process, opened_at=opened_at)
    add_exchange(db, opening, CLOSING if is_closed else None)
    before = row(db)

    assert mark_lost(db, living={"p1", "p2"}, now=3000.0) == int(is_lost)

    lost = {"outcome": "lost", "ended_at": 3000.0, "error": "the proxy ended before the answer did"}
    assert row(db) == before | (lost if is_lost else {})


OPEN_AND_WAIT = """
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from codexlb_store.ledger import close_exchange, open_exchange
from codexlb_store.processes import ProcessMark
from codexlb_store.writer import Writer
from tests.codexlb_store.rows import CLOSING, OPENING

home = Path(sys.argv[1])
mark = ProcessMark.take(home)
writer = Writer(home)
writer.start()
for number in range(3):
    writer.put(partial(open_exchange, opening=replace(OPENING, id=f"x{number}", process=mark.id)))
writer.put(partial(close_exchange, closing=replace(CLOSING, id="x0")))
writer.put(lambda db: print("put", flush=True))
sys.stdin.readline()
"""


def test_what_a_killed_process_left_open_is_lost_on_the_next_start(home: Path, db: Database) -> None:
    command = [sys.executable, "-c", OPEN_AND_WAIT, str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "put\n"
        wait_until(lambda: db["exchanges"].count == 3, "the batch is written")
        assert mark_lost(db, living(home), now=2000.0) == 0
        process.kill()
        process.wait()

    assert mark_lost(db, living(home), now=2000.0) == 2
    assert [row["outcome"] for row in db["exchanges"].rows] == ["completed", "lost", "lost"]


def test_with_nobody_living_everything_open_is_lost(db: Database) -> None:
    for number in range(3):
        open_exchange(db, replace(OPENING, id=f"x{number}"))

    assert mark_lost(db, living=[], now=3000.0) == 3
    assert mark_lost(db, living=[], now=4000.0) == 0
