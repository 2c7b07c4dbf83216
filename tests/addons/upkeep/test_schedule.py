"""Who is asked about and refreshed when, while nobody uses the accounts."""

from __future__ import annotations

import pytest

from addons.upkeep.schedule import Care, first_round, is_to_be_refreshed, next_ask, next_residency
from codexlb_store.accounts import AccountStatus
from codexlb_store.credentials import Credential
from codexlb_store.windows import Window

NOW = 1_000_000.0
ACTIVE, PAUSED, DRAINING = AccountStatus.ACTIVE, AccountStatus.PAUSED, AccountStatus.DRAINING
NEEDS_LOGIN, DEACTIVATED = AccountStatus.NEEDS_LOGIN, AccountStatus.DEACTIVATED


def window(resets_at: float | None, used_percent: float = 50.0) -> Window:
    return Window("a", 300, used_percent, resets_at, NOW - 100)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param("", [], id="nobody"),
        pytest.param("a", [0.0], id="one at once"),
        pytest.param("abc", [0.0, 0.5, 1.0], id="a few, half a second apart"),
        pytest.param("x" * 100, [0.05 * place for place in range(100)], id="many within five seconds"),
    ],
)
def test_the_first_round_is_spread(names: str, expected: list[float]) -> None:
    new = [f"{name}{place}" for place, name in enumerate(names)]
    found = first_round(new, NOW)

    assert list(found) == new
    assert [care.first_at - NOW for care in found.values()] == pytest.approx(expected)
    assert all(care.asked_at is None for care in found.values())


@pytest.mark.parametrize(
    ("state", "every_seconds", "draw", "expected"),
    [
        pytest.param(ACTIVE, 300, 0.5, NOW + 300, id="every five minutes"),
        pytest.param(ACTIVE, 300, 0.0, NOW + 270, id="a tenth sooner"),
        pytest.param(ACTIVE, 300, 1.0, NOW + 330, id="a tenth later"),
        pytest.param(PAUSED, 300, 0.5, NOW + 300, id="paused, too"),
        pytest.param(DRAINING, 300, 0.5, NOW + 300, id="draining, too"),
        pytest.param(DEACTIVATED, 300, 0.5, NOW + 3600, id="deactivated: hourly"),
        pytest.param(DEACTIVATED, 7200, 0.5, NOW + 7200, id="deactivated: not sooner than the others"),
        pytest.param(NEEDS_LOGIN, 300, 0.5, None, id="needs a login: never"),
        pytest.param(ACTIVE, 0, 0.5, None, id="switched off"),
    ],
)
def test_how_often_an_account_is_asked_about(
    state: AccountStatus, every_seconds: int, draw: float, expected: float | None
) -> None:
    assert next_ask(Care(0.0, NOW, draw), state, (), False, every_seconds) == expected


@pytest.mark.parametrize(
    ("state", "every_seconds", "expected"),
    [
        pytest.param(ACTIVE, 300, NOW, id="when its turn comes"),
        pytest.param(DEACTIVATED, 300, NOW, id="deactivated, too"),
        pytest.param(NEEDS_LOGIN, 300, None, id="needs a login: never"),
        pytest.param(ACTIVE, 0, None, id="switched off"),
    ],
)
def test_when_it_is_asked_about_for_the_first_time(
    state: AccountStatus, every_seconds: int, expected: float | None
) -> None:
    assert next_ask(Care(NOW), state, (window(NOW - 50),), True, every_seconds) == expected


@pytest.mark.parametrize(
    ("met_a_limit", "resets", "expected"),
    [
        pytest.param(True, (), NOW + 15, id="met a limit: at once, but not again and again"),
        pytest.param(False, (NOW + 100,), NOW + 103, id="a reset: soon after it"),
        pytest.param(False, (NOW + 200, NOW + 100), NOW + 103, id="the next of them"),
        pytest.param(False, (NOW - 0.5,), NOW + 2.5, id="asked between the reset and soon after it"),
        pytest.param(False, (NOW - 1,), NOW + 300, id="a reset that was asked about, though others are so later"),
        pytest.param(False, (NOW + 299,), NOW + 300, id="a reset when its turn is anyway"),
        pytest.param(False, (None,), NOW + 300, id="a reset that is not known"),
        pytest.param(True, (NOW + 5,), NOW + 8, id="both"),
    ],
)
def test_what_happens_to_its_windows_makes_it_sooner(
    met_a_limit: bool, resets: tuple[float | None, ...], expected: float
) -> None:
    windows = tuple(map(window, resets))

    assert next_ask(Care(0.0, NOW, 0.5), ACTIVE, windows, met_a_limit, 300) == expected


def test_an_unused_window_that_starts_afresh_is_no_news() -> None:
    assert next_ask(Care(0.0, NOW, 0.5), ACTIVE, (window(NOW + 10, used_percent=0.0),), False, 300) == NOW + 300


def test_after_a_reset_accounts_do_not_come_together() -> None:
    moments = {next_ask(Care(0.0, NOW, draw), ACTIVE, (window(NOW + 10),), False, 300) for draw in (0.0, 0.5, 1.0)}

    assert moments == {NOW + 11, NOW + 13, NOW + 15}


@pytest.mark.parametrize("state", [NEEDS_LOGIN, DEACTIVATED])
def test_a_limit_makes_nobody_sooner_who_cannot_serve(state: AccountStatus) -> None:
    found = next_ask(Care(0.0, NOW, 0.5), state, (window(NOW + 10),), True, 300)

    assert found == (None if state is NEEDS_LOGIN else NOW + 3600)


@pytest.mark.parametrize(("read", "expected"), [(True, NOW + 86_400), (False, NOW + 300)], ids=["read", "not read"])
def test_where_a_workspace_is_served_is_asked_daily(read: bool, expected: float) -> None:
    assert next_residency(read, NOW) == expected


@pytest.mark.parametrize(
    ("state", "ends_in", "tried_at", "expected"),
    [
        pytest.param(ACTIVE, 900, None, True, id="ends soon"),
        pytest.param(ACTIVE, 1801, None, False, id="does not"),
        pytest.param(ACTIVE, -60, None, True, id="has ended"),
        pytest.param(PAUSED, 900, None, True, id="paused: it can be resumed"),
        pytest.param(DRAINING, 900, None, True, id="draining"),
        pytest.param(NEEDS_LOGIN, 900, None, False, id="needs a login"),
        pytest.param(DEACTIVATED, 900, None, False, id="deactivated"),
        pytest.param(ACTIVE, 900, NOW - 59, False, id="tried a moment ago"),
        pytest.param(ACTIVE, 900, NOW - 60, True, id="tried a minute ago"),
    ],
)
def test_whose_token_is_refreshed_ahead_of_need(
    state: AccountStatus, ends_in: float, tried_at: float | None, expected: bool
) -> None:
    credential = Credential("a", "w", "access", "refresh", NOW + ends_in, NOW - 86_400, 1, fedramp=False)

    assert is_to_be_refreshed(Care(0.0, refresh_tried_at=tried_at), state, credential, NOW) is expected
