"""What the parts of a report are called: values of the ledger go in, words for people come out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlite_utils import Database

from codexlb_store.accounts import Account, load_accounts
from codexlb_store.keys import load_keys
from codexlb_store.projects import load_projects
from codexlb_store.usage import Dimension
from scripts.report.printable import printable

NONE_OF = {
    Dimension.ACCOUNT: "no account",
    Dimension.KEY: "no key",
    Dimension.SESSION: "no session",
    Dimension.MODEL: "no model",
    Dimension.PROJECT: "no project",
    Dimension.OUTCOME: "still running",
}
"""What the requests are called that have no value in a dimension; every one has a time."""

HAVE_NAMES = (Dimension.ACCOUNT, Dimension.KEY, Dimension.PROJECT)
"""The ledger has their ids; people gave them names."""

TIMES = frozenset({Dimension.HOUR, Dimension.DAY, Dimension.WEEK, Dimension.MONTH})


@dataclass(frozen=True, slots=True)
class Labels:
    """The names people gave, by dimension and id."""

    names: Mapping[Dimension, Mapping[str, str]] = field(default_factory=dict)

    def name(self, by: Dimension, value: str | None) -> str | None:
        """The name that people gave; None where they gave none."""
        return None if value is None else self.names.get(by, {}).get(value)

    def label(self, by: Dimension, value: str | None) -> str:
        """What a value is called on a terminal."""
        if value is None:
            return NONE_OF.get(by, f"no {by}")
        return printable(self.name(by, value) or value)


def load_labels(db: Database) -> Labels:
    """The names of accounts, keys and projects; of two accounts of one name each carries its id."""
    keys = {key.id: key.name for key in load_keys(db)}
    accounts = account_names(load_accounts(db))
    return Labels({Dimension.ACCOUNT: accounts, Dimension.KEY: keys, Dimension.PROJECT: load_projects(db)})


def load_names(db: Database) -> Labels:
    """The same names as programs want them: of an account its alias or e-mail alone, beside its id."""
    accounts = {account.id: account.name for account in load_accounts(db)}
    return Labels({**load_labels(db).names, Dimension.ACCOUNT: accounts})


def account_names(accounts: Iterable[Account]) -> dict[str, str]:
    """What to call each account, by id; two of one name (a person in two workspaces) carry their id."""
    known = list(accounts)
    names = [account.name for account in known]
    return {a.id: a.name if names.count(a.name) == 1 else f"{a.name} ({a.id})" for a in known}
