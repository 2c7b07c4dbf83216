"""Request bodies as they came over the wire -> the JSON object in them, never decoding more than a limit."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import Any

import brotli  # type: ignore[import-untyped]
import msgspec
import zstandard

from scripts.simulator.refusals import body_too_large, broken_body

LIMIT_BYTES = 128 * 1024 * 1024
"""Far above anything Codex sends; a decompression bomb ends here."""

STEP_BYTES = 4096
"""Compressed bytes given to the brotli decoder at once: its older versions cannot bound their output."""

GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


def decode(raw: bytes, encoding: str, limit: int = LIMIT_BYTES) -> bytes:
    """The decoded body; raises Refusal 400 (unknown or broken encoding) or 413."""
    try:
        decoded = _decompress(raw, encoding.strip().lower(), limit)
    except (zstandard.ZstdError, zlib.error, brotli.error) as error:
        raise broken_body(f"The body is not valid {encoding}: {error}.") from error
    if len(decoded) > limit:
        raise body_too_large(limit)
    return decoded


def _decompress(raw: bytes, encoding: str, limit: int) -> bytes:
    match encoding:
        case "" | "identity":
            return raw
        case "zstd":  # Codex's frames carry no content size, so only the streaming reader can read them
            with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw), read_across_frames=True) as reader:
                return reader.read(limit + 1)
        case "gzip" | "deflate":
            return zlib.decompressobj(GZIP_OR_ZLIB).decompress(raw, limit + 1)
        case "br":
            return b"".join(_brotli_steps(raw, limit))
        case _:
            raise broken_body(f"The content encoding {encoding!r} is not known here.")


def _brotli_steps(raw: bytes, limit: int) -> Iterator[bytes]:
    decoder, size = brotli.Decompressor(), 0
    for start in range(0, len(raw), STEP_BYTES):
        step: bytes = decoder.process(raw[start : start + STEP_BYTES])
        size += len(step)
        yield step
        if size > limit:
            return


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a decoded body; raises Refusal 400."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise broken_body(f"The body is not a JSON object: {error}.") from error
