"""A login becomes its seat's account, and never takes the place of one that is as good."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from codexlb_store.accounts import AccountStatus, load_accounts, set_alias, set_state
from codexlb_store.auth_json import Login
from codexlb_store.credentials import load_credentials, tokens_of
from codexlb_store.logins import Saved, is_older, save_login
from codexlb_store.vault import Vault
from tests.codexlb_store.rows import ANN, LOGIN
from tests.codexlb_store.together import run_together

LATER = replace(LOGIN, access_token="later", refresh_token="later-refresh", last_refresh=500.0, expires_at=6000.0)
EARLIER = replace(LOGIN, access_token="earlier", refresh_token="earlier-refresh", last_refresh=300.0, expires_at=4000.0)
ONLY_ACCESS = replace(LATER, refresh_token="")


def test_a_login_becomes_an_account(db: Database, vault: Vault) -> None:
    account, saved = save_login(db, vault, LOGIN, now=100.0)

    assert saved is Saved.ADDED
    assert account == ANN
    assert load_accounts(db) == [account]
    assert tokens_of(db, vault, account.id) == LOGIN


def test_the_same_seat_again_is_the_same_account(db: Database, vault: Vault) -> None:
    first, _ = save_login(db, vault, LOGIN, now=100.0)
    set_alias(db, first.id, "work")
    later = replace(LATER, email="ann@new.example", plan="pro", fedramp=True)

    account, saved = save_login(db, vault, later, now=200.0)

    assert saved is Saved.UPDATED
    assert account == replace(first, alias="work", email="ann@new.example", plan="pro", fedramp=True)
    assert tokens_of(db, vault, account.id) == later
    assert load_credentials(db, vault)[account.id].version == 2


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(LOGIN, chatgpt_account_id="workspace-2"), id="one person in two workspaces"),
        pytest.param(replace(LOGIN, user_id="user-bob"), id="two persons in one workspace"),
        pytest.param(replace(LOGIN, user_id="user-bob", email="bob@example.com"), id="with an address each"),
    ],
)
def test_another_seat_is_another_account(other: Login, db: Database, vault: Vault) -> None:
    ann, _ = save_login(db, vault, LOGIN, now=1.0)

    account, saved = save_login(db, vault, other, now=2.0)

    assert saved is Saved.ADDED
    assert load_accounts(db) == [ann, account]
    assert tokens_of(db, vault, ann.id) == LOGIN
    assert tokens_of(db, vault, account.id) == other


@pytest.mark.parametrize(
    ("state", "reason", "login", "expected"),
    [
        # an account in order
        pytest.param("active", None, LOGIN, "unchanged", id="the very tokens we have"),
        pytest.param("active", None, LATER, "updated", id="later tokens"),
        pytest.param("active", None, EARLIER, "older", id="earlier tokens"),
        pytest.param("active", None, replace(LOGIN, access_token="x"), "updated", id="as old, and another"),
        pytest.param("active", None, replace(LOGIN, refresh_token=""), "unchanged", id="what we have, but for a part"),
        pytest.param("paused", None, LATER, "updated", id="paused: later tokens"),
        pytest.param("paused", None, EARLIER, "older", id="paused: earlier tokens"),
        pytest.param("draining", None, LOGIN, "unchanged", id="draining: the very tokens we have"),
        # an account whose login was refused: any other may be better
        pytest.param("needs_login", "reused", LOGIN, "dead", id="the login that was refused"),
        pytest.param("needs_login", "reused", replace(LOGIN, access_token="x"), "dead", id="its refresh token"),
        pytest.param("needs_login", "reused", LATER, "updated", id="a later login"),
        pytest.param("needs_login", "reused", EARLIER, "updated", id="another login, although earlier"),
        pytest.param("active", "reused", LOGIN, "dead", id="still serving: the login that was refused"),
        pytest.param("active", "reused", EARLIER, "updated", id="still serving: another login"),
        pytest.param("paused", "reused", LOGIN, "dead", id="paused: the login that was refused"),
        pytest.param("paused", "reused", EARLIER, "updated", id="paused: another login"),
        # what a deactivated account lacks is not a login, but a new one may belong to a better time
        pytest.param("deactivated", "gone", LOGIN, "unchanged", id="deactivated: the same login"),
        pytest.param("deactivated", "gone", EARLIER, "updated", id="deactivated: another login"),
    ],
)
def test_what_becomes_of_a_login(
    state: str, reason: str | None, login: Login, expected: str, db: Database, vault: Vault
) -> None:
    before, _ = save_login(db, vault, LOGIN, now=100.0)
    before = replace(before, state=AccountStatus(state), state_reason=reason)
    set_state(db, before.id, before.state, before.state_reason)

    account, saved = save_login(db, vault, login, now=200.0)

    is_updated = saved is Saved.UPDATED
    mended = AccountStatus.ACTIVE if state in ("needs_login", "deactivated") else before.state
    assert saved == expected
    assert account == (replace(before, state=mended, state_reason=None) if is_updated else before)
    assert load_accounts(db) == [account]
    assert tokens_of(db, vault, account.id) == (login if is_updated else LOGIN)


@pytest.mark.parametrize(
    ("state", "kept"), [("active", LOGIN.refresh_token), ("needs_login", "")], ids=["a good one", "a refused one"]
)
def test_a_login_without_a_refresh_token_costs_no_good_one(state: str, kept: str, db: Database, vault: Vault) -> None:
    account, _ = save_login(db, vault, LOGIN, now=100.0)
    set_state(db, account.id, AccountStatus(state), None)

    assert save_login(db, vault, ONLY_ACCESS, now=200.0)[1] is Saved.UPDATED
    assert tokens_of(db, vault, account.id) == replace(ONLY_ACCESS, refresh_token=kept)


@pytest.mark.parametrize(
    ("login", "held", "expected"),
    [
        # last refresh, then expiry, each as (of the login, of ours)
        pytest.param((1.0, None), (2.0, None), True, id="refreshed before ours"),
        pytest.param((2.0, None), (2.0, None), False, id="refreshed with ours"),
        pytest.param((3.0, None), (2.0, None), False, id="refreshed after ours"),
        pytest.param((3.0, 1.0), (2.0, 2.0), False, id="the refresh counts more than the expiry"),
        pytest.param((None, 1.0), (2.0, 2.0), True, id="expires before ours"),
        pytest.param((None, 3.0), (2.0, 2.0), False, id="expires after ours"),
        pytest.param((3.0, 1.0), (None, 2.0), True, id="expires before ours, which was never refreshed"),
        pytest.param((None, None), (2.0, 2.0), False, id="says nothing"),
        pytest.param((1.0, None), (None, 2.0), False, id="nothing to compare"),
    ],
)
def test_which_login_is_older(
    login: tuple[float | None, float | None], held: tuple[float | None, float | None], expected: bool
) -> None:
    def at(times: tuple[float | None, float | None]) -> Login:
        return replace(LOGIN, last_refresh=times[0], expires_at=times[1])

    assert is_older(at(login), at(held)) is expected


def test_an_account_that_lost_its_tokens_takes_any(db: Database, vault: Vault) -> None:
    account, _ = save_login(db, vault, LOGIN, now=100.0)
    db.execute("DELETE FROM tokens")

    assert save_login(db, vault, EARLIER, now=200.0) == (account, Saved.UPDATED)
    assert tokens_of(db, vault, account.id) == EARLIER


def test_of_several_processes_that_add_the_same_login_one_adds_it(vault: Vault, db: Database, home: Path) -> None:
    imports = """
from codexlb_store.auth_json import Login
from codexlb_store.logins import save_login
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault
"""
    lines = """
db, vault = open_store(home), Vault.open(home, {})
login = Login("ann@example.com", "plus", "user-ann", "workspace-1", False, "access", "refresh", "id", None, None)
print(save_login(db, vault, login, 100.0)[1])
db.close()
"""
    printed = run_together(imports, lines, home)

    assert sorted(printed) == ["added", "unchanged", "unchanged", "unchanged"]
