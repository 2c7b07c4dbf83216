"""Where leaks are looked for: files and folders go in, their bytes come out in pieces, of packed ones unpacked."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import zstandard

PIECE_BYTES = 1 << 20

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

Opened = contextlib.AbstractContextManager[io.BufferedIOBase]

UNPACKING_ERRORS = (zlib.error, EOFError, zstandard.ZstdError)


LEADS_NOWHERE = (errno.ENOENT, errno.ELOOP)
"""Links do, and what has just been removed."""


def files(places: Iterable[Path]) -> Iterator[Path]:
    """Every ordinary file of these places, each once, and whatever cannot be looked into; what is no file (a pipe, a
    socket) would never end."""
    seen = set()
    for place in places:
        for path in _below(place):
            try:
                about = path.stat()
            except OSError as error:
                if error.errno not in LEADS_NOWHERE:
                    yield path
                continue
            is_closed = stat.S_ISDIR(about.st_mode)  # _below names a folder only if it could not go into it
            if (is_closed or stat.S_ISREG(about.st_mode)) and (about.st_dev, about.st_ino) not in seen:
                seen.add((about.st_dev, about.st_ino))
                yield path


def _below(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield place
    closed: list[OSError] = []
    for folder, folders, names in os.walk(place, onerror=closed.append):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))
    yield from (Path(error.filename) for error in closed)


@dataclass(slots=True)
class Pieces:
    """The bytes of a file, of a packed one what is in it, as far as it can be read.

    Where that ends too early, `problem` says in a few words why.
    """

    path: Path
    problem: str | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from _pieces(self.path)
        except OSError as error:
            self.problem = f"it cannot be read ({error.strerror or 'not what it seems'})"
        except UNPACKING_ERRORS:
            self.problem = "it is packed, and cannot be unpacked"


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        packed = _unpacked(file)
        if packed is not None:
            with packed as content:
                # Not `read`: of what breaks off it would keep the last piece to itself.
                while piece := content.read1(PIECE_BYTES):
                    yield piece
            return
        left = os.fstat(file.fileno()).st_size  # it may grow faster than it is read
        while left > 0 and (piece := file.read(min(left, PIECE_BYTES))):
            left -= len(piece)
            yield piece


def _unpacked(file: IO[bytes]) -> Opened | None:
    """What is in a packed file; None where it is not packed."""
    head = file.read(4)
    file.seek(0)
    if head.startswith(GZIP):
        return gzip.GzipFile(fileobj=file)
    if head == ZSTD:
        return cast("Opened", zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True))
    return None
