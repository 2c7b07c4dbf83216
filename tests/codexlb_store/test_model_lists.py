"""The last lists of models are kept, no more of them than needed, and the right one is found again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlite_utils import Database

from codexlb_store.accounts import remove_account
from codexlb_store.model_lists import (
    MOST_LISTS,
    SAME_TIME_SECONDS,
    TOUCH_SECONDS,
    KeptList,
    ModelLists,
    available,
    load_lists,
    save_list,
    stand_in,
)

NOW = 1_000_000.0
DAY = SAME_TIME_SECONDS
A_LIST = KeptList("0.169.0", "a", b'{"models":[{"slug":"m"}]}', "application/json", 'W/"e1"', ("m",), NOW)


def a_list(models: str, *, version: str = "0.169.0", account: str = "a", age: float = 0.0) -> KeptList:
    """A list of models that have names of one letter."""
    return replace(A_LIST, client_version=version, account_id=account, models=tuple(models), read_at=NOW - age)


def test_a_list_comes_back_as_it_was(db: Database) -> None:
    other = replace(A_LIST, client_version="", account_id="b", body=b"\xff", etag=None, models=(), read_at=NOW + 1)
    save_list(db, A_LIST)
    save_list(db, other)

    assert load_lists(db) == [other, A_LIST]


def test_a_newer_list_takes_the_place_of_the_accounts_last_one_for_that_version(db: Database) -> None:
    newer = replace(A_LIST, body=b"{}", read_at=NOW + 1)
    save_list(db, A_LIST)
    save_list(db, newer)

    assert load_lists(db) == [newer]


def test_the_oldest_of_too_many_goes(db: Database) -> None:
    lists = [replace(A_LIST, client_version=str(number), read_at=NOW + number) for number in range(MOST_LISTS + 2)]
    held = ModelLists()
    for kept in lists:
        save_list(db, kept)
        held.note(kept)

    assert load_lists(db) == lists[:1:-1]
    assert held.of({"a"}) == lists[2:]


@pytest.mark.parametrize("models", ["x", "", "5", "null"])
def test_a_damaged_row_is_none(db: Database, models: str) -> None:
    save_list(db, A_LIST)
    save_list(db, replace(A_LIST, account_id="b"))
    db.execute("UPDATE model_lists SET models = ? WHERE account_id = 'b'", (models,))

    assert load_lists(db) == [A_LIST]


def test_a_list_from_the_future_is_no_newer_than_one_that_comes_now() -> None:
    other = replace(A_LIST, account_id="b", read_at=NOW + 9 * DAY)
    held = ModelLists([other])

    held.note(A_LIST)

    assert held.of("ab") == [replace(other, read_at=NOW), A_LIST]


def test_a_list_goes_with_its_account(db: Database) -> None:
    other = replace(A_LIST, account_id="b")
    save_list(db, A_LIST)
    save_list(db, other)

    remove_account(db, "a")

    assert load_lists(db) == [other]
    assert ModelLists([A_LIST, other]).of({"b", "c"}) == [other]


def test_the_body_is_not_shown() -> None:
    assert "slug" not in repr(A_LIST)


NEWS = {
    "the same again": ((), 60.0, False),
    "another body": (("body", b"{}"), 60.0, True),
    "another etag": (("etag", None), 60.0, True),
    "other models": (("models", ("n",)), 60.0, True),
    "of another account": (("account_id", "b"), 60.0, True),
    "for another version": (("client_version", "0.170.0"), 60.0, True),
    "the same long after": ((), TOUCH_SECONDS, True),
    "the same, and the clock was put back": ((), -60.0, True),
}


@pytest.mark.parametrize(("changed", "later", "expected"), NEWS.values(), ids=NEWS)
def test_only_news_is_written_down(changed: tuple[str, object] | tuple[()], later: float, expected: bool) -> None:
    held = ModelLists([A_LIST])
    fresh = replace(A_LIST, **{**dict([changed] if changed else []), "read_at": NOW + later})  # type: ignore[arg-type]

    assert held.note(fresh) is expected
    assert fresh in held.of({"a", "b"})
    assert held.note(fresh) is False


def test_the_time_in_the_store_is_what_counts() -> None:
    """A list that comes each hour is written down now and then all the same."""
    held, hour = ModelLists([A_LIST]), 3_600.0

    written = [held.note(replace(A_LIST, read_at=NOW + number * hour)) for number in range(1, 13)]

    assert written.count(True) == 12 * hour / TOUCH_SECONDS


AVAILABLE: dict[str, tuple[list[KeptList], str]] = {
    "nothing is known": ([], ""),
    "one list": ([a_list("xy")], "xy"),
    "two, each model once": ([a_list("xz", account="b", age=9), a_list("xy")], "xyz"),
    "nothing of what is old": ([a_list("xy"), a_list("z", version="0.105.0", age=DAY)], "xy"),
    "all are old": ([a_list("xy", age=9 * DAY), a_list("z", age=11 * DAY)], "xy"),
    "none to pick": ([a_list("")], ""),
}


@pytest.mark.parametrize(("lists", "expected"), AVAILABLE.values(), ids=AVAILABLE)
def test_what_there_is(lists: list[KeptList], expected: str) -> None:
    assert available(lists) == tuple(expected)


SIGHT = {"small": 1.0, "large": 2.0}
OF_SMALL, OF_LARGE = a_list("x", account="small"), a_list("xy", account="large")

STAND_INS: dict[str, tuple[list[KeptList], KeptList | None]] = {
    "nothing is kept": ([], None),
    "its version": ([replace(OF_LARGE, client_version="1"), OF_SMALL], OF_SMALL),
    "its version, however old": ([replace(OF_SMALL, read_at=1.0), replace(OF_LARGE, client_version="1")],
                                 replace(OF_SMALL, read_at=1.0)),
    "who sees more": ([OF_SMALL, replace(OF_LARGE, read_at=NOW - 9)], replace(OF_LARGE, read_at=NOW - 9)),
    "who saw more long ago": ([OF_SMALL, replace(OF_LARGE, read_at=NOW - DAY)], OF_SMALL),
    "another version, the newest": (
        [a_list("a", version="1", age=2 * DAY), a_list("b", version="2"), a_list("c", version="3", age=5)],
        a_list("b", version="2"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("lists", "expected"), STAND_INS.values(), ids=STAND_INS)
def test_what_is_shown_where_there_is_no_list_from_the_upstream(
    lists: list[KeptList], expected: KeptList | None
) -> None:
    assert stand_in(lists, "0.169.0", lambda account_id: SIGHT.get(account_id, 0.0)) == expected
