"""Tokens of accounts: sealed in the database, unsealed as credentials for the wire and as logins for export."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from codexlb_store.auth_json import Login
from codexlb_store.identity import identity_of
from codexlb_store.vault import Vault

# The version is the condition: who comes second with a refresh of the same tokens changes nothing.
_REPLACE = """
    UPDATE tokens SET access_token = ?, refresh_token = ?, id_token = coalesce(?, id_token), expires_at = ?,
        last_refresh = ?, version = ?
    WHERE account_id = ? AND version = ?
"""
# What a deactivated account lacks is not a login.
_MEND = """
    UPDATE accounts SET state = CASE state WHEN 'needs_login' THEN 'active' ELSE state END, state_reason = NULL
    WHERE id = ? AND state != 'deactivated'
"""
# A token can speak for another workspace of the same person; then what it says is not this account's.
_FOLLOW = """
    UPDATE accounts SET email = coalesce(:email, email), plan = coalesce(:plan, plan)
    WHERE id = :id AND chatgpt_account_id = coalesce(:chatgpt_account_id, chatgpt_account_id)
"""
_LOAD = """
    SELECT account_id, chatgpt_account_id, access_token, refresh_token, expires_at, last_refresh, version, fedramp,
        routing_override
    FROM tokens JOIN accounts ON accounts.id = tokens.account_id
    WHERE :id IS NULL OR account_id = :id
"""
_LOAD_LOGIN = """
    SELECT email, plan, user_id, chatgpt_account_id, fedramp, access_token, refresh_token, id_token, expires_at,
        last_refresh
    FROM tokens JOIN accounts ON accounts.id = tokens.account_id
    WHERE account_id = ?
"""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request needs to go upstream as an account (times in unix seconds, no refresh token is "")."""

    account_id: str
    chatgpt_account_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float | None
    last_refresh: float | None
    version: int
    fedramp: bool
    routing_override: str | None = None


def load_credentials(db: Database, vault: Vault) -> dict[str, Credential]:
    """Every account's tokens by account id, unsealed; raises VaultError when the key does not fit."""
    return {row[0]: _credential(row, vault) for row in db.execute(_LOAD, {"id": None})}


def load_credential(db: Database, vault: Vault, account_id: str) -> Credential | None:
    """One account's tokens, likewise; None when it is not there any more."""
    row = db.execute(_LOAD, {"id": account_id}).fetchone()
    return _credential(row, vault) if row else None


def _credential(row: Any, vault: Vault) -> Credential:
    values: tuple[Any, ...] = (*row[:2], vault.unseal(row[2]), vault.unseal(row[3]), *row[4:7], bool(row[7]), row[8])
    return Credential(*values)


def tokens_of(db: Database, vault: Vault, account_id: str) -> Login | None:
    """Everything an auth.json of this account needs, unsealed; None when it is not there any more."""
    row = db.execute(_LOAD_LOGIN, (account_id,)).fetchone()
    if row is None:
        return None
    values: tuple[Any, ...] = (*row[:4], bool(row[4]), *map(vault.unseal, row[5:8]), *row[8:])
    return Login(*values)


def save_tokens(db: Database, vault: Vault, fresh: Credential, id_token: str | None) -> bool:
    """Put refreshed tokens in place of the version before; False, and nothing changed, when that is not there.

    None keeps the id token. The account's e-mail and plan follow what the new tokens say. An account that needed a
    login is active again and any reason is gone: what was refreshed is a login.
    """
    sealed = (vault.seal(fresh.access_token), vault.seal(fresh.refresh_token), id_token and vault.seal(id_token))
    place = (fresh.version, fresh.account_id, fresh.version - 1)
    said = identity_of(fresh.access_token, id_token or "")
    follow = {
        "id": fresh.account_id,
        "email": said.email,
        "plan": said.plan,
        "chatgpt_account_id": said.chatgpt_account_id,
    }
    with db.atomic():
        done = db.execute(_REPLACE, (*sealed, fresh.expires_at, fresh.last_refresh, *place)).rowcount == 1
        if done:
            db.execute(_FOLLOW, follow)
            db.execute(_MEND, (fresh.account_id,))
    return done
