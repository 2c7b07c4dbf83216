"""Client keys as they are stored: their rules, limits and secrets come out of the database as values.

Of a key's plain text only the SHA-256 is kept. A revoked key stays as a row, because the ledger names it, but lets
nobody in. Times are unix seconds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from codexlb_store.limits import Limit, LimitKind, Span

_LOAD = """
    SELECT name, created_at, expires_at, time_zone, enforced_model, enforced_effort, enforced_tier, disabled_at,
        revoked_at, last_used_at, id, models, efforts, accounts
    FROM keys ORDER BY created_at, rowid
"""
_LOAD_SECRETS = "SELECT key_id, sha256, prefix, made_at, valid_until FROM key_secrets ORDER BY key_id, made_at, rowid"
_LOAD_LIMITS = "SELECT key_id, kind, span, amount, model, id FROM limits ORDER BY key_id, id"


Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Secret:
    """One plain text of a key: its digest, the beginning that is shown, until when it holds (None: no end)."""

    sha256: str = field(repr=False)
    prefix: str
    made_at: float
    valid_until: float | None


@dataclass(frozen=True, slots=True)
class Key:
    """A client key and its rules; None allows every model (globs), effort or account, and enforces nothing."""

    name: str
    created_at: float
    expires_at: float | None = None
    time_zone: str = "UTC"
    enforced_model: str | None = None
    enforced_effort: str | None = None
    enforced_tier: str | None = None
    disabled_at: float | None = None
    revoked_at: float | None = None
    last_used_at: float | None = None
    id: str = ""
    models: tuple[str, ...] | None = None
    efforts: tuple[str, ...] | None = None
    accounts: tuple[str, ...] | None = None
    limits: tuple[Limit, ...] = ()
    secrets: tuple[Secret, ...] = ()

    def allows_model(self, model: str) -> bool:
        """Whether the key may be used for this model."""
        return self.models is None or any(fnmatchcase(model, glob) for glob in self.models)

    def allows_effort(self, effort: str) -> bool:
        """Whether the key may be used with this reasoning effort."""
        return self.efforts is None or effort in self.efforts

    def allows_account(self, account_id: str) -> bool:
        """Whether the key may be served by this account."""
        return self.accounts is None or account_id in self.accounts


def digest_of(plain: str) -> str:
    """What is kept of a key's plain text; whatever a client may send has a digest."""
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()


def load_keys(db: Database) -> list[Key]:
    """Every key with its secrets and limits, revoked ones too, in the order they were made."""
    limits, secrets = _by_key(db.execute(_LOAD_LIMITS)), _by_key(db.execute(_LOAD_SECRETS))
    return [_key(row, limits.get(row[10], ()), secrets.get(row[10], ())) for row in db.execute(_LOAD)]


def _key(row: Row, limits: Iterable[Row], secrets: Iterable[Row]) -> Key:
    lists = map(_tuple, row[11:])
    values: tuple[Any, ...] = (*row[:11], *lists, tuple(map(_limit, limits)), tuple(map(_secret, secrets)))
    return Key(*values)


def _secret(values: Row) -> Secret:
    return Secret(*values)


def _by_key(rows: Iterable[Any]) -> dict[str, list[Row]]:
    """Rows that come in order of their key id, by it."""
    return {key_id: [row[1:] for row in group] for key_id, group in groupby(rows, lambda row: row[0])}


def _tuple(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(json.loads(text))


def _limit(values: Row) -> Limit:
    kind, span, amount, model, limit_id = values
    return Limit(LimitKind(kind), Span(span) if span else None, amount, model, limit_id)
