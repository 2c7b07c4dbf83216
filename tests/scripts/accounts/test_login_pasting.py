"""Lines come in as they are typed, whatever standard input is, and nothing waits for them."""

from __future__ import annotations

import asyncio
import os
import pty
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.accounts.login_pasting import MOST_BYTES, Pasting, standard_input
from tests.addons.waiting import until

END = "(end)"


class Heard:
    """What was told, in its order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def pasting(self, descriptor: int | None) -> Pasting:
        return Pasting(descriptor, self.lines.append, lambda: self.lines.append(END))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


async def test_lines_come_when_they_are_whole(heard: Heard, pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    with heard.pasting(reading):
        for piece in (b"on", b"e\ntwo\n\n\xff", b"\nlast"):
            os.write(writing, piece)
            await asyncio.sleep(0)
        await until(lambda: len(heard.lines) == 4)

    assert heard.lines == ["one", "two", "", "\ufffd"]


async def test_nothing_is_read_when_it_is_left(heard: Heard, pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    with heard.pasting(reading):
        pass
    os.write(writing, b"for somebody else\n")
    await asyncio.sleep(0)

    assert heard.lines == []
    assert os.read(reading, 100) == b"for somebody else\n"


async def test_a_last_line_needs_no_end_of_line(heard: Heard) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"one\nlast")
    os.close(writing)
    with heard.pasting(reading):
        await until(lambda: END in heard.lines)
    os.close(reading)

    assert heard.lines == ["one", "last", END]


async def test_a_terminal_gives_lines_and_an_end(heard: Heard) -> None:
    keyboard, terminal = pty.openpty()
    with heard.pasting(terminal):
        os.write(keyboard, b"one\r\x04")
        await until(lambda: END in heard.lines)
        os.write(keyboard, b"after the end\r")
        await asyncio.sleep(0)
    os.close(keyboard)
    os.close(terminal)

    assert heard.lines == ["one", "", END]


async def test_a_terminal_that_goes_away_is_an_end(heard: Heard) -> None:
    keyboard, terminal = pty.openpty()
    with heard.pasting(terminal):
        os.close(keyboard)
        await until(lambda: END in heard.lines)
    os.close(terminal)


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"", ["", END]), (b"one\ntwo", ["one", "two", END]), (b"one\n", ["one", "", END])],
    ids=["empty", "two lines", "one line"],
)
async def test_a_file_is_read_at_once(heard: Heard, tmp_path: Path, content: bytes, expected: list[str]) -> None:
    (tmp_path / "file").write_bytes(content)
    with (tmp_path / "file").open("rb") as file, heard.pasting(file.fileno()):
        assert heard.lines == expected


async def test_what_never_ends_is_not_read_for_ever(heard: Heard) -> None:
    with Path("/dev/zero").open("rb") as file, heard.pasting(file.fileno()):
        assert [len(line) for line in heard.lines] == [MOST_BYTES, len(END)]


async def test_no_standard_input_is_an_end(heard: Heard) -> None:
    with heard.pasting(None):
        assert heard.lines == [END]


def test_what_is_no_file_is_no_standard_input() -> None:
    """As in these tests, where pytest stands in for it."""
    assert standard_input() is None


async def test_a_line_that_somebody_else_took_is_not_waited_for(heard: Heard, pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[0], False)

    assert heard.pasting(pipe[0]).read()
    assert heard.lines == []
