"""`codexlb keys list`: the keys as they are now."""

from __future__ import annotations

import json
import time

import click

from scripts.data_folder import data_folder
from scripts.keys.record import key_record
from scripts.keys.table import NO_KEYS, keys_table
from scripts.keys.view import key_views
from scripts.keys.written import json_option
from scripts.terminal import terminal


@click.command("list")
@json_option
def command(as_json: bool) -> None:
    """Show the keys and what is used of their limits.

    Each with its status, how it begins, when it was last used, and when it expires.
    """
    now = time.time()
    with data_folder() as folder:
        views = key_views(folder, now)
    if as_json:
        click.echo(json.dumps([key_record(view, now) for view in views], indent=2))
    elif views:
        console = terminal()
        console.print(keys_table(views, now, console.width))
    else:
        click.echo(NO_KEYS)
