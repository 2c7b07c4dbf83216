"""Undo a request body's Content-Encoding: wire bytes in, plain bytes out, never more than the limit."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import brotli  # type: ignore[import-untyped]
import zstandard

MEBIBYTE = 1024 * 1024

MOST_BODY_BYTES = 64 * MEBIBYTE
"""Decoded size of a request; a history of a hundred screenshots stays below it."""

# Output is taken in pieces of this size: a bomb costs one piece more than the limit, not its whole size.
_CHUNK_BYTES = 64 * 1024

# RFC 9659: a zstd frame on HTTP must not ask its reader for a larger window.
_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024

# brotli before 1.2 cannot bound what one call returns, but one meta-block yields at most 16 MiB and takes
# about this many bytes to write. It costs 36 ms for 1 MB of input; Codex itself sends zstd.
_BROTLI_SLICE_BYTES = 16
_BROTLI_IS_BOUNDED = hasattr(brotli.Decompressor, "can_accept_more_data")

# Two layers are what a client behind a compressing proxy could send; more, or one twice, is somebody playing.
_MAX_LAYERS = 2

# A few million empty pieces would take ten seconds to walk over. Those of honest encoders are larger by far.
_MOST_PIECES = 4096
_PIECE_BYTES = 256

# RFC 8878: the longest frame header, the end of a skippable frame's magic, a block that repeats one byte.
_ZSTD_HEADER_BYTES = 18
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
_ZSTD_REPEAT = 1


def size_text(size_bytes: int) -> str:
    """A size as a person reads it: in MiB if it is that large, rounded down."""
    return f"{size_bytes // MEBIBYTE} MiB" if size_bytes >= MEBIBYTE else f"{size_bytes} bytes"


class BodyError(Exception):
    """A request body that cannot be read; `status` is the HTTP status it deserves."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class BodyTooLarge(BodyError):
    """A request body whose plain form is over the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is over the limit of {size_text(limit)} once decompressed.", 413)


def decode_body(body: bytes, encoding: str, limit: int) -> bytes:
    """Return the plain body of a request with this Content-Encoding, of at most `limit` bytes.

    Raises BodyTooLarge (413), or BodyError for a broken or truncated body (400) or an unknown encoding (415).
    """
    for name in reversed(_layers(encoding)):
        body = _collect(_DECODERS[name], name, body, limit)
    if len(body) > limit:
        raise BodyTooLarge(limit)
    return body


def _layers(encoding: str) -> list[str]:
    names = [name.strip().lower() for name in encoding.split(",")]
    layers = [name for name in names if name not in ("", "identity")]
    if unknown := [name for name in layers if name not in _DECODERS]:
        message = f"The content encoding {unknown[0]!r} is not supported; send zstd, gzip, deflate, br or none."
        raise BodyError(message, 415)
    if len(layers) > min(_MAX_LAYERS, len(set(layers))):
        message = f"The request body is encoded {len(layers)} times; {_MAX_LAYERS} different ways are accepted."
        raise BodyError(message, 415)
    return layers


def _pieces(body: bytes) -> Iterator[int]:
    """Counts the pieces that a body of this size may be made of; BodyError with the first that is too many."""
    yield from range(_MOST_PIECES + len(body) // _PIECE_BYTES)
    raise BodyError("The request body is compressed in too many pieces to be read.", 413)


def _collect(decoder: Callable[[bytes], Iterator[bytes]], name: str, body: bytes, limit: int) -> bytes:
    plain = io.BytesIO()
    try:
        for piece in decoder(body) if body else ():
            if plain.tell() + len(piece) > limit:
                raise BodyTooLarge(limit)
            plain.write(piece)
    except (zstandard.ZstdError, zlib.error, brotli.error, EOFError) as error:
        raise BodyError(f"The request body is not whole {name} data; send it again.") from error
    return plain.getvalue()


def _zstd(body: bytes) -> Iterator[bytes]:
    # The reader below stops without a word where its input stops, also in the middle of a frame.
    if not _ends_with_a_frame(body):
        raise EOFError
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    with decompressor.stream_reader(body, read_across_frames=True) as reader:
        while piece := reader.read(_CHUNK_BYTES):
            yield piece


def _ends_with_a_frame(body: bytes) -> bool:
    at, pieces = 0, _pieces(body)
    while at < len(body):
        next(pieces)
        at = _skippable_end(body, at) if body[at + 1 : at + 4] == _ZSTD_SKIPPABLE else _frame_end(body, at, pieces)
    return at == len(body)


def _skippable_end(body: bytes, at: int) -> int:
    return at + 8 + int.from_bytes(body[at + 4 : at + 8], "little")


def _frame_end(body: bytes, at: int, pieces: Iterator[int]) -> int:
    """Where the zstd frame at `at` ends (RFC 8878, 3.1.1): header, blocks up to the last one, checksum."""
    header = body[at : at + _ZSTD_HEADER_BYTES]
    checksum = 4 if zstandard.get_frame_parameters(header).has_checksum else 0
    at += zstandard.frame_header_size(header)
    last = 0
    while not last:
        if at + 3 > len(body):
            raise EOFError
        next(pieces)
        block = int.from_bytes(body[at : at + 3], "little")
        last, kind, size = block & 1, block >> 1 & 3, block >> 3
        at += 3 + (1 if kind == _ZSTD_REPEAT else size)
    return at + checksum


def _gzip(body: bytes) -> Iterator[bytes]:
    return _zlib(body, 16 + zlib.MAX_WBITS)


def _deflate(body: bytes) -> Iterator[bytes]:
    # HTTP means the zlib format by "deflate"; some clients send the bare stream. The header's checksum tells.
    has_header = body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    return _zlib(body, zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)


def _zlib(body: bytes, window_bits: int) -> Iterator[bytes]:
    member, members = zlib.decompressobj(window_bits), _pieces(body)
    for start in range(0, len(body), _CHUNK_BYTES):
        data = body[start : start + _CHUNK_BYTES]
        while True:
            if member.eof and data:  # the next member of a gzip file
                next(members)
                member = zlib.decompressobj(window_bits)
            piece = member.decompress(data, _CHUNK_BYTES)
            data = member.unused_data if member.eof else member.unconsumed_tail
            yield piece
            if not data and (member.eof or len(piece) < _CHUNK_BYTES):
                break
    if not member.eof:
        raise EOFError


def _brotli(body: bytes) -> Iterator[bytes]:
    decompressor = brotli.Decompressor()
    pieces = _brotli_bounded if _BROTLI_IS_BOUNDED else _brotli_sliced
    yield from pieces(decompressor, body)
    if not decompressor.is_finished():
        raise EOFError


def _brotli_bounded(decompressor: Any, body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _CHUNK_BYTES):  # what it has not read yet it copies with each call
        piece = decompressor.process(body[start : start + _CHUNK_BYTES], output_buffer_limit=_CHUNK_BYTES)
        while piece:
            yield piece
            piece = decompressor.process(b"", output_buffer_limit=_CHUNK_BYTES)


def _brotli_sliced(decompressor: Any, body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _BROTLI_SLICE_BYTES):
        yield decompressor.process(body[start : start + _BROTLI_SLICE_BYTES])


_DECODERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "zstd": _zstd,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
}
