from __future__ import annotations

import json
from pathlib import Path

import pytest

from codexlb_store.accounts import Account, AccountStatus, note_error, set_residency, set_state, set_weight
from codexlb_store.windows import Window, save_windows
from scripts.data_folder import DataFolder
from tests.scripts.accounts.people import LATER, codexlb_accounts, refused
from tests.scripts.sample_ledger import NOW


def test_without_accounts_the_list_says_how_to_add_one() -> None:
    result = codexlb_accounts("list")

    assert result.exit_code == 0
    assert result.stdout == "No accounts yet: add one with `codexlb accounts login`.\n"
    assert json.loads(codexlb_accounts("list", "--json").stdout) == []


def test_the_list_as_json_is_pure_data(ann: Account, folder: DataFolder) -> None:
    save_windows(folder.db, [Window(ann.id, 300, 100.0, LATER, 1.0), Window(ann.id, 10_080, 80.0, 2.0, 1.0)])
    set_residency(folder.db, ann.id, "https://eu.chatgpt.com", "us")
    set_weight(folder.db, ann.id, 2.5)
    note_error(folder.db, ann.id, "issuer_timeout", 7.0)

    [record] = json.loads(codexlb_accounts("list", "--json").stdout)

    assert record == {
        "id": ann.id,
        "alias": None,
        "email": "ann@example.com",
        "plan": "plus",
        "status": "limited",
        "reason": None,
        "until": LATER,
        "limited_by": 300,
        "in_flight": 0,
        "weight": 2.5,
        "windows": [
            {"minutes": 300, "used_percent": 100.0, "resets_at": LATER, "read_at": 1.0},
            {"minutes": 10_080, "used_percent": 0.0, "resets_at": 2.0, "read_at": 1.0},  # its reset has passed
        ],
        "last_error": {"code": "issuer_timeout", "at": 7.0},
        "token": {"refreshed_at": None, "expires_at": None},
        "user_id": "ann@example.com",
        "chatgpt_account_id": "acct",
        "origin": "https://eu.chatgpt.com",
        "routing_override": "us",
        "added_at": NOW,
    }


def test_what_is_unknown_is_null(ann: Account) -> None:
    [record] = json.loads(codexlb_accounts("list", "--json").stdout)

    assert {name for name, value in record.items() if value is None} == {
        *("alias", "reason", "until", "limited_by", "last_error", "origin", "routing_override"),
    }


def test_the_list_is_a_table_without_tokens(ann: Account) -> None:
    shown = codexlb_accounts("list").stdout

    assert "ann@example.com · plus" in shown
    assert "active" in shown


def test_below_the_table_stands_what_a_person_should_do(ann: Account, bob: Account, folder: DataFolder) -> None:
    set_state(folder.db, bob.id, AccountStatus.NEEDS_LOGIN, "refresh_token_reused")

    lines = codexlb_accounts("list").stdout.splitlines()

    assert lines[-1] == "bob@example.com needs a login: run `codexlb accounts login --account bob@example.com`."


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CODEXLB_HOME", str(tmp_path / "file" / "home"))

    assert refused(codexlb_accounts("list")).startswith("The data folder ")


def test_the_list_needs_no_key(ann: Account, folder: DataFolder) -> None:
    key = folder.home / "codexlb.key"
    key.unlink()

    assert codexlb_accounts("list").exit_code == 0
    assert not key.exists()
