"""Accounts whose tokens end, and their refreshes: as the issuer saw them, and as the store has them then."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from codexlb_store.home import home_folder
from codexlb_store.schema import DATABASE_NAME, open_store
from scripts.simulator.client import SimulatorProcess
from scripts.simulator.journal import Entry
from tests.end_to_end.crowd import crowd
from tests.processes import ProxyProcess, run

TOKEN, TURN = "/oauth/token", "/backend-api/codex/responses"

EXPIRED, DUE, GOOD = -60.0, 200.0, 600.0
"""Seconds from now: Codex-LB refreshes before it uses a token that has less than five minutes."""

QUIET = ("--set", "codexlb_poll_seconds=0", "--set", "codexlb_strategy=round_robin")
"""Nobody asks for usage; tokens are looked after all the same."""

DAY = 86_400.0

LONG_AGO = "2026-01-05T10:00:00Z"


def log_in(simulator: SimulatorProcess, folder: Path, names: Sequence[str], expires_in: float | None = None) -> None:
    """Import a new login of each account; its access token is good for so long, and was for ten days if not given.

    One that ends soon is an old one, so that whoever looks after it refreshes it at once.
    """
    folder.mkdir(exist_ok=True)
    for name in names:
        login = json.loads(simulator.auth_json(name, expires_in))
        if expires_in is not None:
            login["last_refresh"] = LONG_AGO
        (folder / f"{name}.json").write_text(json.dumps(login))
    run("accounts", "import", *(folder / f"{name}.json" for name in names))


async def ask(proxy: ProxyProcess, count: int, at_a_time: int) -> list[int]:
    """So many turns, each of a new session; their statuses."""
    async with crowd(proxy.origin) as clients:
        return [said.status for said in await clients.turns([uuid4().hex for _ in range(count)], at_a_time)]


def calls(simulator: SimulatorProcess) -> list[Entry]:
    """What the issuer was asked."""
    return [entry for entry in simulator.log() if entry.path == TOKEN]


def turns(simulator: SimulatorProcess, status: int = 200) -> list[Entry]:
    """The turns that the upstream answered so."""
    return [entry for entry in simulator.log() if entry.path == TURN and entry.status == status]


def spent(entries: Sequence[Entry]) -> list[str]:
    """The refresh tokens that the issuer was sent."""
    return [json.loads(entry.body or b"{}")["refresh_token"] for entry in entries]


def overlaps(entries: Sequence[Entry]) -> list[tuple[Entry, Entry]]:
    """Calls that came before the one before them had been answered."""
    return [
        (before, after)
        for before, after in itertools.pairwise(entries)
        if before.ended_at is None or after.at < before.ended_at
    ]


def listed() -> dict[str, dict[str, Any]]:
    """`codexlb accounts list --json`, by the names of the simulator."""
    return {record["email"].partition("@")[0]: record for record in json.loads(run("accounts", "list", "--json"))}


def standing(name: str) -> tuple[str, str | None]:
    """An account's status, and why."""
    record = listed()[name]
    return record["status"], record["reason"]


def is_fresh(name: str) -> bool:
    """Whether an account's token is good for long."""
    token = listed()[name]["token"]
    return bool(token["expires_at"] - time.time() > DAY)


def failures() -> list[list[str | None]]:
    """What the attempts of each request failed of, as the ledger has it."""
    rows = json.loads(run("report", "requests", "--json"))["rows"]
    return [[attempt["failure"] for attempt in row["attempts"]] for row in rows]


def claim_ends_at() -> float:
    """Until when the lane is taken (unix seconds), by whoever has it."""
    with contextlib.closing(open_store(home_folder(os.environ))) as db:
        ((expires_at,),) = db.execute("SELECT expires_at FROM refresh_claim")
    assert isinstance(expires_at, float) and expires_at > time.time()
    return expires_at


@contextlib.contextmanager
def locked_store() -> Iterator[None]:
    """Another program writes to the database, and nobody else can."""
    path = home_folder(os.environ) / DATABASE_NAME
    with contextlib.closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
