"""Accounts as people name them: names go in, accounts come out, or one sentence; and what to type for an account."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

import click

from codexlb_store.accounts import Account, AccountStatus
from codexlb_store.names import AccountNameError, find_account


def named(accounts: Sequence[Account], names: Iterable[str]) -> list[Account]:
    """The accounts of these names, each once, in this order; the first name that is none ends the command."""
    try:
        found = [find_account(accounts, name) for name in names]
    except AccountNameError as error:
        raise click.ClickException(str(error)) from error
    return list({account.id: account for account in found}.values())


def typed(account: Account, accounts: Iterable[Account]) -> str:
    """What to type on a command line for this account: its name, or its id when another is called the same."""
    folded = account.name.casefold()
    is_shared = any(folded in (other.name.casefold(), other.email.casefold()) for other in accounts if other != account)
    return shlex.quote(account.id if is_shared else account.name)


def introduced(account: Account) -> str:
    """The account as messages name it, so that two of one name can be told apart."""
    return f"{account.name} ({account.plan}, {account.id})"


def in_order(chosen: Sequence[Account], accounts: Sequence[Account]) -> list[Account]:
    """The chosen accounts, none of them out of order; else one sentence that says what helps ends the command."""
    for account in chosen:
        reason, handle = account.state_reason or "no reason is known", typed(account, accounts)
        if account.state is AccountStatus.NEEDS_LOGIN:
            raise click.ClickException(
                f"{account.name} needs a login ({reason}): run `codexlb accounts login --account {handle}`."
            )
        if account.state is AccountStatus.DEACTIVATED:
            raise click.ClickException(
                f"{account.name} is deactivated by the upstream ({reason}): "
                f"run `codexlb accounts check {handle}` when it should be back."
            )
    return list(chosen)
