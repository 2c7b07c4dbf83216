"""`codexlb keys revoke`: keys that are let in never again."""

from __future__ import annotations

import time

import click

from codexlb_store.key_changes import revoke_key
from codexlb_store.keys import Key, load_keys
from scripts.asking import agree, yes_option
from scripts.data_folder import data_folder
from scripts.keys.naming import introduced, named, names_argument
from scripts.keys.telling import tell
from scripts.keys.written import json_option


def sentence(key: Key) -> str:
    """What happened to a key that was like this."""
    return f"{introduced(key)} was revoked already." if key.revoked_at is not None else f"Revoked {introduced(key)}."


@click.command("revoke")
@names_argument
@yes_option
@json_option
def command(names: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Let these keys in never again.

    It cannot be undone; `disable` can. What they used stays in the reports, and their names stay taken.
    """
    now = time.time()
    with data_folder() as folder:
        chosen = named(load_keys(folder.db), names)
        if good := [key for key in chosen if key.revoked_at is None]:
            agree(f"{', '.join(map(introduced, good))}: to revoke a key cannot be undone. Revoke?", yes)
        with folder.db.atomic():
            for key in good:
                revoke_key(folder.db, key.id, now)
        tell(folder, chosen, sentence, as_json, now)
