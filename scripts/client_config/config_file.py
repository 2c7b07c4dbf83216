"""A configuration file as it lies there: read whole, kept as a backup, replaced at once or not at all."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from addons.settings.file_text import BYTE_ORDER_MARK, decoded, read_bytes
from addons.settings.settings_error import SettingsError

PRIVATE = 0o600
"""Of a new file: people write tokens into it."""


class ConfigFileError(Exception):
    """The file cannot be read or written; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file and its content; None where there is none yet."""

    path: Path
    content: bytes | None

    @property
    def text(self) -> str:
        """The content as a text, without a byte order mark; raises ConfigFileError."""
        try:
            return decoded(self.path, self.content or b"").removeprefix(BYTE_ORDER_MARK)
        except SettingsError as error:
            raise ConfigFileError(str(error)) from error

    def content_with(self, text: str) -> bytes:
        """What the file holds with another text."""
        mark = BYTE_ORDER_MARK.encode() if (self.content or b"").startswith(BYTE_ORDER_MARK.encode()) else b""
        return mark + text.encode("utf-8")


def read_config(path: Path) -> ConfigFile:
    """The file at this path, or that there is none; raises ConfigFileError."""
    try:
        return ConfigFile(path, read_bytes(path))
    except SettingsError as error:
        raise ConfigFileError(str(error)) from error


def back_up(file: ConfigFile, now: float) -> Path:
    """Keep the content beside the file, under the time (unix seconds); raises OSError."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    mode = file.path.stat().st_mode & 0o777
    numbers = itertools.count(2)
    backup = file.path.with_name(f"{file.path.name}.{stamp}.bak")
    while True:
        try:
            _write(backup, file.content or b"", mode)
        except FileExistsError:
            backup = file.path.with_name(f"{file.path.name}.{stamp}-{next(numbers)}.bak")
        else:
            return backup


def replace_config(file: ConfigFile, content: bytes | None) -> None:
    """Put this content in the place of what was read, or remove the file (None); a link stays one.

    Mode and owner stay. Raises OSError, and then nothing was changed.
    """
    target = file.path.resolve()
    if content is None:
        target.unlink()
        return
    there = None if file.content is None else target.stat()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        _write(draft, content, PRIVATE if there is None else there.st_mode & 0o777)
        if there is not None:
            with contextlib.suppress(PermissionError):  # only root may give a file away
                os.chown(draft, there.st_uid, there.st_gid)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _write(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(mode)
