"""`codexlb keys disable`: keys that shall let nobody in for now."""

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
    if key.disabled_at is not None:
        return f"{introduced(key)} was disabled already."
    return f"Disabled {introduced(key)}."


@click.command("disable")
@names_argument
@json_option
def command(names: tuple[str, ...], as_json: bool) -> None:
    """Let these keys in no more, until `enable`.

    Requests under way go on to their end.
    """
    now = time.time()
    with data_folder() as folder:
        chosen = not_revoked(named(load_keys(folder.db), names))
        with folder.db.atomic():
            for key in chosen:
                set_disabled(folder.db, key.id, now if key.disabled_at is None else key.disabled_at)
        tell(folder, chosen, sentence, as_json, now)
