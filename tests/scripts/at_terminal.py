"""A program of ours at a real terminal: a pty, the installed command, and somebody who answers once they are asked."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.processes import command

SECONDS = 20
AGAIN_SECONDS = 5

Process = subprocess.Popen[bytes]
Answer = Callable[[Process, int], object]
"""What a person does to a program that asks, or types into its terminal."""


def types(text: str) -> Answer:
    return lambda process, terminal: os.write(terminal, text.encode())


def interrupts(process: Process, terminal: int) -> None:
    """Ctrl-C; and once more, for Python misses one that comes between its question and its wait for the answer."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(AGAIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)


def asked(answer: Answer, *arguments: str | Path) -> tuple[int, str]:
    """The exit code of `codexlb ARGUMENTS` at a terminal, and all that stood there."""
    ours, theirs = pty.openpty()
    line = [command("codexlb"), *arguments]
    shown, answered = b"", False
    try:
        with subprocess.Popen(line, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            with contextlib.suppress(OSError):  # how a terminal tells that its last program has ended
                while piece := os.read(ours, 4096):
                    shown += piece
                    if (b"[y/N]" in shown or b"[Y/n]" in shown) and not answered:
                        answer(process, ours)
                        answered = True
            return process.wait(SECONDS), shown.decode()
    finally:
        os.close(ours)
