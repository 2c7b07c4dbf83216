"""What one proxy process knows of the accounts, and how that meets what the store holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlite_utils import Database

from codexlb_store.accounts import (
    OUT_OF_ORDER,
    Account,
    AccountStatus,
    fail_account,
    revive,
    set_plan,
    set_residency,
    set_state,
)
from codexlb_store.credentials import Credential
from codexlb_store.logins import save_login
from codexlb_store.pool import Pool, Snapshot, Standing, load_snapshot
from codexlb_store.sessions import MOST_HOMES, Home, save_home
from codexlb_store.vault import Vault
from codexlb_store.windows import Window, save_windows
from tests.codexlb_store.rows import LOGIN

NOW = 1000.0
A = Account("a", None, "a@example.com", "plus", "u", "w", False, AccountStatus.ACTIVE, None, None, 1.0, 1.0)
B = replace(A, id="b", plan="pro", weight=2.0)


def reading(percent: float, read_at: float, minutes: int = 300, resets_at: float | None = NOW + 600) -> Window:
    return Window("a", minutes, percent, resets_at, read_at)


def a_snapshot(*accounts: Account, windows: tuple[Window, ...] = (), homes: tuple[Home, ...] = ()) -> Snapshot:
    return Snapshot(
        {account.id: account for account in accounts},
        {},
        {"a": windows} if windows else {},
        {home.session: home for home in homes},
    )


def test_only_readings_that_are_news_are_taken_over_and_returned() -> None:
    pool = Pool(a_snapshot(A, windows=(reading(10, NOW), reading(20, NOW, 10080))))

    news = pool.note_windows([reading(10, NOW + 1), reading(21, NOW + 1, 10080)])

    assert news == [reading(21, NOW + 1, 10080)]
    assert pool.windows["a"] == (reading(10, NOW), reading(21, NOW + 1, 10080))


def test_a_reading_that_is_newer_here_survives_a_reload() -> None:
    pool = Pool(a_snapshot(A, windows=(reading(10, NOW), reading(10, NOW, 10080))))
    pool.note_windows([reading(50, NOW + 2)])

    pool.replace(a_snapshot(A, windows=(reading(30, NOW + 1), reading(60, NOW + 1, 10080))))

    assert pool.windows["a"] == (reading(50, NOW + 2), reading(60, NOW + 1, 10080))


def test_a_session_that_moved_later_here_survives_a_reload() -> None:
    pool = Pool(a_snapshot(A, B, homes=(Home("old", "a", 1.0), Home("new", "a", 1.0), Home("here", "a", 1.0))))
    pool.remember(Home("old", "b", 5.0))
    pool.remember(Home("new", "b", 5.0))

    pool.replace(a_snapshot(A, B, homes=(Home("old", "a", 4.0), Home("new", "a", 6.0), Home("there", "b", 2.0))))

    assert pool.homes == {
        "old": Home("old", "b", 5.0),
        "new": Home("new", "a", 6.0),
        "here": Home("here", "a", 1.0),
        "there": Home("there", "b", 2.0),
    }


def test_a_reload_brings_accounts_in_and_takes_them_out_and_leaves_leases_alone() -> None:
    pool = Pool(a_snapshot(A, windows=(reading(10, NOW),)))
    pool.take("a", NOW)

    pool.replace(a_snapshot(B))

    assert [candidate.account_id for candidate in pool.candidates(None, (), NOW)] == ["b"]
    assert "a" not in pool.windows
    pool.replace(a_snapshot(A, B))
    assert {c.account_id: (c.in_flight, c.last_chosen_at) for c in pool.candidates(None, (), NOW)} == {
        "a": (1, NOW),
        "b": (0, 0.0),
    }
    pool.give_back("a")
    assert pool.in_flight["a"] == 0


@pytest.mark.parametrize(
    ("account", "windows", "expected"),
    [
        pytest.param(A, (), Standing("a", "plus", AccountStatus.ACTIVE, None), id="active"),
        pytest.param(A, (reading(100, NOW),), Standing("a", "plus", AccountStatus.LIMITED, NOW + 600), id="limited"),
        pytest.param(A, (reading(100, NOW, resets_at=NOW),),
                     Standing("a", "plus", AccountStatus.ACTIVE, None), id="reset"),
        pytest.param(replace(A, cooling_until=NOW + 5), (),
                     Standing("a", "plus", AccountStatus.COOLING, NOW + 5), id="cooling"),
        pytest.param(replace(A, state=AccountStatus.PAUSED), (reading(100, NOW),),
                     Standing("a", "plus", AccountStatus.PAUSED, None), id="paused"),
    ],
)  # fmt: skip
def test_how_an_account_stands(account: Account, windows: tuple[Window, ...], expected: Standing) -> None:
    pool = Pool(a_snapshot(account, windows=windows))

    assert pool.standings(NOW) == [expected]


@pytest.mark.parametrize(
    ("state", "takes_new", "serves_its_own"),
    [
        (AccountStatus.ACTIVE, True, True),
        (AccountStatus.DRAINING, False, True),
        (AccountStatus.PAUSED, False, False),
        (AccountStatus.NEEDS_LOGIN, False, False),
        (AccountStatus.DEACTIVATED, False, False),
    ],
)
def test_who_takes_new_sessions_and_who_serves_those_it_has(
    state: AccountStatus, takes_new: bool, serves_its_own: bool
) -> None:
    pool = Pool(a_snapshot(replace(A, state=state)))

    assert bool(pool.candidates(None, (), NOW)) is takes_new
    assert pool.serves_its_sessions("a", None, NOW) is serves_its_own


@pytest.mark.parametrize("account", [A, replace(A, state=AccountStatus.DRAINING)], ids=["active", "draining"])
def test_a_full_account_serves_nobody_and_an_unknown_one_neither(account: Account) -> None:
    pool = Pool(a_snapshot(account, windows=(reading(100, NOW),)))

    assert pool.candidates(None, (), NOW) == []
    assert not pool.serves_its_sessions("a", None, NOW)
    assert not pool.serves_its_sessions("gone", None, NOW)


def test_a_request_is_not_offered_who_lacks_its_model_ails_or_failed_it_already() -> None:
    pool = Pool(a_snapshot(A, B, replace(A, id="c"), replace(A, id="d")))
    pool.health.ail("a", NOW + 5)
    pool.health.bar("b", "gpt-5.5", NOW + 5)

    def offered(model: str | None, *tried: str, now: float = NOW) -> list[str]:
        return sorted(candidate.account_id for candidate in pool.candidates(model, tried, now))

    assert offered("gpt-5.5") == ["c", "d"]
    assert offered("gpt-5.6") == ["b", "c", "d"]
    assert offered("gpt-5.5", "c") == ["d"]
    assert offered("gpt-5.5", "c", "d") == ["a"]  # better an ailing one than none
    assert offered("gpt-5.5", "a", "c", "d") == []
    assert offered("gpt-5.5", now=NOW + 5) == ["a", "b", "c", "d"]


def a_credential(token: str) -> Credential:
    return Credential("a", "workspace-1", token, "rt", None, None, version=1, fedramp=False)


@pytest.mark.parametrize(("token", "offered"), [("new", True), ("old", False)])
def test_an_account_with_new_tokens_is_not_passed_over_for_what_the_old_ones_did(token: str, offered: bool) -> None:
    pool = Pool(a_snapshot(A, B))
    pool.credentials = {"a": a_credential("old")}
    pool.health.ail("a", NOW + 5)

    pool.replace(replace(a_snapshot(A, B), credentials={"a": a_credential(token)}))

    assert ("a" in [candidate.account_id for candidate in pool.candidates(None, (), NOW)]) is offered


def test_a_session_leaves_an_account_that_ails_or_lacks_its_model() -> None:
    pool = Pool(a_snapshot(A, B))
    pool.health.ail("a", NOW + 5, "gpt-5.5")
    pool.health.bar("b", "gpt-5.5", NOW + 5)

    assert not pool.serves_its_sessions("a", "gpt-5.5", NOW)
    assert not pool.serves_its_sessions("b", "gpt-5.5", NOW)
    assert pool.serves_its_sessions("a", "gpt-5.6", NOW)
    assert pool.serves_its_sessions("b", None, NOW)


def test_an_account_that_was_told_to_slow_down_is_cooling_until_then() -> None:
    pool = Pool(a_snapshot(A))
    pool.health.rest("a", NOW + 5)

    assert pool.standing("a", NOW) == Standing("a", "plus", AccountStatus.COOLING, NOW + 5)
    assert pool.candidates(None, (), NOW) == []
    assert not pool.serves_its_sessions("a", None, NOW)
    assert pool.standing("a", NOW + 5).status is AccountStatus.ACTIVE


def test_a_draining_account_that_was_told_to_slow_down_rests_too() -> None:
    pool = Pool(a_snapshot(replace(A, state=AccountStatus.DRAINING)))
    pool.health.rest("a", NOW + 5)

    assert not pool.serves_its_sessions("a", None, NOW)


@pytest.mark.parametrize(
    ("before", "after", "is_news"),
    [
        (AccountStatus.ACTIVE, AccountStatus.NEEDS_LOGIN, True),
        (AccountStatus.DRAINING, AccountStatus.NEEDS_LOGIN, True),
        (AccountStatus.DEACTIVATED, AccountStatus.NEEDS_LOGIN, True),
        (AccountStatus.NEEDS_LOGIN, AccountStatus.NEEDS_LOGIN, False),
        (AccountStatus.PAUSED, AccountStatus.PAUSED, True),
    ],
)
def test_what_is_out_of_order_is_so_at_once_and_what_was_paused_stays_paused(
    before: AccountStatus, after: AccountStatus, is_news: bool
) -> None:
    pool = Pool(a_snapshot(replace(A, state=before)))

    assert pool.fail("a", AccountStatus.NEEDS_LOGIN, "token_revoked") is is_news
    assert pool.accounts["a"] == replace(A, state=after, state_reason="token_revoked" if is_news else None)
    assert not pool.fail("a", AccountStatus.NEEDS_LOGIN, "token_revoked")
    assert not pool.fail("gone", AccountStatus.NEEDS_LOGIN, "token_revoked")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (AccountStatus.NEEDS_LOGIN, AccountStatus.ACTIVE),
        (AccountStatus.DEACTIVATED, AccountStatus.ACTIVE),
        (AccountStatus.ACTIVE, AccountStatus.ACTIVE),
        (AccountStatus.PAUSED, AccountStatus.PAUSED),
        (AccountStatus.DRAINING, AccountStatus.DRAINING),
    ],
)
def test_who_waits_looks_again_when_an_account_is_in_order(before: AccountStatus, after: AccountStatus) -> None:
    pool = Pool(a_snapshot(replace(A, state=before, state_reason="because")))
    seen: list[Account] = []
    pool.changed = lambda: seen.extend(pool.accounts.values())

    pool.revive("a")
    pool.revive("gone")

    assert seen == [replace(A, state=after)]


def test_the_pool_does_to_an_account_what_the_store_does(db: Database, vault: Vault) -> None:
    account, _ = save_login(db, vault, LOGIN, now=NOW)
    for state in (state for state in AccountStatus if state not in ("limited", "cooling")):
        for failure in OUT_OF_ORDER:
            set_state(db, account.id, state, None)
            pool = Pool(load_snapshot(db, vault, 0.0))

            if pool.fail(account.id, failure, "because"):
                fail_account(db, account.id, failure, "because")
            assert pool.accounts == load_snapshot(db, vault, 0.0).accounts
            pool.revive(account.id)
            revive(db, account.id)
            assert pool.accounts == load_snapshot(db, vault, 0.0).accounts


def test_what_the_upstream_says_of_an_account_holds_at_once(db: Database, vault: Vault) -> None:
    account, _ = save_login(db, vault, LOGIN, now=NOW)
    pool = Pool(load_snapshot(db, vault, 0.0))

    pool.health.bar(account.id, "of-pro", until=NOW + 60)
    for account_id in (account.id, "gone"):
        pool.note_plan(account_id, "pro")
        pool.note_residency(account_id, "https://eu.chatgpt.com", "us")

    set_plan(db, account.id, "pro")
    set_residency(db, account.id, "https://eu.chatgpt.com", "us")
    stored = load_snapshot(db, vault, 0.0)
    assert (pool.accounts, pool.credentials) == (stored.accounts, stored.credentials)
    assert not pool.health.lacks(account.id, "of-pro", NOW), "with another plan it may have other models"


def test_an_account_that_is_gone_does_not_come_back_by_what_was_read_of_it() -> None:
    pool = Pool(a_snapshot(A))

    pool.note_account(replace(A, email="new@example.com"))
    pool.note_account(B)

    assert pool.accounts == {"a": replace(A, email="new@example.com")}


def test_the_oldest_turn_state_is_forgotten_when_there_are_too_many() -> None:
    pool = Pool(a_snapshot(A))
    for number in range(MOST_HOMES + 1):
        pool.note_turn_state(str(number), "a")

    assert len(pool.turn_states) == MOST_HOMES
    assert "0" not in pool.turn_states


def test_a_candidate_carries_what_the_selector_asks() -> None:
    pool = Pool(a_snapshot(B, A, windows=(reading(10, NOW),)))
    pool.take("b", 7.0)
    pool.take("b", 8.0)

    first, second = pool.candidates(None, (), NOW)

    assert (first.account_id, first.plan, first.weight, first.in_flight, first.last_chosen_at) == ("b", "pro", 2, 2, 8)
    assert (second.account_id, second.windows, second.in_flight) == ("a", (reading(10, NOW),), 0)


def test_the_longest_unused_session_is_forgotten_when_there_are_too_many() -> None:
    pool = Pool(a_snapshot(A))
    for number in range(MOST_HOMES):
        pool.remember(Home(str(number), "a", float(number)))
    pool.remember(Home("0", "a", 1e6))

    pool.remember(Home("one more", "a", 1e6))

    assert len(pool.homes) == MOST_HOMES
    assert "0" in pool.homes
    assert "1" not in pool.homes


def test_a_reload_keeps_the_bound_too() -> None:
    homes = tuple(Home(str(number), "a", float(number)) for number in range(MOST_HOMES + 10))

    pool = Pool(a_snapshot(A))
    pool.replace(a_snapshot(A, homes=homes))
    pool.remember(Home("one more", "a", 1e6))

    assert len(pool.homes) == MOST_HOMES


def test_after_a_start_the_longest_unused_session_is_still_the_first_to_go(db: Database, vault: Vault) -> None:
    with db.atomic():
        for number in range(MOST_HOMES):
            save_home(db, Home(str(number), "a", float(number)))
        save_home(db, Home("0", "a", 1e6))
    pool = Pool(load_snapshot(db, vault, homes_since=0.0))

    pool.remember(Home("one more", "a", 1e6))

    assert "0" in pool.homes
    assert "1" not in pool.homes


def test_after_a_reload_a_session_used_here_just_now_is_not_the_first_to_go() -> None:
    homes = tuple(Home(str(number), "a", float(number)) for number in range(MOST_HOMES))
    pool = Pool(a_snapshot(A, homes=homes))
    pool.remember(Home("0", "a", 1e6))

    pool.replace(a_snapshot(A, homes=homes))
    pool.remember(Home("one more", "a", 1e6))

    assert "0" in pool.homes


def test_a_snapshot_holds_what_the_store_holds_and_sessions_as_far_back_as_asked(db: Database, vault: Vault) -> None:
    account, _ = save_login(db, vault, LOGIN, now=NOW)
    save_windows(db, [replace(reading(10, NOW), account_id=account.id)])
    save_home(db, Home("cold", account.id, 100.0))
    save_home(db, Home("warm", account.id, 200.0))

    snapshot = load_snapshot(db, vault, homes_since=150.0)

    assert snapshot.accounts == {account.id: account}
    assert snapshot.credentials[account.id].access_token == LOGIN.access_token
    assert [window.used_percent for window in snapshot.windows[account.id]] == [10]
    assert set(snapshot.homes) == {"warm"}
