"""`codexlb keys show`: one key in full."""

from __future__ import annotations

import json
import time

import click

from codexlb_store.keys import load_keys
from scripts.data_folder import data_folder
from scripts.keys.naming import named
from scripts.keys.page import dossier_record, open_dossier, page
from scripts.keys.view import view_of
from scripts.keys.written import json_option
from scripts.terminal import terminal


@click.command("show")
@click.argument("name")
@json_option
def command(name: str, as_json: bool) -> None:
    """Show one key in full.

    Its status, what it may do, what is used of its limits and when they start afresh, and what it used.
    """
    now = time.time()
    with data_folder() as folder:
        [key] = named(load_keys(folder.db), [name])
        dossier = open_dossier(folder.db, view_of(folder, key.id, now), now)
    if as_json:
        click.echo(json.dumps(dossier_record(dossier, now), indent=2))
        return
    console = terminal()
    console.print(page(dossier, now, console.width))
