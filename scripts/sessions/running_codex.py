"""Whether Codex is at work in a folder: the folder goes in, who uses it comes out, a phrase each.

Three signs. The databases: an open connection holds SQLite's shared lock (seen with codex-cli 0.136.0 and 0.169.0;
every system). The locks of sessions that are written to (0.169.0). On Linux /proc tells who it is: files of the folder
that are open for writing, and processes called codex whose environment leads to the folder; elsewhere lsof names them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.sessions.codex_home import CodexHome

PROC = Path("/proc")

SHARED_LOCK_FIRST, SHARED_LOCK_BYTES = 0x40000002, 510
"""Where SQLite locks its files: https://www.sqlite.org/src/file/src/os.h."""

WRITER_LOCKS = "thread-writer-locks"

PROGRAM = re.compile(r"codex(-(x86_64|aarch64)-.+)?(\.js|\.exe)?", re.IGNORECASE)

LSOF_SECONDS = 10


def users(home: CodexHome) -> list[str]:
    """Who works in this folder, as far as can be seen; empty if nobody does."""
    found = list(dict.fromkeys(_processes(home) if PROC.joinpath("self").exists() else _by_lsof(home)))
    if not found and (_databases_open(home) or _sessions_locked(home)):
        found = ["a process that cannot be seen"]
    return found


def is_codex(argv: list[str], environ: Mapping[str, str], folder: Path) -> bool:
    """Whether this is Codex at home in the folder: the program itself, or node that runs it."""
    if not any(PROGRAM.fullmatch(Path(word).name) for word in argv[:2]):
        return False
    chosen = environ.get("CODEX_HOME") or (Path(environ["HOME"], ".codex") if environ.get("HOME") else None)
    return chosen is not None and Path(chosen).resolve() == folder


def phrase(argv: list[str], pid: int) -> str:
    """A process as a person knows it: `codex app-server (process 17)`."""
    words = [Path(word).name for word in argv[:1]] + argv[1:2]
    if len(argv) > 1 and PROGRAM.fullmatch(Path(argv[1]).name):  # node runs it
        words = [Path(argv[1]).name, *argv[2:3]]
    return f"{' '.join(word for word in words if not word.startswith('-')) or 'process'} (process {pid})"


def _processes(home: CodexHome) -> Iterator[str]:
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        argv = _words(entry / "cmdline")
        environ = dict(word.partition("=")[::2] for word in _words(entry / "environ"))
        if _writes_to(entry, home) or is_codex(argv, environ, home.folder):
            yield phrase(argv, int(entry.name))


def _words(path: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return path.read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    return []


def _writes_to(process: Path, home: CodexHome) -> bool:
    """Whether the process has a file below these folders open for writing; False where that cannot be seen."""
    places = tuple({f"{home.folder}{os.sep}", f"{home.databases}{os.sep}"})
    with contextlib.suppress(OSError):
        for link in process.joinpath("fd").iterdir():
            with contextlib.suppress(OSError):
                if str(link.readlink()).startswith(places) and _is_writable(process / "fdinfo" / link.name):
                    return True
    return False


def _is_writable(fdinfo: Path) -> bool:
    flags = re.search(r"^flags:\s*([0-7]+)", fdinfo.read_text(), re.MULTILINE)
    return flags is not None and int(flags[1], 8) & os.O_ACCMODE != os.O_RDONLY


def _by_lsof(home: CodexHome) -> list[str]:
    program = shutil.which("lsof")
    files = [str(path) for path in home.databases.glob("*.sqlite")]
    if program is None or not files:
        return []
    with contextlib.suppress(subprocess.TimeoutExpired, OSError):
        done = subprocess.run(  # noqa: S603 - files that are there, no words of a person
            [program, "-nP", "-Fpc", "--", *files], capture_output=True, text=True, timeout=LSOF_SECONDS, check=False
        )
        return from_lsof(done.stdout, os.getpid())
    return []


def from_lsof(output: str, own_pid: int) -> list[str]:
    """The processes in what `lsof -Fpc` prints: lines `p<pid>` and `c<command>`."""
    found, pid = [], 0
    for line in output.splitlines():
        if line.startswith("p"):
            pid = int(line[1:])
        elif line.startswith("c") and pid != own_pid:
            found.append(phrase([line[1:]], pid))
    return found


def _databases_open(home: CodexHome) -> bool:
    """Whether somebody has a database open. To be asked before this process opens one: locks are per process."""
    for path in home.databases.glob("*.sqlite"):
        with contextlib.suppress(PermissionError, FileNotFoundError), path.open("r+b") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, SHARED_LOCK_BYTES, SHARED_LOCK_FIRST)
            except BlockingIOError:
                return True
    return False


def _sessions_locked(home: CodexHome) -> bool:
    for path in home.folder.joinpath(WRITER_LOCKS).glob("*.lock"):
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False
