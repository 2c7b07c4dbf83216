"""Request bodies are decoded whole or refused, and no body costs more memory than the limit allows."""

from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from addons.wire.decoding import BodyError, BodyTooLarge, decode_body

MEBIBYTE = 1024 * 1024
TEXT = b'{"model":"gpt","input":"hello"}' * 10
LONG = random.Random(1).randbytes(300_000) + b"a" * 300_000


def streamed_zstd(plain: bytes, checksum: bool = False) -> bytes:
    """What Codex sends: a frame that does not tell its size."""
    compressor = zstandard.ZstdCompressor(write_checksum=checksum).compressobj()
    return compressor.compress(plain) + compressor.flush()


def raw_deflate(plain: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(plain) + compressor.flush()


SKIPPABLE = b"\x50\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
RUN = b"\x28\xb5\x2f\xfd\x00\x58" + (1 | 1 << 1 | 5 << 3).to_bytes(3, "little") + b"z"


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        pytest.param("", TEXT, TEXT, id="no encoding"),
        pytest.param("identity", TEXT, TEXT, id="identity"),
        pytest.param("zstd", streamed_zstd(TEXT), TEXT, id="zstd without a size"),
        pytest.param("zstd", zstandard.compress(TEXT), TEXT, id="zstd with a size"),
        pytest.param("zstd", streamed_zstd(LONG, checksum=True), LONG, id="zstd, blocks and checksum"),
        pytest.param("zstd", streamed_zstd(TEXT) + zstandard.compress(LONG), TEXT + LONG, id="zstd, two frames"),
        pytest.param("zstd", SKIPPABLE + streamed_zstd(TEXT) + SKIPPABLE, TEXT, id="zstd, skippable frames"),
        pytest.param("zstd", RUN, b"zzzzz", id="zstd, a repeated byte"),
        pytest.param("zstd", streamed_zstd(b""), b"", id="zstd of nothing"),
        pytest.param("gzip", gzip.compress(TEXT), TEXT, id="gzip"),
        pytest.param("GZip", gzip.compress(LONG), LONG, id="gzip, long"),
        pytest.param("x-gzip", gzip.compress(LONG) + gzip.compress(TEXT), LONG + TEXT, id="gzip, two members"),
        pytest.param("gzip", gzip.compress(b"") * 9, b"", id="gzip of nothing, nine times"),
        pytest.param("deflate", zlib.compress(LONG), LONG, id="deflate"),
        pytest.param("deflate", raw_deflate(LONG), LONG, id="deflate without its header"),
        pytest.param("br", brotli.compress(LONG), LONG, id="br"),
        pytest.param("gzip, zstd", streamed_zstd(gzip.compress(TEXT)), TEXT, id="two layers, last undone first"),
        pytest.param("gzip, identity ,", gzip.compress(TEXT), TEXT, id="empty and identity layers"),
        pytest.param("zstd", b"", b"", id="no body"),
    ],
)
def test_decode_body(encoding: str, body: bytes, expected: bytes) -> None:
    assert decode_body(body, encoding, len(expected)) == expected


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        pytest.param("", TEXT, 413, id="plain body over the limit"),
        pytest.param("zstd", zstandard.compress(TEXT), 413, id="zstd over the limit"),
        pytest.param("zstd", streamed_zstd(b"a")[:-1], 400, id="zstd, last byte missing"),
        pytest.param("zstd", streamed_zstd(LONG)[:-200_000], 400, id="zstd, block missing"),
        pytest.param("zstd", zstandard.compress(TEXT)[:5], 400, id="zstd, half a header"),
        pytest.param("zstd", RUN[:8], 400, id="zstd, half a block header"),
        pytest.param("zstd", b"\x28\xb5\x2f\xfd\x00\x58" + b"\x06\x00\x00", 400, id="zstd, reserved block type"),
        pytest.param("zstd", b"\x28\xb5\x2f\xfd\x00\xf8" + RUN[6:], 400, id="zstd, window of a terabyte"),
        pytest.param("zstd", SKIPPABLE[:-1], 400, id="zstd, skippable frame cut"),
        pytest.param("zstd", TEXT, 400, id="not zstd"),
        pytest.param("zstd", zstandard.compress(b"a") + b"junk", 400, id="zstd, junk behind"),
        pytest.param("gzip", gzip.compress(b"a")[:-1], 400, id="gzip, cut"),
        pytest.param("gzip", gzip.compress(b"a") + b"junk", 400, id="gzip, junk behind"),
        pytest.param("deflate", zlib.compress(b"a")[:-1], 400, id="deflate, cut"),
        pytest.param("br", brotli.compress(b"a")[:-1], 400, id="br, cut"),
        pytest.param("br", brotli.compress(b"a") + b"junk" * 9, 400, id="br, junk behind"),
        pytest.param("compress", TEXT, 415, id="unknown encoding"),
        pytest.param("gzip, deflate, br", TEXT, 415, id="three layers"),
        pytest.param("gzip, gzip", gzip.compress(gzip.compress(TEXT)), 415, id="one layer twice"),
    ],
)
def test_bodies_that_cannot_be_read_are_refused(encoding: str, body: bytes, status: int) -> None:
    with pytest.raises(BodyError, match=r".+[.]$") as caught:
        decode_body(body, encoding, 100)

    assert caught.value.status == status
    assert isinstance(caught.value, BodyTooLarge) is (status == 413)


@pytest.mark.parametrize(
    ("encoding", "pieces"),
    [
        pytest.param("gzip", gzip.compress(b"") * 9000, id="gzip members"),
        pytest.param("zstd", zstandard.compress(b"") * 9000, id="zstd frames"),
        pytest.param("zstd", SKIPPABLE * 9000, id="skippable frames"),
        pytest.param("zstd", RUN[:6] + b"\0\0\0" * 9000 + b"\1\0\0", id="zstd blocks"),
    ],
)
def test_a_body_of_countless_empty_pieces_is_not_walked_over(encoding: str, pieces: bytes) -> None:
    with pytest.raises(BodyError, match="too many pieces") as caught:
        decode_body(pieces, encoding, MEBIBYTE)

    assert caught.value.status == 413


def test_a_truncated_zstd_body_is_never_taken_for_a_whole_one() -> None:
    body = streamed_zstd(TEXT, checksum=True)

    for length in range(1, len(body)):
        with pytest.raises(BodyError):
            decode_body(body[:length], "zstd", MEBIBYTE)


@pytest.mark.parametrize(
    ("encoding", "compress", "chunk_bytes"),
    [
        ("zstd", streamed_zstd, MEBIBYTE),
        ("gzip", gzip.compress, MEBIBYTE),
        ("deflate", zlib.compress, MEBIBYTE),
        # One brotli meta-block holds up to 16 MiB, and the library grows its output in steps.
        ("br", lambda plain: brotli.compress(plain, quality=5), 64 * MEBIBYTE),
    ],
    ids=["zstd", "gzip", "deflate", "br"],
)
def test_a_bomb_costs_the_limit_and_not_its_size(
    encoding: str, compress: Callable[[bytes], bytes], chunk_bytes: int
) -> None:
    bomb = compress(bytes(128 * MEBIBYTE))
    limit = 2 * MEBIBYTE
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            decode_body(bomb, encoding, limit)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak_bytes < limit + chunk_bytes
