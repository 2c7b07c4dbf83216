"""A token is refreshed before it is used when it is due, and ahead of that while nobody waits for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from addons.upkeep.expiry import is_due, is_due_soon, is_expired, spread
from codexlb_store.credentials import Credential

NOW = 1_000_000.0
DAY = 86_400.0
CREDENTIAL = Credential("a", "w", "access", "refresh", None, None, 1, fedramp=False)


@pytest.mark.parametrize(
    ("expires_at", "last_refresh", "due"),
    [
        pytest.param(NOW + 301, NOW - 9 * DAY, False, id="lasts, whatever its age"),
        pytest.param(NOW + 300, NOW, True, id="five minutes before its end"),
        pytest.param(NOW - 1, NOW, True, id="expired"),
        # one that does not say when it expires
        pytest.param(None, NOW - 8 * DAY, False, id="eight days old"),
        pytest.param(None, NOW - 8 * DAY - 1, True, id="older"),
        pytest.param(None, None, False, id="of unknown age"),
    ],
)
def test_when_a_token_is_refreshed(expires_at: float | None, last_refresh: float | None, due: bool) -> None:
    assert is_due(replace(CREDENTIAL, expires_at=expires_at, last_refresh=last_refresh), NOW) is due


@pytest.mark.parametrize(
    ("expires_at", "expired"), [(NOW + 1, False), (NOW, True), (None, False)], ids=["lasts", "ended", "does not say"]
)
def test_when_a_token_is_no_good_any_more(expires_at: float | None, expired: bool) -> None:
    assert is_expired(replace(CREDENTIAL, expires_at=expires_at), NOW) is expired


@pytest.mark.parametrize(
    ("expires_at", "last_refresh", "due"),
    [
        # ten days, like the real ones: between 30 and 15 minutes before
        pytest.param(NOW + 1801, NOW - 10 * DAY, {False}, id="more than half an hour before its end"),
        pytest.param(NOW + 1400, NOW - 10 * DAY, {False, True}, id="in between, each at its own time"),
        pytest.param(NOW + 900, NOW - 10 * DAY, {True}, id="a quarter of an hour before"),
        pytest.param(NOW + 900, None, {True}, id="of unknown age"),
        pytest.param(NOW - 1, NOW - 10 * DAY, {True}, id="expired"),
        # a life of 10 minutes: between 2.5 and 1.25 minutes before
        pytest.param(NOW + 151, NOW - 449, {False}, id="more than a quarter of a short life"),
        pytest.param(NOW + 110, NOW - 490, {False, True}, id="of a short life, in between"),
        pytest.param(NOW + 75, NOW - 525, {True}, id="an eighth of a short life"),
        pytest.param(NOW + 1, NOW + 2, {False}, id="refreshed after its end: a clock is wrong"),
        pytest.param(NOW - 1, NOW - 1, {False}, id="ended when it came, likewise: refreshed for ever else"),
        pytest.param(NOW, NOW - 1, {True}, id="ended after a second"),
        # one that does not say when it expires
        pytest.param(None, NOW - 7 * DAY, {False}, id="seven days old"),
        pytest.param(None, NOW - 7.5 * DAY, {False, True}, id="between seven and eight"),
        pytest.param(None, NOW - 8 * DAY - 1, {True}, id="more than eight"),
        pytest.param(None, None, {False}, id="of an age that nobody knows"),
    ],
)
def test_when_it_is_refreshed_ahead_of_need(
    expires_at: float | None, last_refresh: float | None, due: set[bool]
) -> None:
    """Of a hundred accounts."""
    crowd = [
        replace(CREDENTIAL, account_id=f"a{number}", expires_at=expires_at, last_refresh=last_refresh)
        for number in range(100)
    ]

    assert {is_due_soon(credential, NOW) for credential in crowd} == due


def test_moments_are_spread_evenly_and_are_the_same_in_every_process() -> None:
    shares = [spread(f"account/{version}") for version in range(1000)]

    assert all(0 <= share < 1 for share in shares)
    assert {int(share * 10) for share in shares} == set(range(10))
    assert spread("account/1") == shares[1] == 0.2909065899439156
