"""`codexlb accounts list`: the accounts as they are now."""

from __future__ import annotations

import json
import time

import click

from codexlb_store.account_views import account_views
from codexlb_store.processes import living
from scripts.accounts.advice import all_advice
from scripts.accounts.record import account_record
from scripts.accounts.table import NO_ACCOUNTS, accounts_table
from scripts.data_folder import data_folder
from scripts.terminal import terminal


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the accounts as JSON instead of a table.")
def command(as_json: bool) -> None:
    """Show the accounts and their limits.

    Each with its plan and status, the age of its token, what went wrong last, what is used of its limits, and when
    they reset.
    """
    now = time.time()
    with data_folder() as folder:
        views = account_views(folder.db, now, living(folder.home))
    if as_json:
        click.echo(json.dumps([account_record(view, now) for view in views], indent=2))
    elif views:
        console = terminal()
        console.print(accounts_table(views, now, console.width, detailed=True))
        for sentence in all_advice(views, now):
            click.echo(f"\n{sentence}")
    else:
        click.echo(NO_ACCOUNTS)
