"""Names of accounts: what a person typed goes in, the one account it means comes out, or one sentence why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from codexlb_store.accounts import Account

LONGEST_ALIAS = 64

MOST_KNOWN = 10
"""So many accounts a message names; more would hide what it says."""


class AccountNameError(ValueError):
    """The name means no account, or not one alone; the message is one sentence for the person who typed it."""


def find_account(accounts: Sequence[Account], name: str) -> Account:
    """The account of this id, alias or e-mail, else of this beginning of one; raises AccountNameError."""
    wanted = name.strip().casefold()
    found = _those(accounts, lambda known: known == wanted)
    if not found and wanted:
        found = _those(accounts, lambda known: known.startswith(wanted))
    if len(found) == 1:
        return found[0]
    raise AccountNameError(_ambiguous(name, found) if found else _unknown(name, accounts))


def check_alias(accounts: Iterable[Account], account: Account, alias: str) -> str:
    """The alias as it may be stored for this account; raises AccountNameError for one that would not tell it apart."""
    alias = alias.strip()
    if not 1 <= len(alias) <= LONGEST_ALIAS or not alias.isprintable():
        raise AccountNameError(f"The alias {alias!r} does not do: give 1 to {LONGEST_ALIAS} printable characters.")
    if alias.startswith("-"):
        raise AccountNameError(f"The alias {alias!r} would be read as an option: begin it with another character.")
    for other in accounts:
        if other.id != account.id and alias.casefold() in _names(other):
            raise AccountNameError(f"The alias {alias!r} is taken by {_described(other)}: choose another one.")
    return alias


def _those(accounts: Iterable[Account], fits: Callable[[str], bool]) -> list[Account]:
    return [account for account in accounts if any(map(fits, _names(account)))]


def _names(account: Account) -> list[str]:
    """Everything that means the account, with the case folded."""
    return [name.casefold() for name in (account.id, account.alias, account.email) if name]


def _described(account: Account) -> str:
    return f"{account.name} ({account.plan}, {account.id})"


def _ambiguous(name: str, found: Sequence[Account]) -> str:
    return f"{name!r} may mean {_listed(map(_described, found))}: give the id of the one you mean."


def _unknown(name: str, accounts: Sequence[Account]) -> str:
    if not accounts:
        return f"There is no account {name!r}, nor any other: add one with `codexlb accounts login`."
    return f"There is no account {name!r}: give one of {_listed(account.name for account in accounts)}."


def _listed(texts: Iterable[str]) -> str:
    shown = list(texts)
    left = len(shown) - MOST_KNOWN
    return ", ".join(shown[:MOST_KNOWN]) + (f" and {left} more" if left > 0 else "")
