from __future__ import annotations

import datetime
from collections.abc import Iterable

import pytest

from codexlb_store.accounts import Account, AccountStatus
from codexlb_store.reports import AccountView
from codexlb_store.windows import Window
from scripts.accounts.table import accounts_table, bar, status_style
from tests.scripts.snapshots import printed, snapshot

NOW = datetime.datetime(2026, 11, 22, 17, 20, tzinfo=datetime.UTC).timestamp()


def view(
    name: str,
    status: AccountStatus,
    windows: Iterable[tuple[int, float, float | None]] = (),
    until: float | None = None,
    in_flight: int = 0,
) -> AccountView:
    """An account of that name, its windows as minutes, percent used and seconds to the reset."""
    account = Account(name, None, name, "plus", name, "acct", False, AccountStatus.ACTIVE, None, None, 1.0, NOW)
    found = tuple(
        Window(name, minutes, used, None if left is None else NOW + left, NOW) for minutes, used, left in windows
    )
    return AccountView(account, status, until, in_flight, found)


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_table_has_a_line_per_window(width: int) -> None:
    views = [
        view("ann@example.com", AccountStatus.ACTIVE, [(300, 47.4, 8000), (10_080, 12, 273_600)], in_flight=2),
        view("bob@example.com", AccountStatus.LIMITED, [(300, 100, 3100), (10_080, 88, 9e5)], until=NOW + 3100),
        view("carol@example.com", AccountStatus.NEEDS_LOGIN),
        view("dora@example.com", AccountStatus.PAUSED, [(300, 99.9, -60), (43_200, 0.2, None)]),
    ]

    text = printed(accounts_table(views, NOW, width, datetime.UTC), width)

    assert text == snapshot(f"accounts-{width}", text)
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_a_long_name_is_never_cut(width: int) -> None:
    name = "somebody.with.a.rather.long.name@mail.department.example.com"
    views = [view(name, AccountStatus.ACTIVE, [(300, 47, 8000)])]

    lines = printed(accounts_table(views, NOW, width, datetime.UTC), width).splitlines()

    assert max(map(len, lines)) <= width
    assert "".join(line.split(" ")[0] for line in lines[2:]).startswith(name)


@pytest.mark.parametrize(
    ("used", "drawn"),
    [(0, "╌╌╌╌"), (0.1, "━╌╌╌"), (49, "━╌╌╌"), (50, "━━╌╌"), (99.9, "━━━╌"), (100, "━━━━"), (120, "━━━━")],
)
def test_a_bar_is_empty_or_full_only_when_the_window_is(used: float, drawn: str) -> None:
    assert bar(used, 4).plain == drawn


@pytest.mark.parametrize(
    ("used", "colour"),
    [(0.1, "green"), (69.9, "green"), (70, "yellow"), (89.9, "yellow"), (90, "red"), (100, "red")],
)
def test_a_bar_takes_its_colour_from_what_is_left(used: float, colour: str) -> None:
    assert any(span.style == colour for span in bar(used, 4).spans)


@pytest.mark.parametrize("status", list(AccountStatus))
def test_every_status_has_a_colour(status: AccountStatus) -> None:
    assert status_style(status) in {"green", "yellow", "red", "dim"}
