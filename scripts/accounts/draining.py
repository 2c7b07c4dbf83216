"""`codexlb accounts drain`: accounts that shall finish what they have and take nothing new."""

from __future__ import annotations

import click

from codexlb_store.accounts import AccountStatus, load_accounts, set_state
from scripts.accounts.naming import in_order, introduced, named
from scripts.data_folder import data_folder


@click.command("drain")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def command(names: tuple[str, ...]) -> None:
    """Let these accounts finish their sessions and take no new ones.

    A session stays where its prompt cache is warm; once it is cold it moves on. `resume` ends this.
    """
    with data_folder() as folder, folder.changing():
        accounts = load_accounts(folder.db)
        chosen = in_order(named(accounts, names), accounts)
        for account in chosen:
            set_state(folder.db, account.id, AccountStatus.DRAINING, account.state_reason)
    for account in chosen:
        click.echo(f"Draining {introduced(account)}.")
