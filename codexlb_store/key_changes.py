"""Changes of client keys: a draft goes in, and its plain text comes out once; an id goes in, and that key changes."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable

from sqlite_utils import Database

from codexlb_store.keys import Key, digest_of, load_keys
from codexlb_store.limits import Limit

KEY_START = "sk-clb-"
KEY_BYTES = 32
PREFIX_CHARACTERS = 15
"""Shown to tell keys apart: eight characters of 43 give nothing away."""

_ADD = """
    INSERT INTO keys (id, name, created_at, expires_at, time_zone, models, efforts, accounts, enforced_model,
        enforced_effort, enforced_tier)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ADD_DIGEST = "INSERT INTO key_secrets (sha256, key_id, prefix, made_at) VALUES (?, ?, ?, ?)"
# Who rotates twice keeps the earlier end: no secret lives longer because another one was made.
_END_SECRETS = """
    UPDATE key_secrets SET valid_until = min(coalesce(valid_until, :until), :until) WHERE key_id = :key_id
"""
_NOTE_USE = "UPDATE keys SET last_used_at = :now WHERE id = :id AND coalesce(last_used_at, 0) < :now"
# A limit that stays keeps its id, and with it what was used of it.
_KEEP_LIMIT = """
    INSERT INTO limits (key_id, kind, span, amount, model, made_at)
    VALUES (:key_id, :kind, :span, :amount, :model, :now)
    ON CONFLICT (key_id, kind, coalesce(span, ''), coalesce(model, '')) DO UPDATE SET amount = excluded.amount
    RETURNING id
"""
_DROP_LIMITS = "DELETE FROM limits WHERE key_id = ? AND id NOT IN (SELECT value FROM json_each(?))"
_DROP_USE = (
    "DELETE FROM budgets WHERE limit_id NOT IN (SELECT id FROM limits)",
    "DELETE FROM grants WHERE limit_id NOT IN (SELECT id FROM limits)",
)


class KeyExistsError(Exception):
    """The name is taken; the message is one sentence for the person who chose it."""


def create_key(db: Database, draft: Key) -> tuple[Key, str]:
    """Store a new key with its rules and limits; returns it with its plain text, which exists nowhere else.

    What is not a person's to choose (id, secrets, when it was disabled...) is not taken from the draft. Raises
    KeyExistsError.
    """
    key_id, now = secrets.token_hex(6), draft.created_at
    lists = (_json(names) for names in (draft.models, draft.efforts, draft.accounts))
    enforced = (draft.enforced_model, draft.enforced_effort, draft.enforced_tier)
    with db.atomic():
        try:
            db.execute(_ADD, (key_id, draft.name, now, draft.expires_at, draft.time_zone, *lists, *enforced))
        except sqlite3.IntegrityError as error:
            raise KeyExistsError(f"There is or was a key named {draft.name!r} already: choose another name.") from error
        plain = _add_secret(db, key_id, now)
        set_limits(db, key_id, draft.limits, now)
        (key,) = (known for known in load_keys(db) if known.id == key_id)
    return key, plain


def rotate_key(db: Database, key_id: str, overlap_seconds: float, now: float) -> str:
    """Give a key a new plain text, which exists nowhere else; the one before is good for the overlap only."""
    with db.atomic():
        db.execute(_END_SECRETS, {"key_id": key_id, "until": now + overlap_seconds})
        return _add_secret(db, key_id, now)


def set_disabled(db: Database, key_id: str, since: float | None) -> None:
    """Turn a key away since then; None lets it in again."""
    with db.atomic():
        db.execute("UPDATE keys SET disabled_at = ? WHERE id = ?", (since, key_id))


def revoke_key(db: Database, key_id: str, now: float) -> None:
    """Turn a key away for good."""
    with db.atomic():
        db.execute("UPDATE keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?", (now, key_id))


def note_use(db: Database, key_id: str, now: float) -> None:
    """Note that a key was used at `now`; an earlier use changes nothing."""
    with db.atomic():
        db.execute(_NOTE_USE, {"id": key_id, "now": now})


def set_limits(db: Database, key_id: str, limits: Iterable[Limit], now: float) -> None:
    """Make these the limits of a key; what was used counts on where kind, span and model are as before."""
    with db.atomic():
        kept = [_keep_limit(db, key_id, limit, now) for limit in limits]
        db.execute(_DROP_LIMITS, (key_id, json.dumps(kept)))
        for statement in _DROP_USE:
            db.execute(statement)


def _json(names: tuple[str, ...] | None) -> str | None:
    return None if names is None else json.dumps(names)


def _add_secret(db: Database, key_id: str, now: float) -> str:
    plain = KEY_START + secrets.token_urlsafe(KEY_BYTES)
    db.execute(_ADD_DIGEST, (digest_of(plain), key_id, plain[:PREFIX_CHARACTERS], now))
    return plain


def _keep_limit(db: Database, key_id: str, limit: Limit, now: float) -> int:
    values = {"kind": limit.kind, "span": limit.span, "amount": limit.amount, "model": limit.model}
    return int(db.execute(_KEEP_LIMIT, {**values, "key_id": key_id, "now": now}).fetchone()[0])
