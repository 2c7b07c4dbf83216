"""A body that goes by is kept up to a bound."""

from __future__ import annotations

import pytest

from addons.wire.unary import Body


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([], b""),
        ([b"ab", b"", b"cd"], b"abcd"),
        ([b"ab", b"cde"], b""),
        ([b"abcde", b"f"], b""),
    ],
    ids=["nothing", "up to the bound", "over the bound", "over the bound at once"],
)
def test_content(pieces: list[bytes], expected: bytes) -> None:
    body = Body(limit=4)
    for piece in pieces:
        body.feed(piece, 1.0)

    assert body.content == expected
