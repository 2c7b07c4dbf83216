"""Budget in the store: what processes need of limits goes in, what each was handed comes out; what was used is kept.

Of a limit's window, `used` is what is settled and `outstanding` what one process was handed and has not settled yet,
its requests in flight included. Something is handed out only as far as used + outstanding of all stays within the
amount; `used` itself is the truth and may pass it. Outstanding falls below 0 when requests used more than the process
held: that is in `used` already, so it counts as 0 for all others.

All of it runs as operations of the writer, whose batches hold the write lock from their beginning. A batch that is
rolled back may run again, and the second run may hand out something else: take over a TopUp's grants once its batch
is committed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sqlite_utils import Database

WINDOWS_LAST_SECONDS = 86_400.0
"""How long a window that has ended is kept: longer than any request runs that began in it."""

ASKS_LAST_SECONDS = 2.0
"""How long the others heed a process that got nothing; it asks again as long as anybody waits there."""

_FORGET = (
    """
    DELETE FROM grants WHERE (limit_id, starts_at) IN (SELECT limit_id, starts_at FROM budgets WHERE ends_at < ?)
    """,
    "DELETE FROM budgets WHERE ends_at < ?",
)
_RUNNING = "SELECT starts_at, ends_at FROM budgets WHERE limit_id = ? AND ends_at > ? ORDER BY starts_at DESC LIMIT 1"
_BEGIN = """
    INSERT INTO budgets (limit_id, starts_at, ends_at, used) SELECT id, ?, ?, 0 FROM limits WHERE id = ?
    ON CONFLICT DO NOTHING
"""
_LEFT = """
    SELECT limits.amount - budgets.used FROM limits JOIN budgets ON budgets.limit_id = limits.id
    WHERE limits.id = ? AND budgets.starts_at = ?
"""
_DROP_DEAD = "DELETE FROM grants WHERE process NOT IN (SELECT value FROM json_each(?))"
_HELD = "SELECT process, outstanding FROM grants WHERE limit_id = ? AND starts_at = ?"
_HAND_OUT = """
    INSERT INTO grants (limit_id, starts_at, process, outstanding, asked_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET outstanding = outstanding + excluded.outstanding, asked_at = excluded.asked_at
"""
_USE = "UPDATE budgets SET used = used + :amount WHERE limit_id = :limit_id AND starts_at = :starts_at"
_LET_GO = """
    UPDATE grants SET outstanding = outstanding - :amount
    WHERE limit_id = :limit_id AND starts_at = :starts_at AND process = :process
"""
_ASKED = "SELECT limit_id, starts_at FROM grants WHERE asked_at > ? AND process != ?"


@dataclass(frozen=True, slots=True)
class Need:
    """What a process lacks of a limit: `wanted` units to go on in full, `least` of them to go on at all.

    The window is the one of the moment; for a rolling limit the one to begin if none is running.
    """

    limit_id: int
    wanted: int
    least: int
    starts_at: float
    ends_at: float | None
    is_rolling: bool


@dataclass(frozen=True, slots=True)
class Grant:
    """What a process was handed: `left` is what nobody holds after it, `elsewhere` what other processes hold."""

    limit_id: int
    starts_at: float
    ends_at: float | None
    amount: int
    left: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Move:
    """So much of a limit's window leaves what a process holds of it: because it was used, or is given back."""

    limit_id: int
    starts_at: float
    amount: int


@dataclass(slots=True)
class TopUp:
    """The operation that hands a process what it needs; `grants` is what its last run did, once that is committed.

    `living` names the living processes (see processes.py). It is asked under the write lock: a process that starts
    after that cannot hold anything yet that would be taken for a dead one's.
    """

    process: str
    needs: tuple[Need, ...]
    now: float
    living: Callable[[], Collection[str]]
    grants: tuple[Grant, ...] = field(default=(), init=False)

    def __call__(self, db: Database) -> tuple[Grant, ...]:
        self.grants = ()
        self.grants = top_up(db, self.process, self.needs, self.now, self.living)
        return self.grants


def share(left: int, wanted: int, processes: int) -> int:
    """How much of what is left one of so many processes is handed: all if it is alone, else what leaves others some."""
    fair = left if processes == 1 else max(wanted, left // (2 * processes))
    return max(0, min(left, fair))


def top_up(
    db: Database, process: str, needs: Iterable[Need], now: float, living: Callable[[], Collection[str]]
) -> tuple[Grant, ...]:
    """Hand a process what it needs as far as there is any; a limit that is gone by now gets no grant."""
    with db.atomic():
        for statement in _FORGET:  # to write comes first: it takes the lock, if the writer does not hold it already
            db.execute(statement, (now - WINDOWS_LAST_SECONDS,))
        alive = {*living(), process}
        grants = (_grant(db, process, need, now, alive) for need in needs)
        return tuple(grant for grant in grants if grant)


def _grant(db: Database, process: str, need: Need, now: float, alive: Collection[str]) -> Grant | None:
    starts_at, ends_at = _window(db, need, now)
    row = db.execute(_LEFT, (need.limit_id, starts_at)).fetchone()
    if row is None:
        return None
    place = (need.limit_id, starts_at)
    held = {holder: outstanding for holder, outstanding in db.execute(_HELD, place) if holder in alive}
    own = held.pop(process, 0)
    elsewhere = sum(max(0, outstanding) for outstanding in held.values())
    left = int(row[0]) - max(0, own) - elsewhere
    owed = max(0, -own)  # was used over what it held: it is in `used`, and no longer the process's to make up for
    handed = share(left, need.wanted - owed, len(alive))
    is_short = owed + handed < need.least
    db.execute(_HAND_OUT, (*place, process, owed + handed, now if is_short else None))
    return Grant(*place, ends_at, owed + handed, max(0, left - handed), elsewhere)


def _window(db: Database, need: Need, now: float) -> tuple[float, float | None]:
    """The limit's window to draw on, begun if it is not there; nothing begins for a limit that is gone."""
    running = db.execute(_RUNNING, (need.limit_id, now)).fetchone() if need.is_rolling else None
    if running:
        return float(running[0]), float(running[1])
    db.execute(_BEGIN, (need.starts_at, need.ends_at, need.limit_id))
    return need.starts_at, need.ends_at


def settle(db: Database, process: str, moves: Sequence[Move]) -> None:
    """Count what a process's request has used, in the transaction that closes its row in the ledger."""
    _move(db, process, moves, _USE, _LET_GO)


def give_back(db: Database, process: str, moves: Sequence[Move]) -> None:
    """Take back what a process holds and does not need now."""
    _move(db, process, moves, _LET_GO)


def _move(db: Database, process: str, moves: Sequence[Move], *statements: str) -> None:
    rows = [
        {"limit_id": move.limit_id, "starts_at": move.starts_at, "amount": move.amount, "process": process}
        for move in moves
    ]
    with db.atomic():
        for statement in statements:
            db.conn.executemany(statement, rows)


def drop_dead(db: Database, living: Callable[[], Collection[str]]) -> int:
    """Take back what processes held that do not live any more; returns from how many windows."""
    return db.execute(_DROP_DEAD, (json.dumps(list(living())),)).rowcount


def asked(db: Database, process: str, now: float) -> set[tuple[int, float]]:
    """The windows (limit id and start) of which another process got nothing lately while this one may hold some."""
    return {(limit_id, starts_at) for limit_id, starts_at in db.execute(_ASKED, (now - ASKS_LAST_SECONDS, process))}
