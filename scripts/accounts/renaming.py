"""`codexlb accounts rename`: what an account is called."""

from __future__ import annotations

import click

from codexlb_store.accounts import load_accounts, set_alias
from codexlb_store.names import check_alias
from scripts.accounts.naming import named
from scripts.data_folder import data_folder


@click.command("rename")
@click.argument("name")
@click.argument("alias")
def command(name: str, alias: str) -> None:
    """Call an account by an alias.

    It stands in all lists in place of the e-mail, which goes on to work as a name. An empty ALIAS ("") removes it.
    """
    with data_folder() as folder:
        accounts = load_accounts(folder.db)
        [account] = named(accounts, [name])
        try:
            new = check_alias(accounts, account, alias) if alias else None
            set_alias(folder.db, account.id, new)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{account.email} ({account.plan}, {account.id}) is called {new or account.email} now.")
