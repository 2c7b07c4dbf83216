"""`codexlb accounts resume`: paused and draining accounts that shall serve everybody again."""

from __future__ import annotations

import click

from codexlb_store.accounts import AccountStatus, load_accounts, set_state
from scripts.accounts.naming import in_order, introduced, named, typed
from scripts.data_folder import data_folder

RESTS = frozenset({AccountStatus.PAUSED, AccountStatus.DRAINING})


@click.command("resume")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def command(names: tuple[str, ...]) -> None:
    """Let paused and draining accounts serve again."""
    with data_folder() as folder, folder.changing():
        accounts = load_accounts(folder.db)
        chosen = in_order(named(accounts, names), accounts)
        for account in chosen:
            set_state(folder.db, account.id, AccountStatus.ACTIVE, account.state_reason)
    for account in chosen:
        if account.state not in RESTS:
            click.echo(f"{introduced(account)} was not paused.")
            continue
        click.echo(f"Resumed {introduced(account)}.")
        if account.state_reason:
            click.echo(
                f"Warning: The login of {account.name} is dead or dying ({account.state_reason}): "
                f"run `codexlb accounts login --account {typed(account, accounts)}`.",
                err=True,
            )
