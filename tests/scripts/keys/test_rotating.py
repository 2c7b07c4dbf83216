from __future__ import annotations

import re
from dataclasses import replace

import pytest

from codexlb_store.keyring import KeyProblem, Keyring
from codexlb_store.keys import Key
from scripts.data_folder import DataFolder
from scripts.keys.rotating import end_of_old
from tests.scripts.accounts.people import refused
from tests.scripts.keys.people import as_json, codexlb_keys, made, misused, stored
from tests.scripts.keys.views import NOW, secret, view


def test_the_new_key_is_good_and_the_old_one_for_the_overlap() -> None:
    old = made("laptop", "--limit", "60req/min", "--models", "gpt-5.5")
    [before] = stored()

    result = codexlb_keys("rotate", "lap", "--overlap", "2h")

    new, [key] = result.stdout.strip(), stored()
    ends = key.secrets[0].valid_until
    assert result.exit_code == 0 and new != old and ends is not None
    assert re.match(rf"Made a new key for laptop \({key.id}\); the old one works until \S+( \S+)?\.\n", result.stderr)
    assert "export CODEX_LB_API_KEY=" in result.stderr
    assert replace(key, secrets=before.secrets) == before
    assert key.secrets[1].made_at + 7200 == ends
    good = [Keyring([key]).authenticate(plain, now) for plain in (old, new) for now in (ends - 1, ends)]
    assert good == [key, KeyProblem.REPLACED, key, key]


def test_without_an_overlap_the_old_one_ends_at_once() -> None:
    made("laptop")

    assert "; the old one works no more.\n" in codexlb_keys("rotate", "laptop", "--overlap", "0h").stderr


def test_as_json_the_key_stands_in_the_record() -> None:
    old = made("laptop")

    record = as_json("rotate", "laptop")

    plain = record.pop("key")
    assert [record] == as_json("list")
    assert [(one["prefix"], one["valid_until"] is None) for one in record["secrets"]] == [
        (old[:15], False),
        (plain[:15], True),
    ]
    assert record["secrets"][0]["valid_until"] == record["secrets"][1]["made_at"] + 86_400


@pytest.mark.parametrize(
    ("overlaps", "expires_at", "end"),
    [
        pytest.param([NOW + 3600], None, "the old one works until ", id="the overlap"),
        pytest.param([NOW + 60, NOW + 3600], None, "the old one works until ", id="of two the later"),
        pytest.param([NOW], None, "the old one works no more", id="none"),
        pytest.param([NOW + 3600], NOW - 1, "the old one works no more", id="not beyond the key's own end"),
    ],
)
def test_until_when_the_old_one_works(overlaps: list[float], expires_at: float | None, end: str) -> None:
    forms = (*(secret("OldOldOl", until) for until in overlaps), secret("NewNewNe"))
    key: Key = view("laptop", secrets=forms, expires_at=expires_at).key

    assert end_of_old(key, NOW).startswith(end)


def test_a_key_that_has_expired_is_not_rotated(folder: DataFolder) -> None:
    made("laptop")
    folder.db.execute("UPDATE keys SET expires_at = 5")
    folder.db.conn.commit()
    before = stored()

    assert refused(codexlb_keys("rotate", "laptop")).endswith(
        " has expired: make a new key with `codexlb keys create NAME`."
    )
    assert stored() == before


def test_a_disabled_key_is_rotated_with_a_warning() -> None:
    made("laptop")
    codexlb_keys("disable", "laptop")

    result = codexlb_keys("rotate", "laptop")

    [key] = stored()
    assert result.exit_code == 0
    assert result.stderr.endswith(f"Warning: laptop ({key.id}) is disabled: run `codexlb keys enable {key.id}`.\n")


@pytest.mark.parametrize("text", ["soon", "-1h", "36501d"])
def test_an_overlap_is_a_length_of_time(text: str) -> None:
    made("laptop")

    assert misused(codexlb_keys("rotate", "laptop", f"--overlap={text}")).startswith(
        f"Error: Invalid value for '--overlap': '{text}' is "
    )
    assert len(stored()[0].secrets) == 1
