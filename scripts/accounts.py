"""`codexlb accounts`: Codex logins go in from their auth.json, the accounts as they are now come out."""

from __future__ import annotations

import json
import os
import sys
import time

import click

from codexlb_store.accounts import Account, save_login
from codexlb_store.processes import living
from codexlb_store.reports import account_views
from codexlb_store.vault import Vault
from scripts.account_table import NO_ACCOUNTS, account_record, accounts_table
from scripts.data_folder import data_folder
from scripts.login_file import LoginFileError, read_login
from scripts.terminal import terminal


def imported(account: Account, is_new: bool) -> str:
    """The line that says which account went in."""
    return f"{'Added' if is_new else 'Updated'} {account.name} ({account.plan}, {account.id})."


@click.group()
def command() -> None:
    """Import ChatGPT accounts, see what each can do."""


@command.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def import_logins(paths: tuple[str, ...]) -> None:
    """Add the accounts of these auth.json files.

    `codex login` writes one to ~/.codex/auth.json; - reads standard input. An account that is there already is
    updated with the newer login.
    """
    failed = False
    with data_folder() as folder:
        vault = Vault.open(folder.home, os.environ)
        for path in paths:
            try:
                login = read_login(path)
            except LoginFileError as error:
                failed = True
                click.echo(f"Error: {error}", err=True)
            else:
                click.echo(imported(*save_login(folder.db, vault, login, time.time())))
    if failed:
        sys.exit(1)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the accounts as JSON instead of a table.")
def list_accounts(as_json: bool) -> None:
    """Show the accounts and their limits.

    Each with its plan and status, what is used of its limits, and when they reset.
    """
    now = time.time()
    with data_folder() as folder:
        views = account_views(folder.db, now, living(folder.home))
    if as_json:
        click.echo(json.dumps([account_record(view, now) for view in views], indent=2))
    elif views:
        console = terminal()
        console.print(accounts_table(views, now, console.width))
    else:
        click.echo(NO_ACCOUNTS)
