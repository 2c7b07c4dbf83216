"""The chunks of an answer are undone as many as come at once; what is no chunk is told behind all that was one."""

from __future__ import annotations

from typing import Any

import h11
import pytest
from h11._receivebuffer import ReceiveBuffer

from addons.core.back import Chunks


def read(reader: Chunks, *reads: bytes) -> list[Any]:
    """What the reader makes of these, as mitmproxy asks it: again and again until it waits for more."""
    buf, found = ReceiveBuffer(), []
    for data in reads:
        buf += data
        while (event := reader(buf)) is not None:
            found.append(bytes(event.data) if isinstance(event, h11.Data) else "end")
            if found[-1] == "end":
                return [*found, bytes(buf)] if buf else found
    return found


CHUNKS = b"5\r\nhello\r\n1;x=y\r\n,\r\n6\r\n world\r\n"


@pytest.mark.parametrize(
    ("reads", "found"),
    [
        pytest.param([CHUNKS], [b"hello, world"], id="one read is one piece"),
        pytest.param([CHUNKS + b"0\r\n\r\n"], [b"hello, world", "end"], id="with its end"),
        pytest.param([CHUNKS[:7], CHUNKS[7:]], [b"hell", b"o, world"], id="cut in a chunk"),
        pytest.param([CHUNKS[:11], CHUNKS[11:]], [b"hello", b", world"], id="cut in a line"),
        pytest.param([b"0\r\nx-after: 1\r\nx-more: 2\r\n\r\n"], ["end"], id="trailers are dropped"),
        pytest.param([b"0\r\n", b"x-af", b"ter: 1\r\n", b"\r\n"], ["end"], id="also when they come in pieces"),
        pytest.param([b"0\r\n\r\nHTTP/1.1 200"], ["end", b"HTTP/1.1 200"], id="what follows is left"),
    ],
)
def test_all_that_has_come_is_one_piece(reads: list[bytes], found: list[Any]) -> None:
    assert read(Chunks(), *reads) == found


def test_what_precedes_a_flaw_is_passed_on_first() -> None:
    reader, buf = Chunks(), ReceiveBuffer()
    buf += CHUNKS + b"this is no chunk\r\n"

    event = reader(buf)

    assert isinstance(event, h11.Data)
    assert event.data == b"hello, world"
    with pytest.raises(h11.RemoteProtocolError, match="does not begin with its length"):
        reader(buf)


def test_an_answer_that_ends_before_its_last_chunk_is_cut_off() -> None:
    reader = Chunks()
    read(reader, CHUNKS)

    with pytest.raises(h11.RemoteProtocolError, match="before the body had ended"):
        reader.read_eof()
