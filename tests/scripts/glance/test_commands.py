"""`codexlb status` and `codexlb guard` as people's prompts and scripts run them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from codexlb_store.accounts import AccountStatus, load_accounts, set_state
from codexlb_store.home import DATABASE_NAME
from codexlb_store.processes import ProcessMark
from codexlb_store.windows import Window, save_windows
from scripts.data_folder import DataFolder
from tests.processes import command
from tests.scripts.sample_ledger import add_account, add_request

WEEK = 10_080


def ran(*arguments: str, **environ: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    done = subprocess.run(
        [command("codexlb"), *arguments], capture_output=True, text=True, check=False, env={**os.environ, **environ}
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def pool(folder: DataFolder, mark: ProcessMark) -> DataFolder:
    """ann has much left, bob little of his week; a request runs."""
    now = time.time()
    ann, bob = add_account(folder, "ann@example.com", "plus"), add_account(folder, "bob@example.com", "pro")
    for account, used in ((ann, 40.0), (bob, 95.0)):
        windows = [Window(account.id, 300, used / 2, now + 9000, now), Window(account.id, WEEK, used, now + 9e5, now)]
        save_windows(folder.db, windows)
    add_request(folder, ann, at=0, outcome=None, process=mark.id)
    add_request(folder, None, at=0, outcome=None, process=mark.id)
    folder.db.conn.commit()
    return folder


def test_the_line(pool: DataFolder) -> None:
    line = "ann 5h 20% · week 40% | bob 5h 47% · week 95% | 2 in flight\n"

    assert ran("status", COLUMNS="") == (0, line, "")
    assert ran("status", "--width", "45") == (0, "ann week 40% | bob week 95% | 2 in flight\n", "")
    assert ran("status", COLUMNS="20") == (0, "ann week 40%\n", "")


def test_one_account_in_the_line(pool: DataFolder) -> None:
    assert ran("status", "--account", "ann") == (0, "ann 5h 20% · week 40% | 1 in flight\n", "")
    code, line, trouble = ran("status", "--account", "zoe")
    assert (code, line) == (2, "")
    assert "There is no account 'zoe'" in trouble


def test_the_line_for_programs(pool: DataFolder) -> None:
    code, text, _ = ran("status", "--json")
    found = json.loads(text)

    assert (code, found["version"], found["in_flight"], found["problem"]) == (0, 1, 2, None)
    assert [account["email"] for account in found["accounts"]] == ["ann@example.com", "bob@example.com"]
    assert [window["used_percent"] for window in found["accounts"][1]["windows"]] == [47.5, 95.0]


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["--window", "weekly"], 0, "enough: ann has 60% of week left, 10% asked for\n"),
        (["--window", "weekly", "--min-remaining", "70"], 1, "below 70%: the most, ann has 60% of week left\n"),
        (["--window", "weekly", "--all"], 1, "below 10%: bob has 5% of week left\n"),
        (["--window", "5h", "--all"], 0, "enough: the least, bob has 52% of 5 h left, 10% asked for\n"),
        (["--account", "bob"], 1, "below 10%: the most, bob has 5% of week left\n"),
        (
            ["--window", "monthly"],
            69,
            "unavailable: no account that takes work has a window of month that was ever read\n",
        ),
        (["--quiet"], 0, ""),
        (["--quiet", "--all"], 1, ""),
    ],
    ids=["any", "below", "all", "short window", "one", "no such window", "quiet", "quiet and below"],
)
def test_the_guard(pool: DataFolder, arguments: list[str], code: int, line: str) -> None:
    assert ran("guard", *arguments) == (code, line, "")


def test_the_guard_for_programs(pool: DataFolder) -> None:
    code, text, _ = ran("guard", "--json", "--window", "weekly", "--all")
    found = json.loads(text)
    left = [(one["account_name"], one["remaining_percent"], one["window"]["minutes"]) for one in found.pop("accounts")]

    assert code == 1
    assert left == [("ann@example.com", 60.0, WEEK), ("bob@example.com", 5.0, WEEK)]
    assert found == {
        "version": 1,
        "verdict": "below",
        "min_remaining": 10.0,
        "window_minutes": WEEK,
        "mode": "all",
        "problem": None,
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["--min-remaining", "much"],
        ["--min-remaining", "101"],
        ["--window", "weakly"],
        ["--max-age", "long"],
        ["--account", "zoe"],
        ["--colour"],
        ["too", "much"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_no_verdict(pool: DataFolder, arguments: list[str]) -> None:
    code, line, trouble = ran("guard", *arguments)

    assert (code, line) == (64, "")
    assert trouble.startswith("Usage: codexlb guard")


def test_old_readings_tell_nothing(pool: DataFolder) -> None:
    long_ago = time.time() - 4000
    with pool.db.conn:
        pool.db.execute("UPDATE windows SET read_at = ?", (long_ago,))

    code, line, _ = ran("guard")
    assert (code, line.partition(",")[0]) == (69, "unavailable: last read 1 h ago")
    assert ran("guard", "--max-age", "2h")[0] == 0
    assert "40%?" in ran("status")[1]


def test_an_account_that_takes_no_work_does_not_count_unless_it_is_asked_for(pool: DataFolder) -> None:
    ann, _ = load_accounts(pool.db)
    set_state(pool.db, ann.id, AccountStatus.PAUSED, None)

    assert ran("guard", "--window", "weekly")[0] == 1
    assert ran("guard", "--window", "weekly", "--account", "ann")[0] == 0
    assert ran("status")[1].startswith("ann paused | bob")


@pytest.fixture
def locked(pool: DataFolder) -> Iterator[None]:
    """Another program has the database to itself."""
    pool.db.execute("PRAGMA journal_mode = DELETE")
    with closing(sqlite3.connect(pool.home / DATABASE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


def test_a_locked_store_is_said_in_a_word(locked: None) -> None:
    assert ran("status") == (69, "codexlb: database locked\n", "")
    assert ran("guard") == (69, "unavailable: database locked\n", "")


@pytest.mark.parametrize("kind", ["none", "empty", "no accounts", "not a database", "older", "a folder"])
def test_where_nothing_can_be_told_it_is_said_in_a_word_and_nothing_is_made(kind: str, tmp_path: Path) -> None:
    home = tmp_path / "a home ? # %41 ä"
    path = home / DATABASE_NAME
    words = {
        "none": "no data yet",
        "empty": "database of another version, `codexlb report` says more",
        "no accounts": "no accounts",
        "not a database": "database unreadable",
        "older": "database of another version, `codexlb report` says more",
        "a folder": "database unreadable",
    }[kind]
    _make(kind, home)
    before = sorted(home.rglob("*")) if home.exists() else None
    content = path.read_bytes() if path.is_file() else None

    assert ran("status", CODEXLB_HOME=str(home)) == (69, f"codexlb: {words}\n", "")
    code, text, _ = ran("status", "--json", CODEXLB_HOME=str(home))
    assert (code, json.loads(text)["problem"]) == (69, words)
    assert ran("guard", CODEXLB_HOME=str(home)) == (69, f"unavailable: {words}\n", "")
    code, text, _ = ran("guard", "--json", CODEXLB_HOME=str(home))
    assert (code, json.loads(text)["problem"]) == (69, words)
    found = sorted(home.rglob("*")) if home.exists() else None
    assert [one for one in found or () if not one.name.endswith(("-wal", "-shm"))] == (before or [])
    assert (path.read_bytes() if path.is_file() else None) == content


def _make(kind: str, home: Path) -> None:
    if kind == "none":
        return
    home.mkdir()
    path = home / DATABASE_NAME
    match kind:
        case "empty":
            path.touch()
        case "no accounts":
            ran("report", CODEXLB_HOME=str(home))
        case "not a database":
            path.write_text("This is no database, but long enough to be taken for one." * 20)
        case "older":
            with closing(sqlite3.connect(path)) as db:
                db.execute("CREATE TABLE accounts (id TEXT)")
        case _:
            path.mkdir()


def test_a_home_that_nobody_has() -> None:
    assert ran("status", CODEXLB_HOME="~nobody-of-that-name/x") == (69, "codexlb: no data folder\n", "")


def test_what_takes_long_to_load_is_not_loaded(pool: DataFolder) -> None:
    """Before every prompt a tenth of a second is all there is."""
    script = (
        "import sys; from scripts.cli import main\n"
        "main(['status'], standalone_mode=False)\n"
        "main(['guard', '--quiet'], standalone_mode=False)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}

    assert (
        loaded & {"rich", "sqlite_utils", "cryptography", "aiohttp", "mitmproxy", "asyncio", "ssl", "shutil"} == set()
    )
