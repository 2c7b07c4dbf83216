from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from codexlb_store.key_changes import (
    KeyExistsError,
    create_key,
    note_use,
    revoke_key,
    rotate_key,
    set_disabled,
    set_limits,
)
from codexlb_store.keys import Key, digest_of, load_keys
from codexlb_store.limit_texts import limit_text, parse_limit
from codexlb_store.limits import Limit
from codexlb_store.schema import open_store
from tests.codexlb_store.key_rows import make_key
from tests.codexlb_store.together import run_together

NOW = 5000.0
DRAFT = Key(
    name="laptop",
    created_at=NOW,
    expires_at=NOW + 90,
    time_zone="Europe/Berlin",
    enforced_model="gpt-5.5",
    enforced_effort="low",
    enforced_tier="flex",
    models=("gpt-5.5*", "gpt-5.4"),
    efforts=("low", "medium"),
    accounts=("0123456789ab",),
    limits=(parse_limit("5M-tokens/day"), parse_limit("4 concurrent:gpt-5.5")),
)


def test_a_new_key_is_stored_with_all_its_rules(db: Database) -> None:
    key, plain = create_key(db, DRAFT)

    assert load_keys(db) == [key]
    assert re.fullmatch(r"[0-9a-f]{12}", key.id)
    assert key == replace(DRAFT, id=key.id, limits=key.limits, secrets=key.secrets)
    assert [limit_text(limit) for limit in key.limits] == ["5M-tokens/day", "4 concurrent:gpt-5.5"]
    assert [(s.sha256, s.prefix, s.made_at, s.valid_until) for s in key.secrets] == [
        (digest_of(plain), plain[:15], NOW, None)
    ]


def test_a_key_without_rules_allows_everything_for_ever(db: Database) -> None:
    key, _ = create_key(db, Key("laptop", NOW))

    assert load_keys(db) == [key]
    assert (key.expires_at, key.models, key.efforts, key.accounts, key.limits) == (None, None, None, None, ())


def test_what_is_not_a_persons_to_choose_is_not_taken_over(db: Database) -> None:
    other = make_key(db, name="other")
    key, _ = create_key(db, replace(other, name="laptop", revoked_at=NOW, disabled_at=NOW, last_used_at=NOW))

    assert key.id != other.id
    assert key.secrets != other.secrets
    assert (key.revoked_at, key.disabled_at, key.last_used_at) == (None, None, None)


def test_a_key_has_43_characters_that_are_not_like_any_others(db: Database) -> None:
    plains = {create_key(db, Key(f"key {number}", NOW))[1] for number in range(20)}

    assert len(plains) == 20
    assert all(re.fullmatch(r"sk-clb-[A-Za-z0-9_-]{43}", plain) for plain in plains)


def test_the_plain_text_is_nowhere_on_disk(home: Path, db: Database) -> None:
    key, plain = create_key(db, DRAFT)
    second = rotate_key(db, key.id, 60, NOW)
    in_wal = b"".join(path.read_bytes() for path in home.iterdir())
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    in_database = b"".join(path.read_bytes() for path in home.iterdir())

    for text in (plain, second):
        assert text[:15].encode() in in_wal and text[:15].encode() in in_database
        assert text[15:].encode() not in in_wal + in_database
    assert digest_of(plain) not in repr(load_keys(db))


@pytest.mark.parametrize("name", ["laptop", "LapTop"])
def test_a_name_is_given_once_even_after_its_key_is_revoked(name: str, db: Database) -> None:
    key = make_key(db)
    revoke_key(db, key.id, NOW)

    with pytest.raises(KeyExistsError, match=f"There is or was a key named '{name}' already"):
        create_key(db, Key(name, NOW))
    assert len(load_keys(db)) == 1
    assert not db.conn.in_transaction


def test_of_several_processes_that_give_one_name_one_does(home: Path) -> None:
    with closing(open_store(home)):
        pass

    printed = run_together(
        "from codexlb_store.schema import open_store\n"
        "from codexlb_store.keys import Key\n"
        "from codexlb_store.key_changes import KeyExistsError, create_key",
        "db = open_store(home)\n"
        "try:\n"
        "    create_key(db, Key('laptop', 1.0)); print('made')\n"
        "except KeyExistsError:\n"
        "    print('taken')",
        home,
    )

    assert sorted(printed) == ["made", "taken", "taken", "taken"]


def test_a_rotated_key_keeps_its_old_form_for_the_overlap(db: Database) -> None:
    key, plain = create_key(db, DRAFT)
    second = rotate_key(db, key.id, 3600, NOW + 10)

    (rotated,) = load_keys(db)
    assert [(secret.sha256, secret.valid_until) for secret in rotated.secrets] == [
        (digest_of(plain), NOW + 3610),
        (digest_of(second), None),
    ]
    assert replace(rotated, secrets=()) == replace(key, secrets=())


def test_to_rotate_again_does_not_lengthen_the_life_of_an_old_form(db: Database) -> None:
    key, _ = create_key(db, DRAFT)
    rotate_key(db, key.id, 100, NOW)
    rotate_key(db, key.id, 3600, NOW + 10)
    assert [secret.valid_until for secret in load_keys(db)[0].secrets] == [NOW + 100, NOW + 3610, None]

    rotate_key(db, key.id, 0, NOW + 20)
    assert [secret.valid_until for secret in load_keys(db)[0].secrets] == [NOW + 20, NOW + 20, NOW + 20, None]


def test_a_key_is_disabled_and_enabled(db: Database) -> None:
    key, other = make_key(db), make_key(db, name="other")

    set_disabled(db, key.id, NOW)
    assert load_keys(db) == [replace(key, disabled_at=NOW), other]

    set_disabled(db, key.id, None)
    assert load_keys(db) == [key, other]


def test_a_revoked_key_stays_as_a_row_and_keeps_the_time(db: Database) -> None:
    key, other = make_key(db), make_key(db, name="other")

    revoke_key(db, key.id, NOW)
    revoke_key(db, key.id, NOW + 10)

    assert load_keys(db) == [replace(key, revoked_at=NOW), other]


def test_the_latest_use_is_noted(db: Database) -> None:
    key, other = make_key(db), make_key(db, name="other")

    for now in (NOW, NOW + 10, NOW + 5):
        note_use(db, key.id, now)

    assert load_keys(db) == [replace(key, last_used_at=NOW + 10), other]


def limits_of(db: Database, key: Key) -> dict[str, Limit]:
    """A key's limits as stored, by their texts."""
    (stored,) = (known for known in load_keys(db) if known.id == key.id)
    return {limit_text(limit): limit for limit in stored.limits}


def test_limits_that_stay_keep_what_was_used_of_them(db: Database) -> None:
    key = make_key(db, "5M-tokens/day", "60req/min", "4 concurrent")
    day, minute, concurrent = key.limits
    for limit in key.limits:
        db.execute("INSERT INTO budgets VALUES (?, 1, 2, 3)", (limit.id,))
        db.execute("INSERT INTO grants VALUES (?, 1, 'p', 3, NULL)", (limit.id,))

    texts = ["2M-tokens/day", "5M-tokens/day:gpt-5.5", "9 concurrent"]
    set_limits(db, key.id, map(parse_limit, texts), NOW)

    now = limits_of(db, key)
    assert sorted(now) == sorted(texts)
    assert now["2M-tokens/day"] == replace(day, amount=2_000_000)
    assert now["9 concurrent"] == replace(concurrent, amount=9)
    left = {day.id, concurrent.id}
    assert {row[0] for row in db.execute("SELECT limit_id FROM budgets")} == left
    assert {row[0] for row in db.execute("SELECT limit_id FROM grants")} == left
    assert minute.id not in {limit.id for limit in now.values()}


def test_the_id_of_a_limit_is_never_used_again(db: Database) -> None:
    key = make_key(db, "60req/min")
    (first,) = key.limits
    set_limits(db, key.id, [], NOW)
    assert limits_of(db, key) == {}

    set_limits(db, key.id, [parse_limit("60req/min")], NOW)
    assert limits_of(db, key)["60req/min"].id > first.id


def test_the_limits_of_other_keys_stay(db: Database) -> None:
    key, other = make_key(db, "60req/min"), make_key(db, "60req/min", name="other")

    set_limits(db, key.id, [], NOW)

    assert limits_of(db, other) == {"60req/min": other.limits[0]}


def test_of_two_amounts_for_one_limit_the_later_counts(db: Database) -> None:
    key = make_key(db, "60req/min", "30req/min")

    assert list(limits_of(db, key)) == ["30req/min"]
