"""Accounts: rows of seats and what was decided about each come out, decisions and what went wrong go in."""

from __future__ import annotations

import enum
import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codexlb_store.reader import Reader
from codexlb_store.windows import Window, used_now

if TYPE_CHECKING:  # it loads as much as all the rest of a short command
    from sqlite_utils import Database

_LOAD = """
    SELECT id, alias, email, plan, user_id, chatgpt_account_id, fedramp, state, state_reason, cooling_until,
        weight, added_at, origin, routing_override, last_error, last_error_at
    FROM accounts WHERE :id IS NULL OR id = :id ORDER BY added_at, rowid
"""
# Who was paused by a person stays so: an account out of order twice is still the person's to resume.
_FAIL = """
    UPDATE accounts SET state = CASE state WHEN 'paused' THEN state ELSE :state END, state_reason = :reason
    WHERE id = :id AND NOT (state = 'paused' AND :state = 'deactivated')
"""
_REVIVE = """
    UPDATE accounts SET state = CASE WHEN state IN ('needs_login', 'deactivated') THEN 'active' ELSE state END,
        state_reason = NULL
    WHERE id = ?
"""
_NOTE_ERROR = """
    UPDATE accounts SET last_error = :code, last_error_at = :now
    WHERE id = :id AND (last_error_at IS NULL OR last_error_at <= :now)
"""
_REMOVE = (
    "DELETE FROM tokens WHERE account_id = ?",
    "DELETE FROM windows WHERE account_id = ?",
    "DELETE FROM readings WHERE account_id = ?",
    "DELETE FROM homes WHERE account_id = ?",
    "DELETE FROM model_lists WHERE account_id = ?",
    "DELETE FROM accounts WHERE id = ?",
)


class AccountStatus(enum.StrEnum):
    """What an account can do now; limited and cooling follow from readings and are never stored."""

    ACTIVE = "active"
    PAUSED = "paused"
    DRAINING = "draining"
    LIMITED = "limited"
    COOLING = "cooling"
    NEEDS_LOGIN = "needs_login"
    DEACTIVATED = "deactivated"


OUT_OF_ORDER = frozenset({AccountStatus.NEEDS_LOGIN, AccountStatus.DEACTIVATED})
"""What the upstream or the issuer says of an account; everything else stored is a person's decision."""


@dataclass(frozen=True, slots=True)
class Account:
    """One seat: a person in a workspace. `state` is what was decided; `status_of` tells what follows now.

    `origin` and `routing_override` say where its workspace demands its requests (None: nowhere special);
    `last_error` is the code of what went wrong last on its own behalf. Times are unix seconds.
    """

    id: str
    alias: str | None
    email: str
    plan: str
    user_id: str
    chatgpt_account_id: str
    fedramp: bool
    state: AccountStatus
    state_reason: str | None
    cooling_until: float | None
    weight: float
    added_at: float
    origin: str | None = None
    routing_override: str | None = None
    last_error: str | None = None
    last_error_at: float | None = None

    @property
    def name(self) -> str:
        """What people call the account."""
        return self.alias or self.email


def account_id(user_id: str, chatgpt_account_id: str) -> str:
    """The seat's id: the same person in the same workspace always gets the same twelve hex digits."""
    return hashlib.sha256(f"{user_id}/{chatgpt_account_id}".encode()).hexdigest()[:12]


def limited_by(windows: Iterable[Window], now: float) -> Window | None:
    """The limit that holds an account up at `now`: of its full windows the one that resets last."""
    # A full window without a known reset does not count: nothing would ever end that limit.
    full = [(w.resets_at, w) for w in windows if w.resets_at is not None and used_now(w, now) >= 100]
    return max(full, key=lambda one: one[0])[1] if full else None


def status_of(account: Account, windows: Iterable[Window], now: float) -> tuple[AccountStatus, float | None]:
    """What the account can do at `now`, and until when (unix seconds) if that ends by itself."""
    if account.state not in (AccountStatus.ACTIVE, AccountStatus.DRAINING):
        return account.state, None
    if limit := limited_by(windows, now):
        return AccountStatus.LIMITED, limit.resets_at
    if account.cooling_until is not None and account.cooling_until > now:
        return AccountStatus.COOLING, account.cooling_until
    return account.state, None


def load_accounts(db: Reader) -> list[Account]:
    """Every account, in the order they were added."""
    return [_account(row) for row in db.execute(_LOAD, {"id": None})]


def load_account(db: Reader, account_id: str) -> Account | None:
    """One account; None when it is not there any more."""
    row = db.execute(_LOAD, {"id": account_id}).fetchone()
    return _account(row) if row else None


def _account(row: Any) -> Account:
    values: tuple[Any, ...] = (*row[:6], bool(row[6]), AccountStatus(row[7]), *row[8:])
    return Account(*values)


def set_state(db: Database, account_id: str, state: AccountStatus, reason: str | None) -> None:
    """Decide what an account may do from now on, and why; raises ValueError for a status that passes by itself."""
    if state in (AccountStatus.LIMITED, AccountStatus.COOLING):
        raise ValueError(f"{state} is no state to store: it follows from windows and cooling_until.")
    _change(db, "UPDATE accounts SET state = ?, state_reason = ? WHERE id = ?", state, reason, account_id)


def fail_account(db: Database, account_id: str, state: AccountStatus, reason: str) -> None:
    """Take the upstream's or the issuer's word that an account is out of order.

    A paused one stays paused: that its login is dead is noted as the reason, that it is deactivated will show again.
    Raises ValueError for a state that is not theirs to decide.
    """
    if state not in OUT_OF_ORDER:
        raise ValueError(f"{state} is no failure of an account: give one of {', '.join(sorted(OUT_OF_ORDER))}.")
    with db.atomic():
        db.execute(_FAIL, {"state": state, "reason": reason, "id": account_id})


def revive(db: Database, account_id: str) -> None:
    """What was out of order is active again and any reason is gone; paused and draining accounts stay so."""
    _change(db, _REVIVE, account_id)


def set_reason(db: Database, account_id: str, reason: str | None) -> None:
    """Say why a person should look at an account although it still serves; None takes that back."""
    _change(db, "UPDATE accounts SET state_reason = ? WHERE id = ?", reason, account_id)


def set_cooling(db: Database, account_id: str, until: float | None) -> None:
    """Leave an account alone until then (unix seconds; None: no longer)."""
    _change(db, "UPDATE accounts SET cooling_until = ? WHERE id = ?", until, account_id)


def set_alias(db: Database, account_id: str, alias: str | None) -> None:
    """Call an account by this name (see names.check_alias); raises ValueError if another got it first."""
    try:
        _change(db, "UPDATE accounts SET alias = ? WHERE id = ?", alias, account_id)
    except sqlite3.IntegrityError as error:
        raise ValueError(f"Another account is called {alias!r} already: choose another name.") from error


def set_weight(db: Database, account_id: str, weight: float) -> None:
    """Give an account this many times the share of work it would get by itself."""
    _change(db, "UPDATE accounts SET weight = ? WHERE id = ?", weight, account_id)


def set_plan(db: Database, account_id: str, plan: str) -> None:
    """Note the plan that the upstream names now."""
    _change(db, "UPDATE accounts SET plan = ? WHERE id = ?", plan, account_id)


def set_residency(db: Database, account_id: str, origin: str | None, routing_override: str | None) -> None:
    """Note where the account's workspace demands its requests (None: nowhere special)."""
    sql = "UPDATE accounts SET origin = ?, routing_override = ? WHERE id = ?"
    _change(db, sql, origin, routing_override, account_id)


def note_error(db: Database, account_id: str, code: str, now: float) -> None:
    """Note what went wrong on an account's own behalf at `now` (unix seconds); an older error changes nothing."""
    with db.atomic():
        db.execute(_NOTE_ERROR, {"id": account_id, "code": code, "now": now})


def remove_account(db: Database, account_id: str) -> None:
    """Forget an account, its tokens, windows, readings, sessions and models; what it used stays in the ledger."""
    with db.atomic():
        for statement in _REMOVE:
            db.execute(statement, (account_id,))


def _change(db: Database, sql: str, *values: object) -> None:
    with db.atomic():
        db.execute(sql, values)
