"""`codexlb accounts import` as a person runs it: real files in, a real store, what stands on stdout and stderr."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from codexlb_store.accounts import Account, AccountStatus, set_reason, set_state
from codexlb_store.home import home_folder
from scripts.data_folder import DataFolder
from tests.processes import command
from tests.scripts.accounts.people import LATER, access_tokens, codexlb_accounts, refused, stored
from tests.scripts.logins import SECRET, auth_json, jwt


@pytest.fixture
def login(tmp_path: Path) -> Path:
    path = tmp_path / "auth.json"
    path.write_text(auth_json())
    return path


@pytest.fixture
def codex_login() -> Path:
    """The login of Codex itself."""
    path = Path(os.environ["CODEX_HOME"]) / "auth.json"
    path.parent.mkdir()
    path.write_text(auth_json(refresh_token="rt-of-codex"))
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


def test_a_paused_account_stays_paused_and_the_line_says_so(login: Path, folder: DataFolder) -> None:
    codexlb_accounts("import", login)
    [account] = stored()
    set_state(folder.db, account.id, AccountStatus.PAUSED, None)
    login.write_text(auth_json(token="at-newer"))

    result = codexlb_accounts("import", login)

    assert result.stdout == f"Updated ann@example.com (plus, {account.id}), which stays paused.\n"
    assert [account.state for account in stored()] == [AccountStatus.PAUSED]


def test_the_very_same_login_changes_nothing(login: Path) -> None:
    codexlb_accounts("import", login)

    result = codexlb_accounts("import", login)

    assert result.exit_code == 0
    assert result.stdout.startswith("Unchanged ann@example.com (plus, ")


def test_an_older_copy_never_takes_the_place_of_newer_tokens(login: Path) -> None:
    codexlb_accounts("import", login)
    login.write_text(auth_json(token="at-older", refresh_token="rt-0", last_refresh="2025-11-01T10:00:00Z"))

    result = codexlb_accounts("import", login)

    assert result.exit_code == 0
    assert result.stdout.startswith("Kept the newer tokens of ann@example.com (plus, ")
    assert access_tokens() == [SECRET]


def test_a_login_that_the_issuer_refused_before_is_not_taken_again(login: Path, folder: DataFolder) -> None:
    codexlb_accounts("import", login)
    [account] = stored()
    set_state(folder.db, account.id, AccountStatus.NEEDS_LOGIN, "refresh_token_reused")

    result = codexlb_accounts("import", login)

    assert refused(result) == (
        f"{login}: This login of ann@example.com (plus, {account.id}) has been refused before: "
        "run `codexlb accounts login --account ann@example.com`."
    )
    assert [account.state for account in stored()] == [AccountStatus.NEEDS_LOGIN]


def test_a_new_login_brings_an_account_back(login: Path, folder: DataFolder) -> None:
    codexlb_accounts("import", login)
    [account] = stored()
    set_reason(folder.db, account.id, "refresh_token_reused")
    set_state(folder.db, account.id, AccountStatus.NEEDS_LOGIN, "refresh_token_reused")
    login.write_text(auth_json(token="at-new", refresh_token="rt-new"))

    result = codexlb_accounts("import", login)

    assert result.stdout.startswith("Updated ann@example.com")
    assert [(account.state, account.state_reason) for account in stored()] == [(AccountStatus.ACTIVE, None)]


def test_a_login_may_come_by_standard_input() -> None:
    result = codexlb_accounts("import", "-", stdin=auth_json("bob@example.com").encode())

    assert result.exit_code == 0
    assert [account.email for account in stored()] == ["bob@example.com"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["import", "-"], "standard input cannot be read (it is closed): give the path", id="to read"),
        pytest.param(["remove", "ann"], "This asks first, and nobody is at the keyboard", id="to be asked"),
    ],
)
def test_a_closed_standard_input_is_one_sentence(arguments: list[str], sentence: str, ann: Account) -> None:
    line = ["sh", "-c", 'exec "$@" <&-', "sh", command("codexlb"), "accounts", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {sentence}")
    assert done.stderr.count("\n") == 1


def test_two_seats_of_a_workspace_and_a_person_in_two_workspaces_are_accounts_of_their_own(tmp_path: Path) -> None:
    seats = [("ann@example.com", "team"), ("bob@example.com", "team"), ("ann@example.com", "own")]
    for number, (email, workspace) in enumerate(seats):
        (tmp_path / f"{number}.json").write_text(auth_json(email, workspace=workspace))

    result = codexlb_accounts("import", tmp_path)

    assert [line.split()[0] for line in result.stdout.splitlines()] == ["Added"] * 3
    assert [(account.email, account.chatgpt_account_id) for account in stored()] == seats


@pytest.mark.parametrize("content", ["", "{}", "no login at all " + SECRET])
def test_a_file_that_is_no_login_leaves_nothing_and_says_why(content: str, login: Path) -> None:
    login.write_text(content)

    result = codexlb_accounts("import", login)

    assert refused(result).startswith(f"{login}: ")
    assert stored() == []
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


def test_a_folder_without_a_login_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()

    result = codexlb_accounts("import", tmp_path)

    assert refused(result) == f"The folder {tmp_path} holds no login: give one with auth.json files in it."


def test_a_key_that_does_not_fit_is_one_sentence_and_changes_nothing(login: Path) -> None:
    codexlb_accounts("import", login)
    key = home_folder(os.environ) / "codexlb.key"
    kept = key.read_bytes()
    key.unlink()

    result = codexlb_accounts("import", login)

    assert refused(result).startswith(f"The key file {key} is missing")
    assert not key.exists()
    key.write_bytes(kept)
    assert access_tokens() == [SECRET]


def test_nobody_else_may_read_what_an_import_leaves(login: Path) -> None:
    codexlb_accounts("import", login)

    home = home_folder(os.environ)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home, *home.glob("codexlb.*"))}
    assert {name for name, mode in modes.items() if mode & 0o077} == set()


def test_a_login_without_a_refresh_token_goes_in_and_the_end_is_told(login: Path) -> None:
    login.write_text(auth_json(token=jwt({"exp": LATER}), refresh_token=None))

    result = codexlb_accounts("import", login)

    assert result.exit_code == 0
    assert result.stdout.startswith("Added ann@example.com")
    assert result.stderr.startswith("Warning: The login of ann@example.com has no refresh token: it serves until ")


def test_an_expired_login_without_a_refresh_token_stays_out(login: Path) -> None:
    login.write_text(auth_json(token=jwt({"exp": 1.0}), refresh_token=None))

    assert "has expired and has no refresh token" in refused(codexlb_accounts("import", login))
    assert stored() == []


def test_codex_own_login_is_not_taken_without_asking(codex_login: Path) -> None:
    assert refused(codexlb_accounts("import")) == "This asks first, and nobody is at the keyboard: add --yes to agree."
    assert stored() == []


def test_codex_own_login_goes_in_when_asked_for(codex_login: Path) -> None:
    result = codexlb_accounts("import", "--yes")

    assert result.exit_code == 0
    assert [account.email for account in stored()] == ["ann@example.com"]
    assert result.stderr.startswith(f"Warning: Codex itself still has the login of ann@example.com, in {codex_login}. ")


def test_where_codex_has_no_login_a_bare_import_says_what_to_do() -> None:
    sentence = refused(codexlb_accounts("import", "--yes"))

    assert sentence.startswith(f"Codex has no login in {os.environ['CODEX_HOME']}/auth.json: ")


def test_a_copy_of_codex_own_login_is_warned_about_and_another_login_is_not(codex_login: Path, login: Path) -> None:
    assert codexlb_accounts("import", login).stderr == ""

    login.write_text(codex_login.read_text())

    assert "Codex itself still has the login" in codexlb_accounts("import", login).stderr


def test_an_older_copy_of_codex_own_login_is_nobodys_concern(codex_login: Path) -> None:
    codexlb_accounts("import", codex_login)
    older = json.loads(codex_login.read_text()) | {"last_refresh": "2025-11-01T10:00:00Z"}
    older["tokens"] |= {"access_token": "at-older"}
    codex_login.write_text(json.dumps(older))

    assert codexlb_accounts("import", codex_login).stderr == ""
