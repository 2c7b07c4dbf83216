from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from codexlb_store.accounts import (
    Account,
    AccountStatus,
    account_id,
    load_accounts,
    load_credentials,
    save_login,
    status_of,
)
from codexlb_store.vault import Vault
from codexlb_store.windows import Window
from tests.codexlb_store.rows import LOGIN

NOW = 10_000.0
ANN = Account(
    id="1e5e5f0d5f5e",
    alias=None,
    email="ann@example.com",
    plan="plus",
    user_id="user-ann",
    chatgpt_account_id="workspace-1",
    fedramp=False,
    state=AccountStatus.ACTIVE,
    state_reason=None,
    cooling_until=None,
    weight=1.0,
    added_at=100.0,
)


def window(minutes: int, used_percent: float, resets_at: float | None) -> Window:
    return Window(ANN.id, minutes, used_percent, resets_at, read_at=NOW - 60)


FULL_5H = window(300, 100, NOW + 600)
FULL_WEEK = window(10080, 100, NOW + 9000)


def test_a_seat_is_a_person_in_a_workspace() -> None:
    ids = {account_id("ann", "w1"), account_id("ann", "w2"), account_id("bob", "w1")}

    assert len(ids) == 3
    assert all(len(seat) == 12 and int(seat, 16) >= 0 for seat in ids)
    assert account_id("ann", "w1") == "0e6e6086bd1f"


@pytest.mark.parametrize(
    ("account", "windows", "status", "until"),
    [
        pytest.param(ANN, [], "active", None, id="active"),
        pytest.param(ANN, [window(300, 99, NOW + 600)], "active", None, id="nearly full"),
        pytest.param(ANN, [FULL_5H], "limited", NOW + 600, id="full"),
        pytest.param(ANN, [FULL_WEEK, FULL_5H], "limited", NOW + 9000, id="until the latest reset"),
        pytest.param(ANN, [FULL_5H, window(10080, 50, NOW + 9000)], "limited", NOW + 600, id="full ones only"),
        # no status outlives its reason
        pytest.param(ANN, [window(300, 100, NOW)], "active", None, id="reset has passed"),
        pytest.param(ANN, [window(300, 100, None)], "active", None, id="full without a known end"),
        pytest.param(replace(ANN, cooling_until=NOW + 5), [], "cooling", NOW + 5, id="cooling"),
        pytest.param(replace(ANN, cooling_until=NOW), [], "active", None, id="cooled"),
        pytest.param(replace(ANN, cooling_until=NOW + 5), [FULL_5H], "limited", NOW + 600, id="limited and cooling"),
        # what was decided, and what happens to it
        pytest.param(replace(ANN, state=AccountStatus.PAUSED), [FULL_5H], "paused", None, id="paused"),
        pytest.param(replace(ANN, state=AccountStatus.NEEDS_LOGIN), [FULL_5H], "needs_login", None, id="needs login"),
        pytest.param(replace(ANN, state=AccountStatus.DEACTIVATED), [], "deactivated", None, id="deactivated"),
        pytest.param(replace(ANN, state=AccountStatus.DRAINING), [], "draining", None, id="draining"),
        pytest.param(replace(ANN, state=AccountStatus.DRAINING), [FULL_5H], "limited", NOW + 600, id="drained dry"),
    ],
)
def test_what_an_account_can_do_now(account: Account, windows: list[Window], status: str, until: float | None) -> None:
    assert status_of(account, windows, NOW) == (AccountStatus(status), until)


def test_a_login_becomes_an_account(db: Database, vault: Vault) -> None:
    account, is_new = save_login(db, vault, LOGIN, now=100.0)

    assert is_new
    assert account == replace(ANN, id=account_id("user-ann", "workspace-1"))
    assert load_accounts(db) == [account]


def test_the_same_seat_again_is_the_same_account(db: Database, vault: Vault) -> None:
    first, _ = save_login(db, vault, LOGIN, now=100.0)
    later = replace(LOGIN, email="ann@new.example", plan="pro", access_token="new", fedramp=True)
    account, is_new = save_login(db, vault, later, now=200.0)

    assert not is_new
    assert account == replace(first, email="ann@new.example", plan="pro", fedramp=True)
    credential = load_credentials(db, vault)[account.id]
    assert (credential.access_token, credential.version, credential.fedramp) == ("new", 2, True)


def test_one_person_in_two_workspaces_is_two_accounts(db: Database, vault: Vault) -> None:
    for workspace, now in (("w2", 1.0), ("w1", 2.0)):
        save_login(db, vault, replace(LOGIN, chatgpt_account_id=workspace), now)

    assert [account.chatgpt_account_id for account in load_accounts(db)] == ["w2", "w1"]


@pytest.mark.parametrize(
    ("before", "after"),
    [("needs_login", "active"), ("deactivated", "active"), ("paused", "paused"), ("draining", "draining")],
)
def test_a_login_mends_what_a_login_can_mend(before: str, after: str, db: Database, vault: Vault) -> None:
    save_login(db, vault, LOGIN, now=100.0)
    db.execute("UPDATE accounts SET state = ?, state_reason = 'because'", (before,))

    account, _ = save_login(db, vault, LOGIN, now=200.0)

    assert account.state == after
    assert account.state_reason == (None if after == "active" else "because")


def test_credentials_are_what_was_imported(db: Database, vault: Vault) -> None:
    account, _ = save_login(db, vault, LOGIN, now=100.0)
    (credential,) = load_credentials(db, vault).values()

    assert credential.account_id == account.id
    assert credential.chatgpt_account_id == "workspace-1"
    assert (credential.access_token, credential.refresh_token) == (LOGIN.access_token, LOGIN.refresh_token)
    assert (credential.expires_at, credential.last_refresh, credential.version) == (5000.0, 400.0, 1)
    assert "token-of-ann" not in repr(credential)


def test_no_token_is_in_the_files_in_plain_form(home: Path, db: Database, vault: Vault) -> None:
    save_login(db, vault, LOGIN, now=100.0)
    in_wal = b"".join(path.read_bytes() for path in home.iterdir())
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    in_database = b"".join(path.read_bytes() for path in home.iterdir())

    assert b"ann@example.com" in in_wal and b"ann@example.com" in in_database
    assert b"token-of-ann" not in in_wal + in_database


def test_an_account_is_called_by_its_alias_if_it_has_one() -> None:
    assert ANN.name == "ann@example.com"
    assert replace(ANN, alias="work").name == "work"
