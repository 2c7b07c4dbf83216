"""Logins: one goes in as its seat's account, new or known; what became of it comes out."""

from __future__ import annotations

import enum
from dataclasses import replace

from sqlite_utils import Database

from codexlb_store.accounts import OUT_OF_ORDER, Account, AccountStatus, account_id, load_account, revive
from codexlb_store.auth_json import Login
from codexlb_store.credentials import tokens_of
from codexlb_store.vault import Vault

_ADD = """
    INSERT INTO accounts (id, email, plan, user_id, chatgpt_account_id, fedramp, state, weight, added_at)
    VALUES (:id, :email, :plan, :user_id, :chatgpt_account_id, :fedramp, 'active', 1.0, :now)
    ON CONFLICT (id) DO NOTHING
"""
_UPDATE = "UPDATE accounts SET email = :email, plan = :plan, fedramp = :fedramp WHERE id = :id"
_SAVE_TOKENS = """
    INSERT INTO tokens (account_id, access_token, refresh_token, id_token, expires_at, last_refresh, version)
    VALUES (?, ?, ?, ?, ?, ?, 1)
    ON CONFLICT (account_id) DO UPDATE SET
        access_token = excluded.access_token, refresh_token = excluded.refresh_token,
        id_token = excluded.id_token, expires_at = excluded.expires_at, last_refresh = excluded.last_refresh,
        version = tokens.version + 1
"""


class Saved(enum.StrEnum):
    """What became of a login; after the last three nothing has changed."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    """These are the very tokens we have."""
    OLDER = "older"
    """We hold tokens that were refreshed later."""
    DEAD = "dead"
    """It is the login that was refused already."""


def is_in_trouble(account: Account) -> bool:
    """Whether the login we hold for an account is no good, or will not be for long."""
    return account.state in OUT_OF_ORDER or account.state_reason is not None


def is_older(login: Login, held: Login) -> bool:
    """Whether a login's tokens are older than those we hold, as far as both say."""
    if login.last_refresh is not None and held.last_refresh is not None:
        return login.last_refresh < held.last_refresh
    if login.expires_at is not None and held.expires_at is not None:
        return login.expires_at < held.expires_at
    return False


def judge(login: Login, held: Login, account: Account) -> Saved:
    """What a login means for an account that holds another: UPDATED when it is to take that one's place."""
    is_same_access = login.access_token == held.access_token
    is_same_login = login.refresh_token == held.refresh_token if login.refresh_token else is_same_access
    if is_same_login and is_in_trouble(account) and account.state is not AccountStatus.DEACTIVATED:
        return Saved.DEAD
    if is_same_login and is_same_access:
        return Saved.UNCHANGED
    return Saved.OLDER if is_older(login, held) and not is_in_trouble(account) else Saved.UPDATED


def save_login(db: Database, vault: Vault, login: Login, now: float) -> tuple[Account, Saved]:
    """Keep a login as its seat's account, active again if it was out of order, unless ours is as good or better."""
    seat = account_id(login.user_id, login.chatgpt_account_id)
    with db.atomic():
        # The insert comes first: a transaction that began by reading could not write once another process has.
        is_new = db.execute(_ADD, {**_values(seat, login), "now": now}).rowcount == 1
        account, held = _known(db, seat), tokens_of(db, vault, seat)
        saved = Saved.ADDED if is_new else judge(login, held, account) if held else Saved.UPDATED
        if saved in (Saved.ADDED, Saved.UPDATED):
            is_kept = held is not None and not login.refresh_token and not is_in_trouble(account)
            _take_over(db, vault, seat, replace(login, refresh_token=held.refresh_token) if held and is_kept else login)
        return _known(db, seat), saved


def _known(db: Database, seat: str) -> Account:
    account = load_account(db, seat)
    assert account is not None, "its row was made at the beginning of this transaction"
    return account


def _values(seat: str, login: Login) -> dict[str, object]:
    return {
        "id": seat,
        "email": login.email,
        "plan": login.plan,
        "user_id": login.user_id,
        "chatgpt_account_id": login.chatgpt_account_id,
        "fedramp": login.fedramp,
    }


def _take_over(db: Database, vault: Vault, seat: str, login: Login) -> None:
    sealed = [vault.seal(token) for token in (login.access_token, login.refresh_token, login.id_token)]
    db.execute(_UPDATE, _values(seat, login))
    db.execute(_SAVE_TOKENS, (seat, *sealed, login.expires_at, login.last_refresh))
    revive(db, seat)
