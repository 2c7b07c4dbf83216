from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from codexlb_store.accounts import Account, set_alias
from codexlb_store.keyring import Keyring
from codexlb_store.limit_texts import limit_text
from scripts.data_folder import DataFolder
from tests.scripts.accounts.people import refused
from tests.scripts.keys.people import as_json, codexlb_keys, made, misused, stored
from tests.scripts.sample_ledger import add_account

PLAIN = re.compile(r"sk-clb-[A-Za-z0-9_-]{43}")


@pytest.fixture
def ann(folder: DataFolder) -> Account:
    return add_account(folder, "ann@example.com", "plus")


@pytest.fixture
def bob(folder: DataFolder) -> Account:
    account = add_account(folder, "bob@example.com", "pro")
    set_alias(folder.db, account.id, "work")
    return account


def test_the_key_is_printed_once_and_alone_on_standard_output() -> None:
    result = codexlb_keys("create", "laptop")

    [key] = stored()
    assert result.exit_code == 0
    assert PLAIN.fullmatch(result.stdout.removesuffix("\n"))
    assert Keyring([key]).authenticate(result.stdout.strip(), 0) == key
    assert result.stderr == (
        f"Made the key laptop ({key.id}). It is the first one: from now on clients need a key, "
        "those on this machine too.\n\n\n"
        "It is shown this once. Where Codex runs: `export CODEX_LB_API_KEY=...`, and "
        '`env_key = "CODEX_LB_API_KEY"` below `base_url` in config.toml.\n'
    )


def test_a_second_key_is_not_the_first() -> None:
    made("laptop")

    result = codexlb_keys("create", "desk", "--expires", "90d")

    assert re.match(r"Made the key desk \(\w{12}\), good until \d+ \w+ \d\d:\d\d\.\n\n\nIt is shown", result.stderr)


def test_every_rule_is_stored(ann: Account, bob: Account) -> None:
    made(
        "laptop", "--expires", "90d", "--models", "gpt-5.5*,gpt-5.4", "--efforts", "low,medium",
        "--accounts", "work,ann@example.com", "--limit", "5M-tokens/day", "--limit", "2M-output/month:gpt-5.5",
        "--concurrency", "4", "--enforce", "model=gpt-5.5,effort=low,tier=fast", "--tz", "Europe/Berlin",
    )  # fmt: skip

    [key] = stored()
    assert key.expires_at == key.created_at + 90 * 86_400
    assert (key.models, key.efforts) == (("gpt-5.5*", "gpt-5.4"), ("low", "medium"))
    assert key.accounts == (bob.id, ann.id)
    assert (key.enforced_model, key.enforced_effort, key.enforced_tier) == ("gpt-5.5", "low", "priority")
    assert key.time_zone == "Europe/Berlin"
    assert list(map(limit_text, key.limits)) == ["5M-tokens/day", "2M-output/month:gpt-5.5", "4 concurrent"]


def test_as_json_the_key_stands_in_the_record() -> None:
    record = as_json("create", "laptop", "--limit", "60req/min")

    plain = record.pop("key")
    assert PLAIN.fullmatch(plain)
    assert [record] == as_json("list")
    assert Keyring(stored()).authenticate(plain, 0) == stored()[0]


def test_the_key_is_nowhere_in_the_data_folder(folder: DataFolder) -> None:
    plains = [made("laptop"), as_json("create", "desk")["key"], as_json("rotate", "laptop")["key"]]
    plains.append(codexlb_keys("rotate", "desk").stdout.strip())

    def held() -> bytes:
        return b"".join(path.read_bytes() for path in Path(os.environ["CODEXLB_HOME"]).rglob("*") if path.is_file())

    in_wal = held()
    folder.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    for plain in plains:
        assert plain[:15].encode() in in_wal and plain[:15].encode() in held()
        assert plain[15:].encode() not in in_wal + held()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["two\nlines"], "Error: Invalid value for 'NAME': The name 'two\\nlines' does not do: give 1 to 64"),
        (["sk-clb-mine"], "Error: Invalid value for 'NAME': A key's name is shown everywhere"),
        (["x", "--expires", "soon"], "Error: Invalid value for '--expires': 'soon' is no length of time"),
        (["x", "--limit", "5M"], "Error: Invalid value for '--limit': The limit '5M' "),
        (["x", "--limit", "1req/day", "--limit", "nine"], "Error: Invalid value for '--limit': The limit 'nine' "),
        (["x", "--concurrency", "0"], "Error: Invalid value for '--concurrency': The limit '0 concurrent' "),
        (["x", "--efforts", "hard"], "Error: Invalid value for '--efforts': 'hard' is no reasoning effort"),
        (["x", "--enforce", "tier"], "Error: Invalid value for '--enforce': '' is no service tier"),
        (["x", "--tz", "Mars/Olympus"], "Error: Invalid value for '--tz': There is no time zone 'Mars/Olympus'"),
        (["x", "--limit", "1req/day", "--limit", "2req/day"], "Error: The limits 1req/day and 2req/day are of the sam"),
        (["x", "--models", "a", "--enforce", "model=b"], "Error: The key would enforce the model b"),
        ([], "Error: Missing argument 'NAME'."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_of_use_makes_no_key(arguments: list[str], sentence: str) -> None:
    assert misused(codexlb_keys("create", *arguments)).startswith(sentence)
    assert stored() == []


def test_an_account_that_there_is_not_makes_no_key(ann: Account) -> None:
    sentence = refused(codexlb_keys("create", "laptop", "--accounts", "ann,carol"))

    assert sentence == "There is no account 'carol': give one of ann@example.com."
    assert stored() == []


def test_a_name_is_given_once() -> None:
    made("laptop")

    assert refused(codexlb_keys("create", "Laptop", "--json")).startswith("There is or was a key named 'Laptop'")
    assert json.loads(codexlb_keys("list", "--json").stdout)[0]["name"] == "laptop"
