"""`codexlb accounts` as a person runs it: real files in, a real store, what stands on stdout and stderr."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codexlb_store.accounts import Account, load_accounts, load_credentials
from codexlb_store.home import home_folder
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault
from codexlb_store.windows import Window, save_windows
from scripts.accounts.command import command
from tests.scripts.logins import SECRET, auth_json


def codexlb_accounts(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(command, list(map(str, arguments)), input=stdin)


def stored() -> list[Account]:
    with contextlib.closing(open_store(home_folder(os.environ))) as db:
        return load_accounts(db)


def access_tokens() -> list[str]:
    home = home_folder(os.environ)
    with contextlib.closing(open_store(home)) as db:
        return [found.access_token for found in load_credentials(db, Vault.open(home, os.environ)).values()]


@pytest.fixture
def login(tmp_path: Path) -> Path:
    path = tmp_path / "auth.json"
    path.write_text(auth_json())
    return path


def test_an_import_says_whose_account_went_in(login: Path) -> None:
    result = codexlb_accounts("import", login)

    [account] = stored()
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"Added ann@example.com (plus, {account.id}).\n"
    assert access_tokens() == [SECRET]


def test_the_same_seat_again_is_updated(login: Path) -> None:
    codexlb_accounts("import", login)
    login.write_text(auth_json(plan="pro", token="at-newer"))

    result = codexlb_accounts("import", login)

    [account] = stored()
    assert result.stdout == f"Updated ann@example.com (pro, {account.id}).\n"
    assert access_tokens() == ["at-newer"]


def test_a_login_may_come_by_standard_input() -> None:
    result = codexlb_accounts("import", "-", stdin=auth_json("bob@example.com").encode())

    assert result.exit_code == 0
    assert [account.email for account in stored()] == ["bob@example.com"]


@pytest.mark.parametrize("content", ["", "{}", "no login at all " + SECRET])
def test_a_file_that_is_no_login_leaves_nothing_and_says_why(content: str, login: Path) -> None:
    login.write_text(content)

    result = codexlb_accounts("import", login)

    assert (result.exit_code, result.stdout, stored()) == (1, "", [])
    assert result.stderr.startswith(f"Error: {login}: ")
    assert result.stderr.count("\n") == 1
    assert SECRET not in result.output


def test_of_several_files_the_good_ones_go_in(login: Path, tmp_path: Path) -> None:
    broken, other = tmp_path / "broken.json", tmp_path / "other.json"
    broken.write_text("{}")
    other.write_text(auth_json("bob@example.com"))

    result = codexlb_accounts("import", login, broken, other)

    assert result.exit_code == 1
    assert [line.split(" (")[0] for line in result.stdout.splitlines()] == [
        "Added ann@example.com",
        "Added bob@example.com",
    ]
    assert result.stderr.startswith(f"Error: {broken}: The file holds no tokens")
    assert len(stored()) == 2


def test_a_key_that_does_not_fit_is_one_sentence_and_changes_nothing(login: Path) -> None:
    codexlb_accounts("import", login)
    key = home_folder(os.environ) / "codexlb.key"
    kept = key.read_bytes()
    key.unlink()

    result = codexlb_accounts("import", login)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: The key file {key} is missing")
    assert not key.exists()
    key.write_bytes(kept)
    assert access_tokens() == [SECRET]


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CODEXLB_HOME", str(tmp_path / "file" / "home"))

    result = codexlb_accounts("list")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: The data folder ")


def test_nobody_else_may_read_what_an_import_leaves(login: Path) -> None:
    codexlb_accounts("import", login)

    home = home_folder(os.environ)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home, *home.glob("codexlb.*"))}
    assert {name for name, mode in modes.items() if mode & 0o077} == set()


def test_without_accounts_the_list_says_how_to_add_one() -> None:
    result = codexlb_accounts("list")

    assert result.exit_code == 0
    assert result.stdout == "No accounts yet: add one with `codexlb accounts import ~/.codex/auth.json`.\n"
    assert json.loads(codexlb_accounts("list", "--json").stdout) == []


def test_the_list_as_json_is_pure_data(login: Path) -> None:
    codexlb_accounts("import", login)
    [account] = stored()
    with contextlib.closing(open_store(home_folder(os.environ))) as db:
        save_windows(db, [Window(account.id, 300, 100.0, 4e9, 1.0), Window(account.id, 10_080, 80.0, 2.0, 1.0)])

    [record] = json.loads(codexlb_accounts("list", "--json").stdout)

    assert record == {
        "id": account.id,
        "alias": None,
        "email": "ann@example.com",
        "plan": "plus",
        "status": "limited",
        "reason": None,
        "until": 4e9,
        "in_flight": 0,
        "windows": [
            {"minutes": 300, "used_percent": 100.0, "resets_at": 4e9},
            {"minutes": 10_080, "used_percent": 0.0, "resets_at": 2.0},  # its reset has passed
        ],
    }


def test_the_list_is_a_table(login: Path) -> None:
    codexlb_accounts("import", login)

    shown = codexlb_accounts("list").stdout

    assert "ann@example.com" in shown
    assert "plus · active" in shown
    assert SECRET not in shown
