from __future__ import annotations

from dataclasses import replace

import pytest
from sqlite_utils import Database

from codexlb_store.accounts import (
    Account,
    AccountStatus,
    account_id,
    fail_account,
    limited_by,
    load_account,
    load_accounts,
    note_error,
    remove_account,
    revive,
    set_alias,
    set_cooling,
    set_plan,
    set_reason,
    set_residency,
    set_state,
    set_weight,
    status_of,
)
from codexlb_store.logins import save_login
from codexlb_store.readings import load_readings
from codexlb_store.sessions import Home, load_homes, save_home
from codexlb_store.vault import Vault
from codexlb_store.windows import Window, load_windows, save_windows
from tests.codexlb_store.rows import ANN, LOGIN, add_exchange

NOW = 10_000.0


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


@pytest.mark.parametrize(
    ("windows", "limit"),
    [
        pytest.param([], None, id="no window"),
        pytest.param([FULL_5H], FULL_5H, id="the one that is full"),
        pytest.param([FULL_5H, window(10080, 99.9, NOW + 9000)], FULL_5H, id="not one that has room"),
        pytest.param([FULL_WEEK, FULL_5H], FULL_WEEK, id="of two the one that resets last"),
        pytest.param([FULL_5H, window(10080, 100, None)], FULL_5H, id="not one that would never end"),
        pytest.param([window(300, 100, NOW)], None, id="not one whose reset has passed"),
    ],
)
def test_which_limit_it_is(windows: list[Window], limit: Window | None) -> None:
    assert limited_by(windows, NOW) == limit


def test_an_account_is_called_by_its_alias_if_it_has_one() -> None:
    assert ANN.name == "ann@example.com"
    assert replace(ANN, alias="work").name == "work"


@pytest.fixture
def ann(db: Database, vault: Vault) -> Account:
    """The one account of the store."""
    return save_login(db, vault, LOGIN, now=100.0)[0]


def test_accounts_come_in_the_order_they_were_added(db: Database, vault: Vault) -> None:
    for workspace, now in (("w2", 1.0), ("w1", 2.0)):
        save_login(db, vault, replace(LOGIN, chatgpt_account_id=workspace), now)

    assert [account.chatgpt_account_id for account in load_accounts(db)] == ["w2", "w1"]


def test_one_account_is_read_by_itself(db: Database, ann: Account) -> None:
    assert load_account(db, ann.id) == ann
    assert load_account(db, "gone") is None


def test_a_state_is_kept_with_its_reason(db: Database, vault: Vault, ann: Account) -> None:
    bob, _ = save_login(db, vault, replace(LOGIN, user_id="user-bob"), now=200.0)
    set_state(db, ann.id, AccountStatus.PAUSED, "holidays")

    assert load_accounts(db) == [replace(ann, state=AccountStatus.PAUSED, state_reason="holidays"), bob]


@pytest.mark.parametrize("state", [AccountStatus.LIMITED, AccountStatus.COOLING])
def test_what_passes_by_itself_is_no_state(state: AccountStatus, db: Database) -> None:
    with pytest.raises(ValueError, match=f"{state} is no state to store"):
        set_state(db, "a", state, None)


@pytest.mark.parametrize("failure", ["needs_login", "deactivated"])
@pytest.mark.parametrize(
    ("before", "is_out"),
    [("active", True), ("draining", True), ("needs_login", True), ("deactivated", True), ("paused", False)],
)
def test_what_is_out_of_order_says_why_and_what_was_paused_stays_paused(
    before: str, is_out: bool, failure: str, db: Database, ann: Account
) -> None:
    set_state(db, ann.id, AccountStatus(before), None)

    fail_account(db, ann.id, AccountStatus(failure), "refresh_token_reused")

    after = AccountStatus(failure if is_out else before)
    reason = None if (before, failure) == ("paused", "deactivated") else "refresh_token_reused"
    assert load_accounts(db) == [replace(ann, state=after, state_reason=reason)]


@pytest.mark.parametrize("state", sorted(set(AccountStatus) - {"needs_login", "deactivated"}))
def test_no_failure_pauses_or_limits_an_account(state: AccountStatus, db: Database, ann: Account) -> None:
    with pytest.raises(ValueError, match=f"{state} is no failure of an account: give one of deactivated, needs_login"):
        fail_account(db, ann.id, state, "because")
    assert load_accounts(db) == [ann]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("needs_login", "active"),
        ("deactivated", "active"),
        ("active", "active"),
        ("paused", "paused"),
        ("draining", "draining"),
    ],
)
def test_what_is_in_order_again_has_no_reason_left(before: str, after: str, db: Database, ann: Account) -> None:
    set_state(db, ann.id, AccountStatus(before), "refresh_token_reused")

    revive(db, ann.id)

    assert load_accounts(db) == [replace(ann, state=AccountStatus(after), state_reason=None)]


def test_an_account_that_serves_may_need_a_look(db: Database, ann: Account) -> None:
    set_reason(db, ann.id, "refresh_token_expired")
    assert load_accounts(db) == [replace(ann, state_reason="refresh_token_expired")]

    set_reason(db, ann.id, None)
    assert load_accounts(db) == [ann]


def test_an_account_cools_until_it_is_told_otherwise(db: Database, ann: Account) -> None:
    set_cooling(db, ann.id, NOW + 5)
    assert status_of(load_accounts(db)[0], [], NOW) == (AccountStatus.COOLING, NOW + 5)

    set_cooling(db, ann.id, None)
    assert load_accounts(db) == [ann]


def test_what_people_and_the_upstream_say_of_an_account_is_kept(db: Database, ann: Account) -> None:
    set_alias(db, ann.id, "work")
    set_weight(db, ann.id, 2.5)
    set_plan(db, ann.id, "pro")
    set_residency(db, ann.id, "https://eu.chatgpt.com", "us_cr")

    changed = replace(
        ann, alias="work", weight=2.5, plan="pro", origin="https://eu.chatgpt.com", routing_override="us_cr"
    )
    assert load_accounts(db) == [changed]

    set_alias(db, ann.id, None)
    set_residency(db, ann.id, None, None)
    assert load_accounts(db) == [replace(ann, weight=2.5, plan="pro")]


def test_of_two_who_choose_one_alias_at_once_the_second_is_told(db: Database, vault: Vault, ann: Account) -> None:
    bob, _ = save_login(db, vault, replace(LOGIN, user_id="user-bob"), now=200.0)
    set_alias(db, ann.id, "Work")

    with pytest.raises(ValueError, match="Another account is called 'wORK' already"):
        set_alias(db, bob.id, "wORK")
    assert load_accounts(db) == [replace(ann, alias="Work"), bob]
    set_alias(db, ann.id, "work")  # its own in another case


def test_the_latest_error_is_noted(db: Database, ann: Account) -> None:
    note_error(db, ann.id, "issuer_timeout", 20.0)
    note_error(db, ann.id, "http_500", 10.0)

    assert load_accounts(db) == [replace(ann, last_error="issuer_timeout", last_error_at=20.0)]


def test_an_account_that_is_removed_leaves_only_what_it_used(db: Database, vault: Vault, ann: Account) -> None:
    bob, _ = save_login(db, vault, replace(LOGIN, user_id="user-bob"), now=200.0)
    for account in (ann, bob):
        save_windows(db, [Window(account.id, 300, 50.0, None, 10.0)])
        save_home(db, Home(f"session of {account.id}", account.id, 1.0))
    add_exchange(db)

    remove_account(db, ann.id)

    assert load_accounts(db) == [bob]
    assert [row["account_id"] for row in db["tokens"].rows] == [bob.id]
    assert set(load_windows(db)) == {bob.id}
    assert (len(load_readings(db, ann.id, 0.0)), len(load_readings(db, bob.id, 0.0))) == (0, 1)
    assert set(load_homes(db, 0.0)) == {f"session of {bob.id}"}
    assert (db["exchanges"].count, db["attempts"].count) == (1, 1)
