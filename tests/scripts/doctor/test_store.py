"""Data folders in every condition, looked at as they lie there; nothing in them changes."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from codexlb_store.accounts import load_accounts
from codexlb_store.home import DATABASE_NAME, home_folder
from codexlb_store.schema import open_store
from codexlb_store.vault import KEY_NAME
from scripts.data_folder import DataFolder
from scripts.doctor.finding import Finding, Verdict
from scripts.doctor.store import Store, check_store
from scripts.doctor.store_seen import see_store
from tests.scripts.sample_ledger import add_account


def seen(home: Path) -> Store:
    return see_store(home, home / KEY_NAME, (), time.time())


def found(home: Path, is_here: bool = True) -> list[Finding]:
    """What is found there, while nothing is made or changed."""
    before = content(home)
    findings = check_store(seen(home), is_here)
    assert content(home) == before
    return findings


def bad(home: Path) -> Finding:
    """The one thing that is wrong there."""
    [finding] = [one for one in found(home) if one.verdict is not Verdict.OK]
    return finding


def content(home: Path) -> dict[str, tuple[int, bytes]]:
    files = sorted(home.rglob("*")) if home.exists() else []
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in files if path.is_file()}


@pytest.fixture
def home() -> Path:
    """A data folder with one account, which nobody has open."""
    home = home_folder(os.environ)
    with closing(open_store(home)) as db:
        add_account(DataFolder(home, db), "ann@example.com", "plus")
    return home


def test_a_folder_in_order(home: Path) -> None:
    assert [(one.check, one.verdict) for one in found(home)] == [
        ("data folder", Verdict.OK),
        ("database", Verdict.OK),
        ("token key", Verdict.OK),
    ]
    content = seen(home).known
    assert [view.account.email for view in content.views] == ["ann@example.com"]
    assert content.secrets[("ann@example.com", "refresh token")] == "rt"
    assert "secrets" not in repr(content)


def test_no_folder_is_trouble_on_the_machine_that_serves_only(tmp_path: Path) -> None:
    [here] = found(tmp_path / "none")
    [elsewhere] = found(tmp_path / "none", is_here=False)

    assert (here.verdict, here.mend) == (Verdict.ERROR, "codexlb accounts login")
    assert (elsewhere.verdict, elsewhere.mend) == (Verdict.OK, None)
    assert not (tmp_path / "none").exists()


def test_a_database_that_is_in_use_is_read_all_the_same(home: Path) -> None:
    with closing(open_store(home)) as db:
        add_account(DataFolder(home, db), "bob@example.com", "plus")
        assert {one.verdict for one in check_store(seen(home), True)} == {Verdict.OK}
        assert len(seen(home).known.views) == len(load_accounts(db)) == 2


def other_key(home: Path) -> None:
    (home / KEY_NAME).write_bytes(Fernet.generate_key())


def damage(home: Path) -> None:
    """A page in the middle is overwritten; the head of the file stays."""
    path = home / DATABASE_NAME
    whole = bytearray(path.read_bytes())
    whole[4096 * 3 : 4096 * 6] = b"\x07" * (4096 * 3)
    path.write_bytes(whole)


def step(home: Path, statement: str) -> None:
    with closing(sqlite3.connect(home / DATABASE_NAME)) as db, db:
        db.execute(statement)


NEWER = "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('codexlb', 'm999_later', '')"
OLDER = "DELETE FROM _sqlite_migrations WHERE name = 'm005_dashboard'"


@pytest.mark.parametrize(
    ("harm", "check", "verdict", "words", "mend"),
    [
        (lambda home: home.chmod(0o755), "data folder", "warning", "may look into {home} (mode 0755)", "chmod 700"),
        (
            lambda home: (home / DATABASE_NAME).chmod(0o644),
            *("database", "warning", "may open {home}/codexlb.db (mode 0644)", "chmod 600"),
        ),
        (
            lambda home: (home / DATABASE_NAME).write_bytes(b"This is no database." * 99),
            *("database", "error", "cannot be read (file is not a database)", None),
        ),
        (damage, "database", "error", "is damaged", "sqlite3"),
        (lambda home: step(home, NEWER), "database", "error", "a newer Codex-LB (m999_later)", None),
        (lambda home: step(home, OLDER), "database", "warning", "an older Codex-LB (m005", "codexlb accounts list"),
        (
            lambda home: (home / KEY_NAME).chmod(0o640),
            "token key",
            "error",
            "Other users may read the key",
            "chmod 600",
        ),
        (lambda home: (home / KEY_NAME).unlink(), "token key", "error", "is not there, and the tokens", "cp BACKUP/"),
        (
            lambda home: (home / KEY_NAME).write_text("no key"),
            *("token key", "error", "holds no key, and the tokens", "cp BACKUP/codexlb.key "),
        ),
        (other_key, "token key", "error", "does not open the tokens of ann@example.com", "cp BACKUP/codexlb.key "),
    ],
    ids=[
        *("open folder", "open database", "no database", "damaged", "newer", "older"),
        *("open key", "no key", "broken key", "another key"),
    ],
)
def test_what_is_wrong_is_told(
    home: Path, harm: Callable[[Path], object], check: str, verdict: str, words: str, mend: str | None
) -> None:
    harm(home)

    finding = bad(home)
    assert (finding.check, finding.verdict) == (check, verdict)
    assert words.format(home=home) in finding.sentence
    assert finding.mend is None if mend is None else (finding.mend or "").startswith(mend)


def test_modes_are_mended_by_what_is_said(home: Path) -> None:
    home.chmod(0o755)
    for name in (DATABASE_NAME, KEY_NAME):
        (home / name).chmod(0o644)

    for finding in found(home):
        if finding.mend:
            program, mode, path = finding.mend.split()
            assert program == "chmod"
            Path(path).chmod(int(mode, 8))

    assert {one.verdict for one in found(home)} == {Verdict.OK}


def test_another_programs_lock_is_told(home: Path) -> None:
    with closing(sqlite3.connect(home / DATABASE_NAME, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("DELETE FROM windows")
        (home / f"{DATABASE_NAME}-wal").touch()  # so that it is read as one that is in use
        assert "another program has locked it" in bad(home).sentence


def test_without_accounts_a_key_may_be_missing_but_not_broken(tmp_path: Path) -> None:
    open_store(tmp_path / "new").close()

    assert {one.verdict for one in found(tmp_path / "new")} == {Verdict.OK}
    (tmp_path / "new" / KEY_NAME).write_text("no key")
    assert bad(tmp_path / "new").mend == f"rm {tmp_path / 'new' / KEY_NAME}"


def test_what_is_no_file_is_not_read(home: Path) -> None:
    for name in (DATABASE_NAME, KEY_NAME):
        (home / name).unlink()
        os.mkfifo(home / name, 0o600)

    assert [one.sentence for one in found(home) if one.verdict is not Verdict.OK] == [
        f"{home / DATABASE_NAME}: it is no file.",
        f"The key {home / KEY_NAME} is no file; nothing is sealed with it yet, so another can be made.",
    ]


def test_a_name_that_no_file_can_have_is_no_data(tmp_path: Path) -> None:
    [finding] = check_store(seen(tmp_path / ("x" * 5000)), is_here=True)

    assert "There is no data" in finding.sentence
