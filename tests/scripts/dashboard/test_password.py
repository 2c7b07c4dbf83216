"""`codexlb dashboard password`: how a person sets it, and that it stands nowhere afterwards."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
from collections.abc import Sequence

import pytest
from click.testing import CliRunner, Result

from codexlb_store.dashboard_password import is_password, load_password
from scripts.cli import main
from scripts.data_folder import DataFolder
from tests.processes import command

SECONDS = 20
GOOD = "correct horse"


def password(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["dashboard", "password", *arguments], input=stdin)


def at_terminal(*answers: str) -> tuple[int, str]:
    """The exit code of the command at a terminal, and all that stood there, when each prompt is answered."""
    ours, theirs = pty.openpty()
    waiting, shown = list(answers), b""
    try:
        with subprocess.Popen(
            [command("codexlb"), "dashboard", "password"], stdin=theirs, stdout=theirs, stderr=theirs
        ) as process:
            os.close(theirs)
            with contextlib.suppress(OSError):  # how a terminal tells that its last program has ended
                while piece := os.read(ours, 4096):
                    shown += piece
                    if waiting and shown.endswith(b": "):
                        os.write(ours, f"{waiting.pop(0)}\n".encode())
            return process.wait(SECONDS), shown.decode()
    finally:
        os.close(ours)


def test_it_is_asked_for_twice_and_not_shown(folder: DataFolder) -> None:
    code, shown = at_terminal(GOOD, GOOD)
    stored = load_password(folder.db)

    assert code == 0
    assert stored and is_password(GOOD, stored)
    assert GOOD not in shown
    assert "everybody needs it from now on" in shown


def test_who_mistypes_it_is_asked_again(folder: DataFolder) -> None:
    code, shown = at_terminal(GOOD, "correct house", GOOD, GOOD)

    assert (code, load_password(folder.db) is None) == (0, False)
    assert "do not match" in shown


@pytest.mark.parametrize("line", [GOOD.encode(), f"{GOOD}\n".encode(), f"{GOOD}\r\nmore\n".encode()])
def test_scripts_give_it_as_one_line(folder: DataFolder, line: bytes) -> None:
    result = password("--stdin", stdin=line)
    stored = load_password(folder.db)

    assert (result.exit_code, result.output) == (
        0, "The dashboard has a password: everybody needs it from now on, on this machine too.\n"
    )  # fmt: skip
    assert stored and is_password(GOOD, stored)


def test_it_is_changed_and_removed(folder: DataFolder) -> None:
    said = [
        password(*arguments, stdin=GOOD.encode()).output
        for arguments in (("--stdin",), ("--stdin",), ("--remove",), ("--remove",))
    ]

    assert [text.splitlines()[-1] for text in said[1:]] == [
        "The dashboard has a new password; who was logged in has to log in again.",
        "The dashboard has no password any more: from now on it is shown on this machine only.",
        "The dashboard has no password: it is shown on this machine only.",
    ]
    assert load_password(folder.db) is None


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "message"),
    [
        (("--stdin",), b"short", 1, "The password has 5 characters: give 10 or more."),
        (("--stdin",), b"", 1, "The password has 0 characters: give 10 or more."),
        (("--stdin",), b"x" * 5000, 1, "give 256 or less."),
        (("--stdin",), b"\xff" * 12, 1, "is not UTF-8 text."),
        ((), b"correct horse\n", 1, "Nobody is at the keyboard: give the password on standard input and add --stdin."),
        (("--stdin", "--remove"), b"", 2, "--remove and --stdin exclude each other: choose one."),
    ],
    ids=["short", "none", "long", "bytes", "nobody there", "both"],
)
def test_what_cannot_be_is_one_sentence(
    folder: DataFolder, arguments: Sequence[str], stdin: bytes, code: int, message: str
) -> None:
    result = password(*arguments, stdin=stdin)

    assert result.exit_code == code
    assert result.stderr.rstrip().endswith(message)
    assert load_password(folder.db) is None


def test_it_stands_nowhere_in_the_data_folder(folder: DataFolder) -> None:
    password("--stdin", stdin=GOOD.encode())

    assert [path for path in folder.home.rglob("*") if path.is_file() and GOOD.encode() in path.read_bytes()] == []
