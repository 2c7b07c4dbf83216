"""Lines of a stream of bytes."""

from __future__ import annotations

import pytest

from scripts.sessions.content_lines import ContentLine, lines

LIMIT = 5


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"", []),
        (b"a\nbc\n", [(1, 0, b"a\n"), (2, 2, b"bc\n")]),
        (b"a\nbc", [(1, 0, b"a\n"), (2, 2, b"bc")]),
        (b"\n\na", [(1, 0, b"\n"), (2, 1, b"\n"), (3, 2, b"a")]),
        (b"\ra\x0b\xe2\n", [(1, 0, b"\ra\x0b\xe2\n")]),
        (b"1234\n12345\na\n", [(1, 0, b"1234\n"), (2, 5, None), (3, 11, b"a\n")]),
        (b"123456789\n12345678", [(1, 0, None), (2, 10, None)]),
    ],
    ids=[
        "nothing",
        "two",
        "no last line feed",
        "empty ones",
        "only line feeds end one",
        "too long",
        "too long at the end",
    ],
)
def test_lines_with_their_places(text: bytes, found: list[tuple[int, int, bytes | None]], size: int) -> None:
    blocks = [text[start : start + size] for start in range(0, len(text), size)]

    assert list(lines(blocks, LIMIT)) == [ContentLine(*each) for each in found]
