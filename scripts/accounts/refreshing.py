"""`codexlb accounts refresh`: new tokens for accounts, now."""

from __future__ import annotations

import sys

import click

from addons.wire.origins import Origin
from codexlb_store.accounts import load_accounts
from scripts.accounts.naming import named
from scripts.accounts.origin_option import issuer_option
from scripts.accounts.upkeep import refresh_accounts
from scripts.data_folder import data_folder


@click.command("refresh")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@issuer_option
def command(names: tuple[str, ...], issuer: Origin) -> None:
    """Refresh the tokens of these accounts now.

    The proxy does so by itself before they expire. Other copies of the same login are dead afterwards.
    """
    with data_folder() as folder:
        accounts = load_accounts(folder.db)
        chosen = named(accounts, names)
        refreshed = refresh_accounts(folder.home, chosen, accounts, issuer)
    if len(refreshed) < len(chosen):
        sys.exit(1)
