from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlite_utils import Database

from codexlb_store.credentials import load_credentials
from codexlb_store.logins import save_login
from codexlb_store.vault import KEY_NAME, Vault, VaultError
from tests.codexlb_store.rows import LOGIN
from tests.codexlb_store.together import run_together


def test_what_is_sealed_can_be_unsealed_later(home: Path) -> None:
    sealed = Vault.open(home, {}).seal("a töken")

    assert b"ken" not in sealed
    assert Vault.open(home, {}).unseal(sealed) == "a töken"


def test_the_key_is_made_once_for_its_owner_alone(home: Path) -> None:
    Vault.open(home, {})
    key = (home / KEY_NAME).read_bytes()
    Vault.open(home, {})

    assert (home / KEY_NAME).read_bytes() == key
    assert (home / KEY_NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.iterdir() if "key" in path.name] == [KEY_NAME]


def test_the_key_may_lie_elsewhere(home: Path, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere.key"
    Vault.open(home, {"CODEXLB_KEY_FILE": str(place)})

    assert place.exists()
    assert not (home / KEY_NAME).exists()


def test_a_home_that_nobody_has_is_said(home: Path) -> None:
    with pytest.raises(VaultError, match="Nobody knows what the ~ of ~nobody-is-called-so/key stands for"):
        Vault.open(home, {"CODEXLB_KEY_FILE": "~nobody-is-called-so/key"})


def test_it_shows_nothing_of_the_key(home: Path, vault: Vault) -> None:
    assert repr(vault) == "Vault(...)"


def test_of_several_first_starts_one_key_survives(home: Path) -> None:
    sealed = run_together(
        "from codexlb_store.vault import Vault", "print(Vault.open(home, {}).seal('secret').decode())", home
    )

    vault = Vault.open(home, {})
    assert [vault.unseal(blob.encode()) for blob in sealed] == ["secret"] * 4


def test_a_missing_key_is_not_replaced_while_tokens_need_it(home: Path, db: Database, vault: Vault) -> None:
    save_login(db, vault, LOGIN, now=1.0)
    (home / KEY_NAME).unlink()

    with pytest.raises(VaultError, match="is missing while the database holds tokens"):
        Vault.open(home, {})
    assert not (home / KEY_NAME).exists()


def test_a_wrong_key_is_refused_and_stays(home: Path, db: Database, vault: Vault) -> None:
    save_login(db, vault, LOGIN, now=1.0)
    wrong = Fernet.generate_key()
    (home / KEY_NAME).write_bytes(wrong)

    with pytest.raises(VaultError, match="does not open the tokens"):
        Vault.open(home, {})
    assert (home / KEY_NAME).read_bytes() == wrong


def test_a_token_sealed_with_another_key_is_refused(home: Path, db: Database, vault: Vault) -> None:
    save_login(db, Vault.open(home.parent / "other", {}), LOGIN, now=1.0)

    with pytest.raises(VaultError, match="does not open the tokens"):
        load_credentials(db, vault)


@pytest.mark.parametrize("content", [b"", b"not a key", b"\xff\xfe"], ids=["empty", "a word", "bytes"])
def test_a_broken_key_is_refused_and_stays(content: bytes, home: Path) -> None:
    home.mkdir()
    (home / KEY_NAME).write_bytes(content)

    with pytest.raises(VaultError, match="does not hold a key"):
        Vault.open(home, {})
    assert (home / KEY_NAME).read_bytes() == content


def test_a_key_that_cannot_be_read_is_said(home: Path, tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="cannot be read"):
        Vault.open(home, {"CODEXLB_KEY_FILE": str(tmp_path)})


def test_a_key_that_cannot_be_written_is_said(home: Path, tmp_path: Path) -> None:
    with pytest.raises(VaultError, match=r"cannot be written .*set CODEXLB_KEY_FILE"):
        Vault.open(home, {"CODEXLB_KEY_FILE": str(tmp_path / "no" / "folder.key")})


def test_a_full_disk_leaves_no_half_key_behind(home: Path, db: Database) -> None:
    """A limit on the size of files stands in for the full disk; the database exists already."""
    printed = run_together(
        "import resource\n"
        "from codexlb_store.schema import open_store\n"
        "from codexlb_store.vault import Vault, VaultError",
        "db = open_store(home); db.execute('SELECT * FROM accounts').fetchall()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        "try:\n    Vault.open(home, {})\nexcept VaultError as error:\n    print(error)",
        home,
        count=1,
    )

    assert printed[0].startswith(f"The key file {home / KEY_NAME} cannot be written (File too large): ")
    assert [path.name for path in home.iterdir() if "key" in path.name] == []
