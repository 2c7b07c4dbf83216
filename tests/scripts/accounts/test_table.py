from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from codexlb_store.account_views import AccountView
from codexlb_store.accounts import AccountStatus
from scripts.accounts.table import accounts_table, is_worth_telling
from tests.scripts.accounts.views import DAY, HOUR, NOW, on, view
from tests.scripts.snapshots import printed, snapshot


def everybody() -> list[AccountView]:
    """One account of each kind."""
    limited = view(
        "bob@work.example.org", AccountStatus.LIMITED, [(300, 100, 3100), (10_080, 88, 9e5)], until=NOW + 3100,
        token_refreshed_at=NOW - 3 * DAY,
    )  # fmt: skip
    heavy = view("frank@example.com", windows=[(300, 5, 60)], token_refreshed_at=NOW - DAY)
    return [
        view(
            "ann@example.com", windows=[(300, 47.4, 8000), (10_080, 12, 273_600)], in_flight=2,
            token_refreshed_at=NOW - 3 * HOUR, token_expires_at=NOW + 9 * DAY,
        ),
        on("pro", replace(limited, limited_by=limited.windows[0])),
        view(
            "carol@example.com", AccountStatus.NEEDS_LOGIN, reason="refresh_token_reused",
            token_expires_at=NOW - 2 * HOUR, last_error="refresh_token_reused", last_error_at=NOW - 60,
        ),
        view("dora@example.com as work", AccountStatus.PAUSED, [(300, 99.9, -60), (43_200, 0.2, None)]),
        view(
            "emil@example.com", AccountStatus.COOLING, [(300, 71, 60)], until=NOW + 40,
            last_error="rate_limit_exceeded", last_error_at=NOW - 4, token_refreshed_at=NOW - 60,
        ),
        replace(heavy, account=replace(heavy.account, weight=2.5)),
    ]  # fmt: skip


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("detailed", [False, True], ids=["", "detailed"])
def test_the_table_has_a_line_per_window(width: int, detailed: bool) -> None:
    text = printed(accounts_table(everybody(), NOW, width, datetime.UTC, detailed), width)

    assert text == snapshot(f"accounts{'-detailed' if detailed else ''}-{width}", text)
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_a_long_name_is_never_cut(width: int) -> None:
    name = "somebody.with.a.rather.long.name@mail.department.example.com"
    views = [view(name, windows=[(300, 47, 8000)])]

    lines = printed(accounts_table(views, NOW, width, datetime.UTC), width).splitlines()

    assert max(map(len, lines)) <= width
    assert "".join(line.split(" ")[0] for line in lines[2:]).startswith(name)


def test_two_accounts_of_one_name_carry_their_ids() -> None:
    seats = [view("ann@example.com"), view("ann@example.com")]
    twins = [replace(seat, account=replace(seat.account, id=f"id{n}")) for n, seat in enumerate(seats)]

    text = printed(accounts_table(twins, NOW, 100, datetime.UTC), 100)

    assert "ann@example.com (id0) · plus" in text
    assert "ann@example.com (id1) · plus" in text


@pytest.mark.parametrize(
    ("error", "seconds", "status", "told"),
    [
        ("issuer_timeout", 60, AccountStatus.ACTIVE, True),
        ("issuer_timeout", 2 * DAY, AccountStatus.ACTIVE, False),
        ("usage_limit_reached", 60, AccountStatus.LIMITED, False),
        ("token_invalidated", 60, AccountStatus.NEEDS_LOGIN, False),
        ("token_expired", 60, AccountStatus.PAUSED, False),
        (None, None, AccountStatus.ACTIVE, False),
    ],
    ids=["fresh", "old", "the limit itself", "what made it so", "the reason itself", "none"],
)
def test_an_error_is_told_as_far_as_it_helps(
    error: str | None, seconds: float | None, status: AccountStatus, told: bool
) -> None:
    at = None if seconds is None else NOW - seconds
    shown = view("ann@example.com", status, reason="token_expired", last_error=error, last_error_at=at)

    assert is_worth_telling(shown, NOW) is told
