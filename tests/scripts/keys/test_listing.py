from __future__ import annotations

from dataclasses import replace

from codexlb_store.key_changes import create_key
from codexlb_store.keys import Key
from codexlb_store.limit_texts import parse_limit
from scripts.data_folder import DataFolder
from tests.scripts.accounts.people import refused
from tests.scripts.keys.people import as_json, codexlb_keys, made


def test_without_keys_the_list_says_how_to_make_one() -> None:
    result = codexlb_keys("list")

    assert (result.exit_code, result.stdout) == (0, "No keys yet: make one with `codexlb keys create NAME`.\n")
    assert as_json("list") == []


def test_the_list_as_json_is_pure_data(folder: DataFolder) -> None:
    rules = Key("laptop", 5.0, 4e9, "Europe/Berlin", "gpt-5.5", models=("gpt*",), efforts=("low",), accounts=("a1",))
    limits = ("20usd/week", "1M-output/5h:gpt*", "4 concurrent")
    key, plain = create_key(folder.db, replace(rules, limits=tuple(map(parse_limit, limits))))
    folder.db.execute("INSERT INTO budgets VALUES (?, 3e9, 4e9, 250000)", (key.limits[1].id,))
    folder.db.conn.commit()

    [record] = as_json("list")

    week = record["limits"][0].pop("resets_at")
    assert week % 1800 == 0
    assert record == {
        "id": key.id,
        "name": "laptop",
        "prefix": plain[:15],
        "status": "active",
        "created_at": 5.0,
        "expires_at": 4e9,
        "disabled_at": None,
        "revoked_at": None,
        "last_used_at": None,
        "limits": [
            {"limit": "20usd/week", "kind": "usd", "span": "week", "model": None, "amount": 20.0, "used": 0.0,
             "used_percent": 0.0},
            {"limit": "1M-output/5h:gpt*", "kind": "output", "span": "5h", "model": "gpt*", "amount": 1_000_000,
             "used": 250_000, "used_percent": 25.0, "resets_at": 4e9},
            {"limit": "4 concurrent", "kind": "concurrent", "span": None, "model": None, "amount": 4, "used": 0,
             "used_percent": 0.0, "resets_at": None},
        ],
        "models": ["gpt*"],
        "efforts": ["low"],
        "accounts": ["a1"],
        "enforced": {"model": "gpt-5.5", "effort": None, "tier": None},
        "time_zone": "Europe/Berlin",
        "secrets": [{"prefix": plain[:15], "made_at": 5.0, "valid_until": None}],
    }  # fmt: skip


def test_what_is_no_rule_is_null() -> None:
    made("laptop")

    [record] = as_json("list")

    assert {name for name, value in record.items() if value is None} == {
        *("expires_at", "disabled_at", "revoked_at", "last_used_at", "models", "efforts", "accounts"),
    }
    assert record["time_zone"] == "UTC"


def test_the_list_is_a_table_without_keys_themselves() -> None:
    plain = made("laptop", "--limit", "5M-tokens/day")

    shown = codexlb_keys("list").stdout

    assert "laptop" in shown and "5M-tokens/day" in shown and plain[:15] in shown
    assert plain[:20] not in shown


def test_a_time_zone_that_this_machine_does_not_know_is_one_sentence(folder: DataFolder) -> None:
    create_key(folder.db, Key("laptop", 5.0, time_zone="Mars/Olympus", limits=(parse_limit("1req/day"),)))

    assert refused(codexlb_keys("list")).startswith("There is no time zone 'Mars/Olympus'")
