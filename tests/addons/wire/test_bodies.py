"""A body ends where its head or its chunks say, however it arrives; and what says it in two ways is no body."""

from __future__ import annotations

import pytest

from addons.wire.bodies import MOST_LINE_BYTES, Chunked, Framing, FramingError, Sized

NEXT = b"GET / HTTP/1.1\r\n\r\n"


def read(framing: Framing, data: bytes, step: int) -> tuple[bytes, bytes]:
    """Feed it piece by piece, as a connection does: what is left over comes again before the next."""
    body, rest = b"", b""
    for at in range(0, len(data), step):
        piece, rest = framing.feed(rest + data[at : at + step])
        body += piece
        if framing.ended:
            return body, rest + data[at + step :]
    return body, rest


@pytest.mark.parametrize("step", [1, 2, 3, 7, 10_000])
@pytest.mark.parametrize(
    ("raw", "body"),
    [
        pytest.param(b"0\r\n\r\n", b"", id="nothing"),
        pytest.param(b"5\r\nhello\r\n0\r\n\r\n", b"hello", id="one chunk"),
        pytest.param(b"5\r\nhello\r\n1\r\n!\r\n000\r\n\r\n", b"hello!", id="two chunks"),
        pytest.param(b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789", id="hex"),
        pytest.param(b'5 ; a="b"\r\nhello\r\n0;c\r\n\r\n', b"hello", id="extensions"),
        pytest.param(b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n", id="line ends in a chunk"),
    ],
)
def test_chunks_are_undone_however_they_are_cut(raw: bytes, body: bytes, step: int) -> None:
    chunks = Chunked()

    assert read(chunks, raw + NEXT, step) == (body, NEXT)
    assert chunks.ended


@pytest.mark.parametrize("step", [1, 3, 10_000])
@pytest.mark.parametrize("body", [b"", b"x", b"hello" * 100])
def test_a_body_of_known_length_ends_with_its_last_byte(body: bytes, step: int) -> None:
    sized = Sized(len(body))

    assert sized.ended is (body == b"")
    assert read(sized, body + NEXT, step) == ((body, NEXT) if body else (b"", NEXT))
    assert sized.ended


@pytest.mark.parametrize("step", [1, 4, 10_000])
@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"x\r\n", id="no length"),
        pytest.param(b"\r\n", id="an empty line"),
        pytest.param(b"-1\r\n", id="below nothing"),
        pytest.param(b"0x5\r\nhello\r\n", id="another hex"),
        pytest.param(b" 5\r\nhello\r\n", id="space before the length"),
        pytest.param(b"5\nhello\r\n0\r\n\r\n", id="bare LF behind the length"),
        pytest.param(b"5\n", id="bare LF behind the length, and nothing more"),
        pytest.param(b"0\r\n\n", id="bare LF at the end"),
        pytest.param(b"5\r\nhello0\r\n\r\n", id="no line end behind a chunk"),
        pytest.param(b"5\r\nhello\n0\r\n\r\n", id="bare LF behind a chunk"),
        pytest.param(b"5\r\nhello!\r\n0\r\n\r\n", id="longer than it says"),
        pytest.param(b"5;\x00\r\nhello\r\n", id="NUL in an extension"),
        pytest.param(b"1ffffffff\r\n", id="a length nobody has"),
        pytest.param(b"5;" + b"x" * MOST_LINE_BYTES, id="a line that does not end"),
        pytest.param(b"0\r\nx-trailer: 1\r\n\r\n", id="trailers"),
        pytest.param(b"0\r\n" + b"x" * MOST_LINE_BYTES, id="trailers that do not end"),
    ],
)
def test_chunks_that_could_be_read_in_two_ways_are_none(raw: bytes, step: int) -> None:
    with pytest.raises(FramingError, match=r"\.$"):
        read(Chunked(), raw, step)


@pytest.mark.parametrize("raw", [b"", b"5", b"5\r\n", b"5\r\nhel", b"5\r\nhello\r", b"5\r\nhello\r\n0\r\n", b"0\r\n\r"])
def test_chunks_that_have_not_ended_are_waited_for(raw: bytes) -> None:
    chunks = Chunked()

    read(chunks, raw, 1)

    assert not chunks.ended


def test_what_is_kept_of_a_body_that_comes_slowly_is_bounded() -> None:
    chunks = Chunked()

    _, rest = read(chunks, b"5\r\nhello\r\n3" + b" " * 200, 1)

    assert len(rest) <= MOST_LINE_BYTES
