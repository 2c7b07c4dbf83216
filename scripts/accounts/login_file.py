"""The files logins come in: paths go in, Logins come out, or one sentence that names the file."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from codexlb_store.auth_json import AuthJsonError, Login, parse_auth_json

STANDARD_INPUT = "-"

LARGEST_LOGIN_BYTES = 1 << 20
"""An auth.json has some 5 kB; what is larger is another file, and is not read to its end."""


class LoginFileError(Exception):
    """The file holds no login that can be read; the message is one sentence that names the file."""


def read_logins(paths: Iterable[str], now: float) -> Iterator[tuple[str, Login | LoginFileError]]:
    """Each file with its login, or with why it has none."""
    for path in paths:
        try:
            files = files_of(path)
        except OSError as error:
            yield path, unreadable(path, error)
            continue
        if not files:
            yield path, LoginFileError(f"The folder {path} holds no login: give one with auth.json files in it.")
        for file in files:
            try:
                yield file, read_login(file, now)
            except LoginFileError as error:
                yield file, error


def unreadable(name: str, error: OSError) -> LoginFileError:
    """Why a file or folder cannot be read."""
    return LoginFileError(f"{name} cannot be read ({error.strerror}): give the path of an auth.json.")


def files_of(path: str) -> list[str]:
    """The path itself; of a folder its auth.json, or else its *.json and each auth.json one level down.

    Raises OSError where it cannot be told what is there.
    """
    folder = Path(path)
    if path == STANDARD_INPUT or not folder.is_dir():
        return [path]
    if (folder / "auth.json").exists():  # a home of Codex's, where other *.json are no logins
        return [str(folder / "auth.json")]
    return sorted(str(file) for pattern in ("*.json", "*/auth.json") for file in folder.glob(pattern))


def read_login(path: str, now: float) -> Login:
    """The login in the auth.json at this path (- is standard input); raises LoginFileError."""
    name = "standard input" if path == STANDARD_INPUT else path
    try:
        login = parse_auth_json(_text(path), now)
    except OSError as error:
        raise unreadable(name, error) from error
    except UnicodeDecodeError:
        # `from None`: the decoder's error carries the bytes, which may be a token's
        raise LoginFileError(f"{name} is not a text file: give the auth.json that `codex login` writes.") from None
    except AuthJsonError as error:
        raise LoginFileError(f"{name}: {error}") from error
    # where a clock was ahead: no login that is made from now on may be taken for an older one
    return replace(login, last_refresh=login.last_refresh and min(login.last_refresh, now))


def _text(path: str) -> str:
    if path == STANDARD_INPUT and not sys.stdin:
        raise OSError(errno.EBADF, "it is closed")
    with nullcontext(sys.stdin.buffer) if path == STANDARD_INPUT else Path(path).open("rb") as file:
        content = file.read(LARGEST_LOGIN_BYTES + 1)
    if len(content) > LARGEST_LOGIN_BYTES:
        raise AuthJsonError("The file is too large for a login: give the auth.json that `codex login` writes.")
    return content.decode("utf-8-sig")
