"""Keys as people name them: names go in, keys come out, or one sentence; and how messages name a key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from codexlb_store.key_names import KeyNameError, find_key
from codexlb_store.keys import Key

names_argument = click.argument("names", nargs=-1, required=True, metavar="NAME...")


def named(keys: Sequence[Key], names: Iterable[str]) -> list[Key]:
    """The keys of these names, each once, in this order; the first name that is none ends the command."""
    try:
        found = [find_key(keys, name) for name in names]
    except KeyNameError as error:
        raise click.ClickException(str(error)) from error
    return list({key.id: key for key in found}.values())


def introduced(key: Key) -> str:
    """The key as messages name it."""
    return f"{key.name} ({key.id})"


def not_revoked(keys: list[Key]) -> list[Key]:
    """The keys, if none of them is revoked; else one sentence ends the command."""
    for key in keys:
        if key.revoked_at is not None:
            raise click.ClickException(
                f"{introduced(key)} is revoked, which cannot be undone: make a new key with `codexlb keys create NAME`."
            )
    return keys
