"""Accounts and their tokens: logins go in, rows, credentials and the status of each account come out."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from codexlb_store.auth_json import Login
from codexlb_store.vault import Vault
from codexlb_store.windows import Window, used_now

_LOAD = """
    SELECT id, alias, email, plan, user_id, chatgpt_account_id, fedramp, state, state_reason, cooling_until,
        weight, added_at
    FROM accounts WHERE :id IS NULL OR id = :id ORDER BY added_at, rowid
"""
_ADD = """
    INSERT INTO accounts (id, email, plan, user_id, chatgpt_account_id, fedramp, state, weight, added_at)
    VALUES (:id, :email, :plan, :user_id, :chatgpt_account_id, :fedramp, 'active', 1.0, :now)
    ON CONFLICT (id) DO NOTHING
"""
_UPDATE = "UPDATE accounts SET email = :email, plan = :plan, fedramp = :fedramp WHERE id = :id"
_REVIVE = """
    UPDATE accounts SET state = 'active', state_reason = NULL
    WHERE id = :id AND state IN ('needs_login', 'deactivated')
"""
_SAVE_TOKENS = """
    INSERT INTO tokens (account_id, access_token, refresh_token, id_token, expires_at, last_refresh, version)
    VALUES (?, ?, ?, ?, ?, ?, 1)
    ON CONFLICT (account_id) DO UPDATE SET
        access_token = excluded.access_token, refresh_token = excluded.refresh_token,
        id_token = excluded.id_token, expires_at = excluded.expires_at, last_refresh = excluded.last_refresh,
        version = tokens.version + 1
"""
_MEND = "UPDATE accounts SET state = 'active', state_reason = NULL WHERE id = ? AND state = 'needs_login'"
# The version is the condition: who comes second with a refresh of the same tokens changes nothing.
_REPLACE_TOKENS = """
    UPDATE tokens SET access_token = ?, refresh_token = ?, id_token = coalesce(?, id_token), expires_at = ?,
        last_refresh = ?, version = ?
    WHERE account_id = ? AND version = ?
"""
_LOAD_TOKENS = """
    SELECT account_id, chatgpt_account_id, access_token, refresh_token, expires_at, last_refresh, version, fedramp
    FROM tokens JOIN accounts ON accounts.id = tokens.account_id
    WHERE :id IS NULL OR account_id = :id
"""


class AccountStatus(enum.StrEnum):
    """What an account can do now; limited and cooling follow from readings and are never stored."""

    ACTIVE = "active"
    PAUSED = "paused"
    DRAINING = "draining"
    LIMITED = "limited"
    COOLING = "cooling"
    NEEDS_LOGIN = "needs_login"
    DEACTIVATED = "deactivated"


@dataclass(frozen=True, slots=True)
class Account:
    """One seat: a person in a workspace. `state` is what was decided; `status_of` tells what follows now."""

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

    @property
    def name(self) -> str:
        """What people call the account."""
        return self.alias or self.email


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request needs to go upstream as an account (times in unix seconds)."""

    account_id: str
    chatgpt_account_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float | None
    last_refresh: float | None
    version: int
    fedramp: bool


def account_id(user_id: str, chatgpt_account_id: str) -> str:
    """The seat's id: the same person in the same workspace always gets the same twelve hex digits."""
    return hashlib.sha256(f"{user_id}/{chatgpt_account_id}".encode()).hexdigest()[:12]


def status_of(account: Account, windows: Iterable[Window], now: float) -> tuple[AccountStatus, float | None]:
    """What the account can do at `now`, and until when (unix seconds) if that ends by itself."""
    if account.state not in (AccountStatus.ACTIVE, AccountStatus.DRAINING):
        return account.state, None
    # A full window without a known reset does not count: nothing would ever end that limit.
    resets = [w.resets_at for w in windows if w.resets_at is not None and used_now(w, now) >= 100]
    if resets:
        return AccountStatus.LIMITED, max(resets)
    if account.cooling_until is not None and account.cooling_until > now:
        return AccountStatus.COOLING, account.cooling_until
    return account.state, None


def save_login(db: Database, vault: Vault, login: Login, now: float) -> tuple[Account, bool]:
    """Keep a login as its seat's account, active again if it needed one; True when the seat is new."""
    seat = account_id(login.user_id, login.chatgpt_account_id)
    sealed = [vault.seal(token) for token in (login.access_token, login.refresh_token, login.id_token)]
    values = {
        "id": seat,
        "email": login.email,
        "plan": login.plan,
        "user_id": login.user_id,
        "chatgpt_account_id": login.chatgpt_account_id,
        "fedramp": login.fedramp,
        "now": now,
    }
    with db.atomic():
        is_new = db.execute(_ADD, values).rowcount == 1
        if not is_new:
            db.execute(_UPDATE, values)
            db.execute(_REVIVE, values)
        db.execute(_SAVE_TOKENS, (seat, *sealed, login.expires_at, login.last_refresh))
        return _load(db, seat)[0], is_new


def load_accounts(db: Database) -> list[Account]:
    """Every account, in the order they were added."""
    return _load(db, None)


def _load(db: Database, seat: str | None) -> list[Account]:
    return [_account(row) for row in db.execute(_LOAD, {"id": seat})]


def _account(row: Any) -> Account:
    values: tuple[Any, ...] = (*row[:6], bool(row[6]), AccountStatus(row[7]), *row[8:])
    return Account(*values)


def load_credentials(db: Database, vault: Vault) -> dict[str, Credential]:
    """Every account's tokens by account id, unsealed; raises VaultError when the key does not fit."""
    return {row[0]: _credential(row, vault) for row in db.execute(_LOAD_TOKENS, {"id": None})}


def load_credential(db: Database, vault: Vault, account_id: str) -> Credential | None:
    """One account's tokens, likewise; None when it is not there any more."""
    row = db.execute(_LOAD_TOKENS, {"id": account_id}).fetchone()
    return _credential(row, vault) if row else None


def _credential(row: Any, vault: Vault) -> Credential:
    values: tuple[Any, ...] = (*row[:2], vault.unseal(row[2]), vault.unseal(row[3]), *row[4:7], bool(row[7]))
    return Credential(*values)


def save_tokens(db: Database, vault: Vault, fresh: Credential, id_token: str | None) -> bool:
    """Put refreshed tokens in place of the version before; False, and nothing changed, when that is not there.

    None keeps the id token. An account that needed a login is active again: what was refreshed is a login.
    """
    sealed = (vault.seal(fresh.access_token), vault.seal(fresh.refresh_token), id_token and vault.seal(id_token))
    place = (fresh.version, fresh.account_id, fresh.version - 1)
    with db.atomic():
        done = db.execute(_REPLACE_TOKENS, (*sealed, fresh.expires_at, fresh.last_refresh, *place)).rowcount == 1
        if done:
            db.execute(_MEND, (fresh.account_id,))
    return done


def set_state(db: Database, account_id: str, state: AccountStatus, reason: str | None) -> None:
    """Decide what an account may do from now on, and why; raises ValueError for a status that passes by itself."""
    if state in (AccountStatus.LIMITED, AccountStatus.COOLING):
        raise ValueError(f"{state} is no state to store: it follows from windows and cooling_until.")
    with db.atomic():
        db.execute("UPDATE accounts SET state = ?, state_reason = ? WHERE id = ?", (state, reason, account_id))


def set_cooling(db: Database, account_id: str, until: float | None) -> None:
    """Leave an account alone until then (unix seconds; None: no longer)."""
    with db.atomic():
        db.execute("UPDATE accounts SET cooling_until = ? WHERE id = ?", (until, account_id))
