"""The pool in one line."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pytest

from codexlb_store.account_views import AccountView
from codexlb_store.accounts import AccountStatus
from codexlb_store.windows import Window
from scripts.glance.line import line_width, pool_line, short_names
from scripts.glance.pool import Pool
from tests.codexlb_store.rows import ANN

UTC = datetime.UTC
NOW = datetime.datetime(2026, 11, 22, 17, 20, tzinfo=UTC).timestamp()
HOUR = 3600


def view(name: str, *used: tuple[int, float], age: float = 60, **more: Any) -> AccountView:
    """An account with these windows, by minutes and percent used."""
    account = replace(ANN, id=f"id-{name}", alias=more.pop("alias", None), email=f"{name}@example.com")
    windows = tuple(Window(account.id, minutes, percent, NOW + HOUR, NOW - age) for minutes, percent in used)
    return AccountView(account, more.pop("status", AccountStatus.ACTIVE), more.pop("until", None), 0, windows, **more)


ANN_USED = view("ann", (300, 47.4), (10_080, 12.0))
BOB_FULL = view("bob", (300, 100.0), status=AccountStatus.LIMITED, until=NOW + 3060)
CAROL = view("carol", (43_200, 93.9))


@pytest.mark.parametrize(
    ("views", "in_flight", "line"),
    [
        ([ANN_USED, BOB_FULL], 3, "ann 5h 47% · week 12% | bob limited till 18:11 | 3 in flight"),
        ([CAROL], 0, "carol month 93%"),
        ([view("dora")], 0, "dora n/a"),
        ([view("ann", (300, 0.4), age=2 * HOUR)], 0, "ann 5h <1%?"),
        ([view("ann", (300, 5.0), status=AccountStatus.DRAINING)], 0, "ann draining 5h 5%"),
        ([view("ann", status=AccountStatus.NEEDS_LOGIN), view("bob", status=AccountStatus.PAUSED)], 0,
         "ann needs login | bob paused"),
        ([view("ann", status=AccountStatus.COOLING, until=NOW + 60)], 1, "ann cooling till 17:21 | 1 in flight"),
        ([view("ann", (90, 3.0), alias="work")], 0, "work 90min 3%"),
    ],
    ids=["usual", "one", "never read", "read long ago", "draining", "out", "cooling", "alias"],
)  # fmt: skip
def test_a_line(views: list[AccountView], in_flight: int, line: str) -> None:
    assert pool_line(Pool(views, in_flight), NOW, 140, UTC) == line


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (80, "ann 5h 47% · week 12% | bob limited till 18:11 | carol month 93% | 3 in flight"),
        (78, "ann 5h 47% · week 12% | bob limited till 18:11 | carol month 93% | 3 in flight"),
        (77, "ann 5h 47% | bob limited till 18:11 | carol month 93% | 3 in flight"),
        (60, "ann 5h 47% | bob limited till 18:11 | +1 more | 3 in flight"),
        (40, "ann 5h 47% | +2 more | 3 in flight"),
        (20, "ann 5h 47%"),
        (8, "ann 5h …"),
        (1, "…"),
        (0, ""),
    ],
    ids=str,
)
def test_a_line_is_never_wider_than_it_may_be(width: int, line: str) -> None:
    found = pool_line(Pool([ANN_USED, BOB_FULL, CAROL], 3), NOW, width, UTC)

    assert found == line
    assert line_width(found) <= width


def test_names_are_short_while_they_tell_accounts_apart() -> None:
    """Aliases, else what stands before the @; two alike have whole names, a person in two workspaces the ids."""
    accounts = [
        replace(ANN, id="1", email="ann@example.com"),
        replace(ANN, id="2", email="bob@home.example"),
        replace(ANN, id="3", email="bob@work.example"),
        replace(ANN, id="4", email="carol@example.com"),
        replace(ANN, id="5", email="carol@example.com"),
        replace(ANN, id="6", alias="x\x1b", email="x@example.com"),
    ]

    assert list(short_names(accounts).values()) == ["ann", "bob@home.example", "bob@work.example", "4", "5", "x�"]


def test_wide_characters_take_two_columns() -> None:
    found = pool_line(Pool([view("日本語")], 0), NOW, 6, UTC)

    assert (found, line_width(found)) == ("日本…", 5)
