from __future__ import annotations

import stat
from pathlib import Path

import pytest

from codexlb_store.accounts import Account
from codexlb_store.auth_json import parse_auth_json
from scripts.data_folder import DataFolder
from tests.scripts.accounts.people import codexlb_accounts, refused
from tests.scripts.logins import SECRET, auth_json


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    """The file of a login that was imported."""
    path = tmp_path / "auth.json"
    path.write_text(auth_json())
    assert codexlb_accounts("import", path).exit_code == 0
    return path


def test_an_exported_login_is_the_one_that_was_imported(imported: Path) -> None:
    result = codexlb_accounts("export", "ann", "--yes")

    assert (result.exit_code, result.stderr) == (0, "")
    assert parse_auth_json(result.stdout, 0.0) == parse_auth_json(imported.read_text(), 0.0)


def test_nothing_is_exported_without_asking(imported: Path) -> None:
    assert refused(codexlb_accounts("export", "ann")).endswith("add --yes to agree.")


def test_a_file_is_for_its_owner_only(imported: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.json"

    result = codexlb_accounts("export", "ann", "-o", file, "--yes")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("Wrote the login of ann@example.com (plus, ")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert parse_auth_json(file.read_text(), 0.0).access_token == SECRET
    assert sorted(path.name for path in tmp_path.glob("*out*")) == ["out.json"]


def test_a_file_that_is_there_stays_unless_it_is_given_up(imported: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    file.write_text("mine")
    file.chmod(0o644)

    assert refused(codexlb_accounts("export", "ann", "-o", file, "--yes")) == (
        f"{file} is there already: add --force to replace it."
    )
    assert file.read_text() == "mine"

    assert codexlb_accounts("export", "ann", "-o", file, "--yes", "--force").exit_code == 0
    assert SECRET in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("place", "options"),
    [
        pytest.param("absent/out.json", [], id="no such folder"),
        pytest.param("absent/out.json", ["--force"], id="no such folder, forced"),
        pytest.param(".", ["--force"], id="a folder"),
        pytest.param("n" * 300, [], id="a name that is too long"),
    ],
)
def test_a_file_that_cannot_be_written_is_one_sentence(
    place: str, options: list[str], imported: Path, tmp_path: Path
) -> None:
    sentence = refused(codexlb_accounts("export", "ann", "-o", tmp_path / place, "--yes", *options))

    assert sentence.endswith("choose another file.")
    assert SECRET not in sentence
    assert list(tmp_path.glob("**/.*.json.*")) == list(tmp_path.glob(".*")) == []


def test_an_account_without_a_login_has_none_to_export(ann: Account, folder: DataFolder) -> None:
    folder.db.execute("DELETE FROM tokens")
    folder.db.conn.commit()

    assert refused(codexlb_accounts("export", "ann", "--yes")).startswith("ann@example.com has no login: ")


def test_without_the_key_nothing_is_exported(ann: Account, tmp_path: Path) -> None:
    (tmp_path / "codexlb-home" / "codexlb.key").unlink()

    assert "is missing" in refused(codexlb_accounts("export", "ann", "--yes"))
