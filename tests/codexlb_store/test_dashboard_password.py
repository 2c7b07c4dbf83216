"""The dashboard's password is known by a slow, salted hash alone."""

from __future__ import annotations

import unicodedata

import pytest
from sqlite_utils import Database

from codexlb_store.dashboard_password import (
    LEAST_CHARACTERS,
    MOST_CHARACTERS,
    PasswordError,
    check_password,
    hash_password,
    is_password,
    load_password,
    remove_password,
    save_password,
)

GOOD = "correct horse"


def test_a_password_is_known_again_and_no_other() -> None:
    stored = hash_password(GOOD, 1.0)

    assert is_password(GOOD, stored)
    assert [is_password(other, stored) for other in ("", "correct hors", "Correct horse", f"{GOOD} ")] == [False] * 4


def test_the_same_password_twice_has_two_salts_and_two_hashes() -> None:
    first, second = hash_password(GOOD, 1.0), hash_password(GOOD, 1.0)

    assert first.salt != second.salt
    assert first.hash != second.hash


def test_neither_salt_nor_hash_is_shown() -> None:
    assert repr(hash_password(GOOD, 1.0)) == "PasswordHash(n=32768, r=8, p=3, set_at=1.0)"


def test_a_character_may_be_spelled_in_two_ways() -> None:
    stored = hash_password(unicodedata.normalize("NFD", "größtes Glück"), 1.0)

    assert is_password(unicodedata.normalize("NFC", "größtes Glück"), stored)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x" * (LEAST_CHARACTERS - 1), "has 9 characters: give 10 or more."),
        ("", "has 0 characters"),
        ("x" * (MOST_CHARACTERS + 1), "has 257 characters: give 256 or less."),
    ],
    ids=["short", "empty", "long"],
)
def test_what_is_no_password(text: str, message: str) -> None:
    with pytest.raises(PasswordError, match=message):
        hash_password(text, 1.0)


def test_the_shortest_and_the_longest_password() -> None:
    assert [check_password("x" * count) for count in (LEAST_CHARACTERS, MOST_CHARACTERS)]


def test_it_is_stored_replaced_and_removed(db: Database) -> None:
    assert load_password(db) is None
    for now in (1.0, 2.0):
        password = hash_password(GOOD, now)
        save_password(db, password)
        assert load_password(db) == password
    assert db.table("dashboard_password").count == 1
    assert (remove_password(db), load_password(db), remove_password(db)) == (True, None, False)


def test_what_was_hashed_otherwise_is_still_known(db: Database) -> None:
    """The parameters are stored beside the hash, so they may be raised later."""
    db.execute(
        "INSERT INTO dashboard_password VALUES (1, x'00', 16, 1, 1, "
        "x'd8bb05e46fd9d5b7ef1c26ab81b8b6c8ed9c7b1c6c2c27d2a8c3b66ca0f3d4a1', 1.0)"
    )
    stored = load_password(db)

    assert stored and (stored.n, stored.r, stored.p) == (16, 1, 1)
    assert not is_password(GOOD, stored)
