"""Whatever bytes a body is made of: the same in pieces as at once, the same as an independent decoder says, bounded."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import h11
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from addons.wire.bodies import Chunked, Framing, FramingError, Sized
from addons.wire.decoding import BodyError, BodyTooLarge, decode_body
from tests.hunts import damaged, hunt, pieces_of

LIMIT = 100_000


def fed(framing: Framing, pieces: list[bytes]) -> tuple[bytes, bytes] | str:
    """The body and what is left behind it, or why its end cannot be told."""
    body, rest = b"", b""
    try:
        for piece in pieces:
            found, rest = framing.feed(rest + piece)
            body += found
    except FramingError as error:
        return str(error)
    return body, rest


@st.composite
def chunked(draw: st.DrawFn) -> bytes:
    """A body in chunks, as some encoder may write them."""
    chunks = draw(st.lists(st.binary(min_size=1, max_size=20), max_size=4))
    sizes = [b"%x", b"%X", b"%03x", b"%x;a=b", b"%x \t"]
    parts = [draw(st.sampled_from(sizes)) % len(chunk) + b"\r\n" + chunk + b"\r\n" for chunk in chunks]
    return b"".join([*parts, b"0\r\n\r\n"])


def as_h11_reads(data: bytes) -> tuple[bytes, bytes]:
    """The body, and what is behind it; raises h11.RemoteProtocolError."""
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n" + data)
    events = iter(reader.next_event, h11.PAUSED)
    parts = itertools.takewhile(lambda event: not isinstance(event, h11.EndOfMessage), events)
    body = b"".join(bytes(event.data) for event in parts if isinstance(event, h11.Data))
    return body, reader.trailing_data[0]


@hunt
@given(st.data(), chunked() | damaged(chunked()) | st.binary(max_size=60), st.binary(max_size=8))
def test_a_body_in_chunks_is_what_h11_reads_however_it_comes(data: st.DataObject, body: bytes, behind: bytes) -> None:
    whole, framing = body + behind, Chunked()
    at_once = fed(framing, [whole])
    in_pieces = fed(Chunked(), data.draw(pieces_of(whole)))

    assert in_pieces == at_once or isinstance(at_once, str) == isinstance(in_pieces, str) is True
    if framing.ended:
        assert as_h11_reads(whole) == at_once


@hunt
@given(st.data(), st.binary(max_size=40), st.integers(0, 50))
def test_a_body_of_known_length_ends_there(data: st.DataObject, whole: bytes, length: int) -> None:
    framing = Sized(length)

    assert fed(framing, data.draw(pieces_of(whole))) == (whole[:length], whole[length:])
    assert framing.ended == (len(whole) >= length)


def in_gzip(pieces: list[bytes]) -> bytes:
    """Each piece a member of its own."""
    return b"".join(map(gzip.compress, pieces))


def in_zstd(pieces: list[bytes]) -> bytes:
    """Each piece a frame of its own, every second one without its size."""
    whole, streamed = zstandard.ZstdCompressor(), zstandard.ZstdCompressor(write_content_size=False)
    return b"".join((streamed if number % 2 else whole).compress(piece) for number, piece in enumerate(pieces))


def in_br(pieces: list[bytes]) -> bytes:
    """One stream, flushed behind each piece."""
    compressor = brotli.Compressor()
    written = [compressor.process(piece) + compressor.flush() for piece in pieces]
    return b"".join([*written, compressor.finish()])


def in_deflate(pieces: list[bytes]) -> bytes:
    """One stream, flushed behind each piece."""
    compressor = zlib.compressobj()
    written = [compressor.compress(piece) + compressor.flush(zlib.Z_FULL_FLUSH) for piece in pieces]
    return b"".join([*written, compressor.flush()])


def as_it_is(pieces: list[bytes]) -> bytes:
    return b"".join(pieces)


ENCODERS = {"gzip": in_gzip, "zstd": in_zstd, "br": in_br, "deflate": in_deflate, "identity": as_it_is}
PLAIN = st.binary(max_size=200) | st.builds(
    lambda piece, times: piece * times, st.binary(max_size=9), st.integers(0, 5000)
)
Encoder = Callable[[list[bytes]], bytes]
encoders = pytest.mark.parametrize(("name", "encoder"), ENCODERS.items(), ids=ENCODERS.keys())


@encoders
@hunt
@given(data=st.data(), plain=PLAIN)
def test_what_was_encoded_is_decoded(name: str, encoder: Encoder, data: st.DataObject, plain: bytes) -> None:
    assert decode_body(encoder(data.draw(pieces_of(plain))), name, LIMIT) == plain


@encoders
@hunt
@given(plain=PLAIN, limit=st.integers(0, 2000))
def test_no_more_is_decoded_than_the_limit(name: str, encoder: Encoder, plain: bytes, limit: int) -> None:
    packed = encoder([plain])
    if len(plain) <= limit:
        assert decode_body(packed, name, limit) == plain
    else:
        with pytest.raises(BodyTooLarge):
            decode_body(packed, name, limit)


@encoders
@hunt
@given(data=st.data(), plain=PLAIN)
def test_what_is_cut_short_is_broken(name: str, encoder: Encoder, data: st.DataObject, plain: bytes) -> None:
    packed = encoder([plain])
    part = packed[: data.draw(st.integers(0, len(packed) - 1))] if packed else b""
    if part and name != "identity":
        with pytest.raises(BodyError):
            decode_body(part, name, LIMIT)


LAYERS = st.lists(st.sampled_from([*ENCODERS, "x-gzip", "GZIP", "", "compress"]), max_size=3)


@hunt
@given(LAYERS.map(", ".join) | st.text(max_size=12), st.data(), PLAIN)
def test_any_bytes_under_any_encoding_are_decoded_or_refused(encoding: str, data: st.DataObject, plain: bytes) -> None:
    """Also such as were right before something happened to them."""
    packed = data.draw(st.sampled_from(list(ENCODERS.values())))([plain])
    try:
        assert len(decode_body(data.draw(damaged(st.just(packed))), encoding, LIMIT)) <= LIMIT
    except BodyError as error:
        assert error.status in (400, 413, 415)
        assert str(error).endswith(".")
