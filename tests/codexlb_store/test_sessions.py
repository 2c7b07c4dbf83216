from __future__ import annotations

from sqlite_utils import Database

from codexlb_store.sessions import Home, load_homes, save_home


def test_a_session_lives_where_it_was_served_last(db: Database) -> None:
    save_home(db, Home("s", "a1", 10.0))
    save_home(db, Home("s", "a2", 20.0))
    save_home(db, Home("s", "a3", 15.0))

    assert load_homes(db, since=0) == {"s": Home("s", "a2", 20.0)}


def test_only_homes_used_since_then_are_loaded(db: Database) -> None:
    save_home(db, Home("old", "a1", 10.0))
    save_home(db, Home("new", "a1", 20.0))

    assert set(load_homes(db, since=20.0)) == {"new"}
