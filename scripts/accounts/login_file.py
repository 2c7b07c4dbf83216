"""The file a login comes in: its path goes in, a Login comes out, or one sentence that names the file."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

from codexlb_store.auth_json import AuthJsonError, Login, parse_auth_json

STANDARD_INPUT = "-"

LARGEST_LOGIN_BYTES = 1 << 20
"""An auth.json has some 5 kB; what is larger is another file, and is not read to its end."""


class LoginFileError(Exception):
    """The file holds no login that can be read; the message is one sentence that names the file."""


def read_login(path: str) -> Login:
    """The login in the auth.json at this path (- is standard input); raises LoginFileError."""
    name = "standard input" if path == STANDARD_INPUT else path
    try:
        return parse_auth_json(_text(path))
    except OSError as error:
        raise LoginFileError(f"{name} cannot be read ({error.strerror}): give the path of an auth.json.") from error
    except UnicodeDecodeError:
        # `from None`: the decoder's error carries the bytes, which may be a token's
        raise LoginFileError(f"{name} is not a text file: give the auth.json that `codex login` writes.") from None
    except AuthJsonError as error:
        raise LoginFileError(f"{name}: {error}") from error


def _text(path: str) -> str:
    with nullcontext(sys.stdin.buffer) if path == STANDARD_INPUT else Path(path).open("rb") as file:
        content = file.read(LARGEST_LOGIN_BYTES + 1)
    if len(content) > LARGEST_LOGIN_BYTES:
        raise AuthJsonError("The file is too large for a login: give the auth.json that `codex login` writes.")
    return content.decode("utf-8-sig")
