"""`codexlb accounts check`: the upstream is asked how accounts stand, now."""

from __future__ import annotations

import sys
import time

import click
from rich.console import Console

from addons.wire.origins import Origin
from codexlb_store.account_views import account_views
from codexlb_store.accounts import load_accounts
from codexlb_store.processes import living
from scripts.accounts.advice import all_advice
from scripts.accounts.naming import named
from scripts.accounts.origin_option import issuer_option, upstream_option
from scripts.accounts.problems import in_words
from scripts.accounts.table import NO_ACCOUNTS, accounts_table
from scripts.accounts.upkeep import check_accounts
from scripts.data_folder import data_folder
from scripts.terminal import terminal


@click.command("check")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@upstream_option
@issuer_option
def command(names: tuple[str, ...], upstream: Origin, issuer: Origin) -> None:
    """Ask the upstream about these accounts now, or about all.

    Shows what it says of their plans and limits, and what is wrong with those it does not serve. Tokens that are due
    are refreshed on the way.
    """
    with data_folder() as folder:
        accounts = load_accounts(folder.db)
        chosen = named(accounts, names) if names else accounts
        if not chosen:
            click.echo(NO_ACCOUNTS)
            return
        count = "1 account" if len(chosen) == 1 else f"{len(chosen)} accounts"
        with Console(stderr=True, markup=False).status(f"Asking {upstream.url} about {count}"):
            results = check_accounts(folder.home, chosen, issuer, upstream)
        now = time.time()
        problems = {result.account_id: result.problem for result in results if result.problem}
        ids = {account.id for account in chosen}
        views = [view for view in account_views(folder.db, now, living(folder.home)) if view.account.id in ids]
    console = terminal()
    console.print(accounts_table(views, now, console.width))
    for account in chosen:
        if problem := problems.get(account.id):
            click.echo(f"Error: {account.name}: {in_words(problem)}.", err=True)
    for sentence in all_advice(views, now):
        click.echo(sentence, err=True)
    if problems:
        sys.exit(1)
