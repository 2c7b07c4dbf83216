"""`codexlb accounts remove`: accounts and their tokens are forgotten."""

from __future__ import annotations

import click

from codexlb_store.accounts import load_accounts, remove_account
from scripts.accounts.naming import introduced, named
from scripts.asking import agree, yes_option
from scripts.data_folder import data_folder


@click.command("remove")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@yes_option
def command(names: tuple[str, ...], yes: bool) -> None:
    """Forget accounts and their tokens.

    What they used stays in the reports. To use one again it must be logged in or imported anew.
    """
    with data_folder() as folder:
        chosen = named(load_accounts(folder.db), names)
        who = ", ".join(map(introduced, chosen))
        agree(f"{who}: the tokens are deleted, what was used stays in the reports. Remove?", yes)
        with folder.db.atomic():
            for account in chosen:
                remove_account(folder.db, account.id)
    for account in chosen:
        click.echo(f"Removed {introduced(account)}.")
