"""`codexlb accounts import`: Codex logins go in from their auth.json."""

from __future__ import annotations

import os
import sys
import time

import click

from codexlb_store.accounts import Account, save_login
from codexlb_store.vault import Vault
from scripts.accounts.login_file import LoginFileError, read_login
from scripts.data_folder import data_folder


def imported(account: Account, is_new: bool) -> str:
    """The line that says which account went in."""
    return f"{'Added' if is_new else 'Updated'} {account.name} ({account.plan}, {account.id})."


@click.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def command(paths: tuple[str, ...]) -> None:
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
