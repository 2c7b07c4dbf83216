"""Client keys in a data folder, and requests that show them."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

from codexlb_store.key_changes import create_key
from codexlb_store.keys import Key, load_keys
from codexlb_store.schema import open_store

TURN = b'{"model":"gpt-5.5","stream":true,"input":[]}'


def a_key(home: Path, name: str = "team", **rules: Any) -> str:
    """Make a key; its plain text."""
    with closing(open_store(home)) as db:
        return create_key(db, Key(name, time.time(), **rules))[1]


def key_named(home: Path, name: str) -> Key:
    """A key as the store has it."""
    with closing(open_store(home)) as db:
        return next(key for key in load_keys(db) if key.name == name)


def bearer(plain: str) -> dict[str, str]:
    """How a client shows its key."""
    return {"authorization": f"Bearer {plain}"}
