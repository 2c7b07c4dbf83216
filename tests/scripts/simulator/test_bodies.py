from __future__ import annotations

import gzip
import zlib

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from scripts.simulator.bodies import decode, parse_object
from scripts.simulator.refusals import Refusal

TEXT = b'{"model": "gpt-5.5"}' * 1000


def zstd(data: bytes) -> bytes:
    """As Codex does it: no content size in the frame."""
    return zstandard.ZstdCompressor(write_content_size=False).compress(data)


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("zstd", zstd(TEXT)),
        (" ZSTD ", zstd(TEXT[:9]) + zstd(TEXT[9:])),
        ("gzip", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("br", brotli.compress(TEXT)),
    ],
)
def test_every_encoding_a_client_may_use(encoding: str, raw: bytes) -> None:
    assert decode(raw, encoding) == TEXT


@pytest.mark.parametrize("encoding", ["zstd", "gzip", "deflate", "br", "rot13"])
def test_a_broken_or_unknown_encoding_is_a_400(encoding: str) -> None:
    with pytest.raises(Refusal) as refused:
        decode(b"this is not compressed at all", encoding)

    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [("", TEXT), ("zstd", zstd(TEXT)), ("gzip", gzip.compress(TEXT)), ("br", brotli.compress(bytes(5_000_000)))],
)
def test_more_than_the_limit_is_a_413(encoding: str, raw: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        decode(raw, encoding, limit=len(TEXT) - 1)

    assert refused.value.status == 413


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'"text"', b'{"a":' + b"[" * 100_000])
def test_a_body_must_be_an_object(body: bytes) -> None:
    with pytest.raises(Refusal, match="not a JSON object"):
        parse_object(body)


def test_an_object_is_read() -> None:
    assert parse_object(b'{"a": [1, null]}') == {"a": [1, None]}
