"""Whether Codex is at work in a folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.sessions.codex_home import CodexHome
from scripts.sessions.guard import alone
from scripts.sessions.running_codex import from_lsof, is_codex, phrase, users
from scripts.sessions.session_error import SessionsError
from tests.scripts.sessions.rollouts import SmallHome, codexlb_sessions, meta

ON_LINUX = pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux has /proc")


@contextlib.contextmanager
def running(code: str, *arguments: str | Path, argv0: str = sys.executable, **environ: str) -> Iterator[int]:
    """Another process that has done this; its id."""
    line = [
        argv0,
        "-c",
        f"import sys, fcntl, sqlite3\n{code}\nprint(flush=True)\nsys.stdin.read()",
        *map(str, arguments),
    ]
    with subprocess.Popen(
        line, executable=sys.executable, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | environ
    ) as process:
        assert process.stdin and process.stdout
        assert select.select([process.stdout], [], [], 20)[0]
        process.stdout.readline()
        yield process.pid
        process.stdin.close()


def found(home: SmallHome) -> CodexHome:
    return CodexHome.find(home.folder, {})


def test_nobody_is_there(home: SmallHome) -> None:
    home.session(1)
    (home.folder / "thread-writer-locks").mkdir()
    (home.folder / "thread-writer-locks" / "a.lock").touch()

    assert users(found(home)) == []
    with alone(found(home)):
        pass


@ON_LINUX
def test_who_writes_to_a_rollout_is_named_and_who_reads_one_is_not(home: SmallHome) -> None:
    path = home.write(1, meta("a"))

    with running("file = open(sys.argv[1], 'rb')", path):
        assert users(found(home)) == []
    with running("file = open(sys.argv[1], 'ab')", path) as pid:
        assert users(found(home)) == [f"{Path(sys.executable).name} (process {pid})"]
        with pytest.raises(SessionsError, match=rf"in use by .*\(process {pid}\)"), alone(found(home)):
            pass


def test_who_has_a_database_open_is_noticed(home: SmallHome) -> None:
    home.row("a", "openai")

    with running("db = sqlite3.connect(sys.argv[1]); db.execute('SELECT * FROM threads').fetchall()",
                 home.folder / "state_5.sqlite"):  # fmt: skip
        assert users(found(home))
    assert users(found(home)) == []


def test_who_holds_a_sessions_lock_is_noticed(home: SmallHome) -> None:
    lock = home.folder / "thread-writer-locks" / "a.lock"
    lock.parent.mkdir()
    lock.touch()

    with running("file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_EX)", lock):
        assert users(found(home)) == ["a process that cannot be seen"]


@ON_LINUX
def test_a_codex_without_open_files_is_known_by_its_name_and_folder(home: SmallHome) -> None:
    with running("pass", argv0="/opt/bin/codex", CODEX_HOME=str(home.folder)) as pid:
        assert users(found(home)) == [f"codex (process {pid})"]
    with running("pass", argv0="/opt/bin/codex", CODEX_HOME="/elsewhere"):
        assert users(found(home)) == []


@pytest.mark.parametrize("lock", [".tmp/rollout-maintenance.lock", "thread-writer-locks/.coordination.lock", "."])
def test_a_lock_that_another_holds_is_one_sentence(home: SmallHome, lock: str) -> None:
    path = home.folder / lock
    path.parent.mkdir(exist_ok=True)
    if lock != ".":
        path.touch()
    descriptor = os.open(path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(SessionsError, match=r"wait until it is done|in use by"), alone(found(home)):
            pass
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("argv", "environ", "is_one"),
    [
        (["codex"], {"HOME": "/h"}, True),
        (["/usr/bin/codex", "app-server"], {"CODEX_HOME": "/h/.codex", "HOME": "/x"}, True),
        (["node", "/usr/bin/codex", "exec"], {"HOME": "/h"}, True),
        (["/x/codex-x86_64-unknown-linux-musl"], {"HOME": "/h"}, True),
        (["Codex"], {"HOME": "/h"}, True),
        (["codex"], {"HOME": "/other"}, False),
        (["codex"], {}, False),
        (["codexlb", "serve"], {"HOME": "/h"}, False),
        (["codex-lb"], {"HOME": "/h"}, False),
        (["vim", "codex.md"], {"HOME": "/h"}, False),
        ([], {"HOME": "/h"}, False),
    ],
)
def test_which_processes_are_codex(argv: list[str], environ: dict[str, str], is_one: bool) -> None:
    assert is_codex(argv, environ, Path("/h/.codex")) is is_one


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["/usr/bin/codex", "app-server"], "codex app-server (process 7)"),
        (["node", "/usr/bin/codex", "exec", "hi"], "codex exec (process 7)"),
        (["codex", "--model", "x"], "codex (process 7)"),
        ([], "process (process 7)"),
    ],
)
def test_how_a_process_is_called(argv: list[str], text: str) -> None:
    assert phrase(argv, 7) == text


def test_processes_as_lsof_names_them() -> None:
    assert from_lsof("p17\nccodex\nf3\np18\ncpython3\n", 18) == ["codex (process 17)"]


@ON_LINUX
def test_a_dry_run_beside_a_running_codex_says_so(home: SmallHome) -> None:
    path = home.session(1)

    with running("file = open(sys.argv[1], 'ab')", path, argv0="/opt/bin/codex") as pid:
        told = codexlb_sessions("retag", "--from", "openai", "--to", "x", "--codex-home", home.folder, "--dry-run")

    assert f"Codex is running there (codex (process {pid})): end it before you retag." in told.stderr
    assert told.exit_code == 0
