"""What people call things: ids of the ledger go in, names come out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from codexlb_store.accounts import Account, load_accounts
from codexlb_store.keys import load_keys
from codexlb_store.projects import load_projects

NO_ACCOUNT, NO_KEY, NO_MODEL = "no account", "no key", "no model"


@dataclass(frozen=True, slots=True)
class Labels:
    """The names people gave, by id; what was removed is called by its id."""

    accounts: Mapping[str, str]
    keys: Mapping[str, str]
    projects: Mapping[str, str]

    def account(self, value: str | None) -> str:
        return NO_ACCOUNT if value is None else self.accounts.get(value, value)

    def key(self, value: str | None) -> str:
        return NO_KEY if value is None else self.keys.get(value, value)

    def project(self, value: str | None) -> str:
        return "no project" if value is None else self.projects.get(value, value)

    def model(self, value: str | None) -> str:
        return value or NO_MODEL


def load_labels(db: Database) -> Labels:
    """The names as they are now; of two accounts of one name each carries its id."""
    keys = {key.id: key.name for key in load_keys(db)}
    return Labels(account_names(load_accounts(db)), keys, load_projects(db))


def account_names(accounts: Iterable[Account]) -> dict[str, str]:
    """What to call each account, by id."""
    known = list(accounts)
    names = [account.name for account in known]
    return {a.id: a.name if names.count(a.name) == 1 else f"{a.name} ({a.id})" for a in known}
