from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from codexlb_store.accounts import (
    Account,
    AccountStatus,
    Credential,
    account_id,
    load_accounts,
    load_credential,
    load_credentials,
    save_login,
    save_tokens,
    set_cooling,
    set_state,
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


def stored(db: Database, vault: Vault) -> tuple[Credential, str]:
    """The one account's credential, and its id token."""
    (credential,) = load_credentials(db, vault).values()
    return credential, vault.unseal(db.execute("SELECT id_token FROM tokens").fetchone()[0])


def refreshed(credential: Credential) -> Credential:
    """As a refresh would leave it."""
    return replace(
        credential,
        access_token="new-access",
        refresh_token="new-refresh",
        expires_at=9000.0,
        last_refresh=800.0,
        version=credential.version + 1,
    )


@pytest.mark.parametrize(
    ("id_token", "kept"), [("new-id", "new-id"), (None, LOGIN.id_token)], ids=["with an id token", "without"]
)
def test_refreshed_tokens_replace_the_old_ones(id_token: str | None, kept: str, db: Database, vault: Vault) -> None:
    save_login(db, vault, LOGIN, now=100.0)
    fresh = refreshed(stored(db, vault)[0])

    assert save_tokens(db, vault, fresh, id_token)
    assert stored(db, vault) == (fresh, kept)
    assert load_credential(db, vault, fresh.account_id) == fresh


def test_of_two_refreshes_of_the_same_tokens_the_first_counts(db: Database, vault: Vault) -> None:
    save_login(db, vault, LOGIN, now=100.0)
    old, _ = stored(db, vault)
    first = refreshed(old)
    save_tokens(db, vault, first, "first")

    assert not save_tokens(db, vault, replace(refreshed(old), access_token="second"), "second")
    assert stored(db, vault) == (first, "first")


def test_a_login_counts_more_than_a_refresh_that_ends_later(db: Database, vault: Vault) -> None:
    save_login(db, vault, LOGIN, now=100.0)
    fresh = refreshed(stored(db, vault)[0])
    save_login(db, vault, replace(LOGIN, access_token="by-login"), now=200.0)

    assert not save_tokens(db, vault, fresh, None)
    assert stored(db, vault)[0].access_token == "by-login"


def test_tokens_of_an_account_that_is_gone_are_not_kept(db: Database, vault: Vault) -> None:
    account, _ = save_login(db, vault, LOGIN, now=100.0)
    fresh = refreshed(stored(db, vault)[0])
    for table in ("accounts", "tokens"):
        db.execute(f"DELETE FROM {table}")

    assert not save_tokens(db, vault, fresh, None)
    assert load_credential(db, vault, account.id) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [("needs_login", "active"), ("deactivated", "deactivated"), ("paused", "paused"), ("draining", "draining")],
)
def test_what_can_be_refreshed_needs_no_login(before: str, after: str, db: Database, vault: Vault) -> None:
    account, _ = save_login(db, vault, LOGIN, now=100.0)
    set_state(db, account.id, AccountStatus(before), "because")
    save_tokens(db, vault, refreshed(stored(db, vault)[0]), None)

    (account,) = load_accounts(db)
    assert (account.state, account.state_reason) == (after, None if after == "active" else "because")


def test_a_state_is_kept_with_its_reason(db: Database, vault: Vault) -> None:
    account, _ = save_login(db, vault, LOGIN, now=100.0)
    other, _ = save_login(db, vault, replace(LOGIN, user_id="user-bob"), now=200.0)
    set_state(db, account.id, AccountStatus.NEEDS_LOGIN, "refresh_token_reused")

    marked = replace(account, state=AccountStatus.NEEDS_LOGIN, state_reason="refresh_token_reused")
    assert load_accounts(db) == [marked, other]


@pytest.mark.parametrize("state", [AccountStatus.LIMITED, AccountStatus.COOLING])
def test_what_passes_by_itself_is_no_state(state: AccountStatus, db: Database) -> None:
    with pytest.raises(ValueError, match=f"{state} is no state to store"):
        set_state(db, "a", state, None)


def test_an_account_cools_until_it_is_told_otherwise(db: Database, vault: Vault) -> None:
    account, _ = save_login(db, vault, LOGIN, now=100.0)
    set_cooling(db, account.id, NOW + 5)
    assert status_of(load_accounts(db)[0], [], NOW) == (AccountStatus.COOLING, NOW + 5)

    set_cooling(db, account.id, None)
    assert load_accounts(db) == [account]
