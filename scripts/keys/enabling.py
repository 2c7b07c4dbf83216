"""`codexlb keys enable`: disabled keys that shall be let in again."""

from __future__ import annotations

import time

import click

from codexlb_store.key_changes import set_disabled
from codexlb_store.keys import Key, load_keys
from scripts.data_folder import data_folder
from scripts.keys.naming import introduced, named, names_argument, not_revoked
from scripts.keys.telling import tell
from scripts.keys.written import json_option


def sentence(key: Key) -> str:
    """What happened to a key that was like this."""
    return f"{introduced(key)} was not disabled." if key.disabled_at is None else f"Enabled {introduced(key)}."


@click.command("enable")
@names_argument
@json_option
def command(names: tuple[str, ...], as_json: bool) -> None:
    """Let disabled keys in again."""
    now = time.time()
    with data_folder() as folder:
        chosen = not_revoked(named(load_keys(folder.db), names))
        with folder.db.atomic():
            for key in chosen:
                set_disabled(folder.db, key.id, None)
        tell(folder, chosen, sentence, as_json, now)
    for key in chosen:
        if key.expires_at is not None and key.expires_at <= now:
            click.echo(
                f"Warning: {introduced(key)} has expired: make a new key with `codexlb keys create NAME`.", err=True
            )
