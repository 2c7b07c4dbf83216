from __future__ import annotations

import json

from sqlite_utils import Database

from codexlb_store.choices import ChoiceRow, Considered, load_choices, save_choice

FIRST = ChoiceRow(
    exchange_id="x1",
    number=1,
    chosen_at=1000.25,
    account_id="a1",
    reason="weighted",
    candidates=(
        Considered("a1", 0.75, terms={"capacity": 5.0, "pace": 1 / 3}),
        Considered("a2", 0.0),
        Considered("a3", excluded="limited"),
    ),
)
SECOND = ChoiceRow("x1", 2, 1001.0, None, "none left", ())


def test_choices_come_back_as_they_were_in_the_order_of_the_attempts(db: Database) -> None:
    for row in (SECOND, FIRST):
        save_choice(db, row)

    assert load_choices(db, "x1") == [FIRST, SECOND]


def test_of_an_unknown_exchange_there_is_none(db: Database) -> None:
    assert load_choices(db, "x1") == []


def test_what_was_kept_once_stays(db: Database) -> None:
    save_choice(db, FIRST)
    save_choice(db, ChoiceRow("x1", 1, 2000.0, "a9", "other", ()))

    assert load_choices(db, "x1") == [FIRST]


def test_only_what_is_so_takes_room(db: Database) -> None:
    save_choice(db, FIRST)

    [row] = db["choices"].rows
    assert json.loads(row["candidates"])[1:] == [
        {"account": "a2", "weight": 0.0},
        {"account": "a3", "excluded": "limited"},
    ]
