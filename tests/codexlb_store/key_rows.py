"""Client keys for tests: what a test does not name has a plain value."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database

from codexlb_store.key_changes import create_key
from codexlb_store.keys import Key
from codexlb_store.limit_texts import parse_limit

MADE_AT = 1000.0


def make_key(db: Database, *limits: str, name: str = "laptop", **rules: Any) -> Key:
    """A stored key with these limits, written as people write them."""
    key, _ = create_key(db, Key(name, MADE_AT, limits=tuple(map(parse_limit, limits)), **rules))
    return key
