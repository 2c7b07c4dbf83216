"""`codexlb accounts show`: one account in full."""

from __future__ import annotations

import json
import time

import click

from codexlb_store.account_views import account_views
from codexlb_store.processes import living
from scripts.accounts.advice import advice
from scripts.accounts.naming import named, typed
from scripts.accounts.page import dossier_record, open_dossier, page
from scripts.data_folder import data_folder
from scripts.terminal import terminal


@click.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the account as JSON instead of a page.")
def command(name: str, as_json: bool) -> None:
    """Show one account in full.

    Its identity, status, limits with their history, and what it used.
    """
    now = time.time()
    with data_folder() as folder:
        views = account_views(folder.db, now, living(folder.home))
        accounts = [view.account for view in views]
        [account] = named(accounts, [name])
        view = next(view for view in views if view.account.id == account.id)
        dossier = open_dossier(folder.db, view, now)
    if as_json:
        click.echo(json.dumps(dossier_record(dossier, now), indent=2))
        return
    console = terminal()
    console.print(page(dossier, now, console.width))
    if sentence := advice(view, typed(account, accounts), now):
        click.echo(f"\n{sentence}")
