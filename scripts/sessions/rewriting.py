"""One rollout file changed: its path and edits go in; the file has them, and its times, mode and owner as before."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from scripts.sessions.edits import Edit, growth, inverse, spliced
from scripts.sessions.rollout_content import blocks, is_compressed, write
from scripts.sessions.session_error import SessionsError


def beside(path: Path, mark: str) -> Path:
    """Where the new file is written: in the same folder, under a name that Codex takes for nothing of its own."""
    return path.with_name(f".{path.name}.{mark}.codexlb")


def rewrite(path: Path, edits: Sequence[Edit], mark: str) -> None:
    """Make the edits in a file that nobody writes to, at one stroke; raises EditError, SessionsError and OSError.

    The new file is read again, and must be the old one but for the edits, before it takes the old one's place.
    """
    path = path.resolve()  # the file itself changes; links to it stay links
    new = beside(path, mark)
    before = path.stat()
    new.unlink(missing_ok=True)
    try:
        _write(path, new, edits)
        shutil.copystat(path, new)
        with contextlib.suppress(PermissionError):  # only root may give files away
            os.chown(new, before.st_uid, before.st_gid)
        new.chmod(before.st_mode & 0o7777)  # chown takes some bits away
        os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
        if _state(path.stat()) != _state(before):
            raise SessionsError(f"{path} was written to meanwhile: end Codex and try again.")
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _write(path: Path, new: Path, edits: Sequence[Edit]) -> None:
    """Write the changed content to `new`, to the disk itself, and prove it."""
    size = sum(map(len, blocks(path))) + growth(edits) if is_compressed(path) else None
    old = hashlib.blake2b()
    # A session is private: nobody else may read it before its mode is set.
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        write(spliced(_hashed(blocks(path), old), edits), file, size)
        file.flush()
        os.fsync(file.fileno())
    again = hashlib.blake2b()
    # `new` ends in no suffix of Codex's, so it is told here what it is.
    for block in spliced(blocks(new, compressed=size is not None), inverse(edits)):
        again.update(block)
    if again.digest() != old.digest():
        raise SessionsError(f"{new} came back from the disk otherwise than it was written: check the disk.")


def _hashed(content: Iterable[bytes], digest: hashlib.blake2b) -> Iterator[bytes]:
    for block in content:
        digest.update(block)
        yield block


def _state(found: os.stat_result) -> tuple[int, int, int]:
    """What differs once somebody wrote to the file."""
    return found.st_ino, found.st_size, found.st_mtime_ns


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
