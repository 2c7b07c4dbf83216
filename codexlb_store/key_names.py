"""Names of client keys: what a person typed goes in, the one key it means comes out, or one sentence why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from codexlb_store.key_changes import KEY_START, PREFIX_CHARACTERS
from codexlb_store.keys import Key

LONGEST_NAME = 64

MOST_KNOWN = 10
"""So many keys a message names; more would hide what it says."""


class KeyNameError(ValueError):
    """The name means no key, or not one alone, or does not do; the message is one sentence for who typed it."""


def find_key(keys: Sequence[Key], name: str) -> Key:
    """The key of this name or id, else of this beginning of one or of its plain text; raises KeyNameError."""
    wanted = name.strip().casefold()
    found = [key for key in keys if wanted in (key.name.casefold(), key.id)]
    if not found and wanted:
        found = [key for key in keys if any(known.startswith(wanted) for known in _beginnings(key))]
    if len(found) == 1:
        return found[0]
    raise KeyNameError(_ambiguous(name, found) if found else _unknown(name, keys))


def check_name(name: str) -> str:
    """The name as it may be stored for a new key; raises KeyNameError."""
    name = name.strip()
    if name.casefold().startswith(KEY_START):
        raise KeyNameError(f"A key's name is shown everywhere: choose one that does not begin with {KEY_START}.")
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise KeyNameError(f"The name {name!r} does not do: give 1 to {LONGEST_NAME} printable characters.")
    return name


def _beginnings(key: Key) -> list[str]:
    return [key.name.casefold(), key.id, *(secret.prefix.casefold() for secret in key.secrets)]


def _ambiguous(name: str, found: Sequence[Key]) -> str:
    described = _listed(f"{key.name} ({key.id})" for key in found)
    return f"{_shown(name)!r} may mean {described}: give the id of the one you mean."


def _unknown(name: str, keys: Sequence[Key]) -> str:
    if not keys:
        return f"There is no key {_shown(name)!r}, nor any other: make one with `codexlb keys create NAME`."
    return f"There is no key {_shown(name)!r}: give one of {_listed(key.name for key in keys)}."


def _shown(name: str) -> str:
    """The name, but a key's plain text only as far as it may be shown."""
    is_plain_text = name.strip().startswith(KEY_START) and len(name.strip()) > PREFIX_CHARACTERS
    return f"{name.strip()[:PREFIX_CHARACTERS]}..." if is_plain_text else name


def _listed(texts: Iterable[str]) -> str:
    shown = list(texts)
    left = len(shown) - MOST_KNOWN
    return ", ".join(shown[:MOST_KNOWN]) + (f" and {left} more" if left > 0 else "")
