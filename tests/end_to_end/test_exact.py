"""The ledger is exact: whatever becomes of requests, and also when proxies are killed with some in flight."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codexlb_store.exchanges import ExchangeRow
from tests.end_to_end.exact_books import (
    FIGURES,
    Figures,
    Group,
    check_accounts,
    check_killed,
    check_row,
    collected,
    expected,
)
from tests.end_to_end.exact_plan import KINDS, plan
from tests.end_to_end.exact_story import HELD, KILLS, play
from tests.end_to_end.stage import Stage, codexlb, stage

SIX = "ann:pro,bob:pro,cleo:pro,dan:pro,eve:pro,fay:pro"
REQUESTS = 2_500
"""5,000 in two halves: a test that takes longer than a minute and a half is taken for one that hangs."""

ROOM = 100_000.0
"""Times the size of real usage windows: none fills up."""


GROUPINGS: dict[Group, Callable[[ExchangeRow], Group]] = {
    (): lambda row: (),
    ("outcome",): lambda row: (row.outcome,),
    ("account", "model"): lambda row: (row.account_id, row.model),
    ("model", "outcome"): lambda row: (row.model, row.outcome),
    ("account", "outcome"): lambda row: (row.account_id, row.outcome),
    ("key", "session"): lambda row: (row.key_id, row.session),
}


def reported(setting: Stage, *by: str | None) -> dict[Group, Figures]:
    """What the report says of each group; nothing known is 0 here."""
    grouping = ("--by", ",".join(map(str, by))) if by else ()
    rows = json.loads(codexlb(setting.folder, "report", *grouping, "--json"))["rows"]
    return {tuple(row[str(name)] for name in by): {name: row[name] or 0 for name in FIGURES} for row in rows}


def proof(setting: Stage) -> dict[str, Any]:
    """What `codexlb report verify` proves; it exits with 1 when something does not add up."""
    found: dict[str, Any] = json.loads(codexlb(setting.folder, "report", "verify", "--json"))
    return found


@pytest.mark.parametrize("seed", [5, 6], ids=["first half", "second half"])
async def test_the_ledger_is_the_upstreams_own_books_to_the_token(tmp_path: Path, seed: int) -> None:
    """Every request has one row and every call its attempt, whatever became of it. What a kill takes is as much as was
    in flight: its rows are lost, and only what had just begun has none."""
    planned = plan(seed, REQUESTS)
    with stage(tmp_path, SIX, capacity=ROOM) as setting:
        clients, killed = await play(setting, planned)
        rows, calls = setting.rows(), setting.calls()
        books = collected(clients.seen, calls, rows, setting.names)
        assert books.planned.keys() == {one.name for one in planned} | {
            f"held at kill {kill} {number}" for kill in range(KILLS) for number in range(HELD)
        }

        taken = [check_killed(books, one) for one in killed]
        lost, missing = ({name for pair in taken for name in pair[place]} for place in (0, 1))
        gone = lost | missing
        for name in books.planned.keys() - gone:
            assert name in books.rows, f"{name} has no row"
            check_row(books, name)
        assert lost >= books.planned.keys() - {one.name for one in planned}, "a stream that was killed has no row"

        check_accounts(books, gone, setting.simulator.books())
        for by, group_of in GROUPINGS.items():
            assert reported(setting, *by) == expected(books, gone, group_of), by
        found = proof(setting)
        assert (found["holds"], found["mismatches"], found["requests"]) == (True, [], len(rows))
        gaps = found["gaps"]
        assert (gaps["running"], gaps["abandoned"], gaps["without_tokens"]) == (0, 0, {"lost": len(lost)}), gaps
        tried = {name.partition(": ")[2] for name in books.planned.keys() - gone}
        assert tried >= {kind for kind in KINDS if KINDS[kind].share}, "not all was tried"
    outcomes = Counter(str(row.outcome) for row in rows)
    print(f"\n{len(planned)} requests, {len(calls)} calls: {dict(outcomes)}, without a row {len(missing)}")
