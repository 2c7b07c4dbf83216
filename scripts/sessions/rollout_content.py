"""The content of a rollout file, plain or compressed: a path goes in, blocks of bytes come out, and go in again."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from scripts.sessions.codex_home import COMPRESSED

BLOCK_BYTES = 1 << 20

FRAME_HEADER_BYTES = 18
"""What the header of a zstd frame takes at most (RFC 8878)."""

COMPRESSION_LEVEL = 3
"""The one that Codex uses; seen in files of codex-cli 0.169.0: one frame that says its size, no checksum."""


class ContentError(Exception):
    """A compressed rollout is damaged; the message is one sentence."""


def is_compressed(path: Path) -> bool:
    return path.suffix == COMPRESSED


def opened(path: Path) -> io.FileIO:
    """Opens a file to read; where the system can do that, the time of its last access stays."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOATIME", 0))
    except PermissionError:
        descriptor = os.open(path, os.O_RDONLY)  # only the owner may look unnoticed
    return os.fdopen(descriptor, "rb", buffering=0)


def blocks(path: Path, size: int = BLOCK_BYTES, compressed: bool | None = None) -> Iterator[bytes]:
    """The content, decompressed (None: if its name says so), in blocks of this size at most; raises ContentError."""
    with opened(path) as file:
        if not (is_compressed(path) if compressed is None else compressed):
            while block := file.read(size):
                yield block
            return
        try:
            yield from _decompressed(file, size, path)
        except zstandard.ZstdError as error:
            raise ContentError(f"{path} is damaged ({error}).") from error


def _decompressed(file: io.FileIO, size: int, path: Path) -> Iterator[bytes]:
    said = zstandard.frame_content_size(file.read(FRAME_HEADER_BYTES))
    file.seek(0)
    total = 0
    with zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True, closefd=False) as reader:
        while block := reader.read(size):
            total += len(block)
            yield block
    if total < said:  # the reader takes the end of a file that was cut off for the end of its content
        raise ContentError(f"{path} is cut off: {total} of {said} bytes are there.")


def write(blocks: Iterable[bytes], file: BinaryIO, compressed_size: int | None) -> None:
    """Write the content to a file; compressed where its size in bytes is given."""
    if compressed_size is None:
        file.writelines(blocks)
        return
    compressor = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL)
    with compressor.stream_writer(file, size=compressed_size, closefd=False) as writer:
        for block in blocks:
            writer.write(block)
