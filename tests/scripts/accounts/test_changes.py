"""`codexlb accounts rename`, `weight` and `remove`: what an account is called, how much it gets, that it goes."""

from __future__ import annotations

import pytest

from codexlb_store.accounts import Account
from codexlb_store.sessions import Home, save_home
from codexlb_store.usage import Dimension, usage
from codexlb_store.windows import Window, save_windows
from scripts.data_folder import DataFolder
from tests.scripts.accounts.people import codexlb_accounts, refused, stored
from tests.scripts.sample_ledger import NOW, add_request


def test_an_alias_is_a_name_and_the_e_mail_stays_one(ann: Account, bob: Account) -> None:
    result = codexlb_accounts("rename", "ann", "work")

    assert result.stdout == f"ann@example.com (plus, {ann.id}) is called work now.\n"
    for name in ("work", "WO", "ann@example.com", ann.id):
        assert codexlb_accounts("show", name).stdout.startswith("work\n")


def test_an_empty_alias_takes_it_back(ann: Account) -> None:
    codexlb_accounts("rename", "ann", "work")

    result = codexlb_accounts("rename", "work", "")

    assert result.stdout == f"ann@example.com (plus, {ann.id}) is called ann@example.com now.\n"
    assert [account.alias for account in stored()] == [None]


@pytest.mark.parametrize("alias", ["bob@example.com", "two\nlines", "x" * 65, "  "])
def test_an_alias_that_would_not_tell_it_apart_is_refused(alias: str, ann: Account, bob: Account) -> None:
    assert refused(codexlb_accounts("rename", "ann", alias)).startswith("The alias ")
    assert [account.alias for account in stored()] == [None, None]


@pytest.mark.parametrize(("text", "weight"), [("2", 2.0), ("0.5", 0.5), ("100", 100.0), ("1e-3", 0.001)])
def test_a_weight_is_a_positive_number(text: str, weight: float, ann: Account) -> None:
    result = codexlb_accounts("weight", "ann", text)

    assert result.stdout == f"The weight of ann@example.com (plus, {ann.id}) is {weight:g} now.\n"
    assert [account.weight for account in stored()] == [weight]


@pytest.mark.parametrize("text", ["0", "nan", "inf", "101", "much", "1e-400"])
def test_what_is_no_weight_is_a_mistake_of_use(text: str, ann: Account) -> None:
    result = codexlb_accounts("weight", "ann", text)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Invalid value for 'WEIGHT'" in result.stderr
    assert [account.weight for account in stored()] == [1.0]


def test_a_removed_account_is_forgotten_and_what_it_used_is_not(ann: Account, bob: Account, folder: DataFolder) -> None:
    save_windows(folder.db, [Window(ann.id, 300, 50.0, NOW, NOW)])
    save_home(folder.db, Home("session", ann.id, NOW))
    add_request(folder, ann, at=0)
    folder.db.conn.commit()

    result = codexlb_accounts("remove", "ann", "--yes")

    assert result.stdout == f"Removed ann@example.com (plus, {ann.id}).\n"
    assert stored() == [bob]
    for table in ("tokens", "windows", "readings", "homes"):
        assert [row for row in folder.db[table].rows if row["account_id"] == ann.id] == []
    assert [row.groups for row in usage(folder.db, (Dimension.ACCOUNT,))] == [(ann.id,)]


def test_nothing_is_removed_without_asking(ann: Account) -> None:
    assert refused(codexlb_accounts("remove", "ann")).endswith("add --yes to agree.")
    assert stored() == [ann]
