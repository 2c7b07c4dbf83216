"""`codexlb accounts pause`: accounts that shall serve nobody for now."""

from __future__ import annotations

import click

from codexlb_store.accounts import Account, AccountStatus, load_accounts, set_state
from scripts.accounts.naming import introduced, named
from scripts.data_folder import data_folder


def lasting_reason(account: Account) -> str | None:
    """Why it needs a login stays true; whether it is deactivated will show again when it is to serve."""
    return None if account.state is AccountStatus.DEACTIVATED else account.state_reason


@click.command("pause")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def command(names: tuple[str, ...]) -> None:
    """Let these accounts serve nobody.

    Requests under way go on to their end. The accounts' tokens are kept fresh; `resume` lets them serve again.
    """
    with data_folder() as folder, folder.changing():
        chosen = named(load_accounts(folder.db), names)
        for account in chosen:
            set_state(folder.db, account.id, AccountStatus.PAUSED, lasting_reason(account))
    for account in chosen:
        click.echo(f"Paused {introduced(account)}.")
