"""The head of an HTTP/1 request, read strictly: what came of a connection in; a Head, a Refusal or None for more out.

Stricter than RFC 9112 demands, wherever two readers could take the same bytes for different requests: no folded lines,
no bare line feeds, one length, one host.
"""

from __future__ import annotations

import dataclasses
import string

from addons.wire.routes import Refusal
from addons.wire.targets import MOST_TARGET_BYTES

MOST_HEAD_BYTES = 64 * 1024
"""Codex sends some 2 KiB; cookies of a browser and what proxies add make it grow."""

MOST_FIELDS = 100
"""Codex sends at most 18."""

MOST_LINE_BYTES = MOST_TARGET_BYTES + 64
"""Of a request line: beside the target stand a method and a version."""

MOST_LENGTH_DIGITS = 18

LINE_END = b"\r\n"
_END = LINE_END * 2

# What bytes.translate shall take away; whatever it leaves has no business there.
_TOKEN = (string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~").encode()
_TEXT = bytes(code for code in range(256) if code not in range(32) and code != 127) + b"\t\r\n"

_SAID_ONCE = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect"})

_VERSIONS = frozenset({b"HTTP/1.1", b"HTTP/1.0"})

Fields = tuple[tuple[bytes, bytes], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """A head that means the same to every reader; `size` is its own length, `body_bytes` None for a body in chunks."""

    method: bytes
    target: bytes
    version: bytes
    fields: Fields
    body_bytes: int | None
    size: int


class _FlawError(Exception):
    """Something in the head that is refused."""

    def __init__(self, message: str, status: int = 400, code: str = "bad_request") -> None:
        super().__init__(message)
        self.refusal = Refusal(status, code, message)


def read_head(data: bytes) -> Head | Refusal | None:
    """Read the head that `data` begins with; None while it is not whole and nothing is wrong with it yet."""
    end = data.find(_END)
    try:
        if end < 0:
            _check_start(data)
            return None
        if end + len(_END) > MOST_HEAD_BYTES:
            raise _too_large()
        return _read_whole(data[: end + len(_END)])
    except _FlawError as flaw:
        return flaw.refusal


def _check_start(data: bytes) -> None:
    """What can be said already of a head that has not ended, so that nobody has to wait for it."""
    line, ended, _ = data.partition(LINE_END)
    if ended:
        _request_line(line)
    elif len(line) > MOST_LINE_BYTES:
        raise _too_long()
    elif line[:1].translate(None, _TOKEN):
        raise _FlawError("This is no HTTP request.")
    if len(data) > MOST_HEAD_BYTES:
        raise _too_large()
    if data.count(b"\n") != data.count(LINE_END):
        raise _bare_end()


def _read_whole(data: bytes) -> Head:
    lines = data[: -len(_END)].split(LINE_END)
    method, target, version = _request_line(lines[0])
    if len(lines) - 1 > MOST_FIELDS:
        raise _FlawError(f"The request has more than {MOST_FIELDS} headers.", 431, "headers_too_large")
    if not data.count(b"\n") == data.count(b"\r") == len(lines) + 1:
        raise _bare_end()
    if data.translate(None, _TEXT):
        raise _FlawError("A header holds a control character.")
    fields = _fields(lines[1:])
    return Head(method, target, version, fields, _body_bytes(fields, version), len(data))


def _request_line(line: bytes) -> tuple[bytes, bytes, bytes]:
    if len(line) > MOST_LINE_BYTES:
        raise _too_long()
    parts = line.split(b" ")
    if len(parts) != 3 or not parts[0] or parts[0].translate(None, _TOKEN) or not parts[1]:
        raise _FlawError("The first line is none of an HTTP request: it must be a method, a path and a version.")
    method, target, version = parts
    if version not in _VERSIONS:
        raise _FlawError("The version in the first line must be HTTP/1.1 or HTTP/1.0.")
    if not target.startswith(b"/") and target != b"*":
        message = "This is not a forward proxy: send the path only, not a whole URL, and no CONNECT."
        raise _FlawError(message, code="absolute_form")
    return method, target, version


def _fields(lines: list[bytes]) -> Fields:
    parts = [line.partition(b":") for line in lines]
    if not all(name and colon for name, colon, _ in parts):
        raise _FlawError("A header line is none: it must be a name, a colon and a value.")
    if b"".join([name for name, _, _ in parts]).translate(None, _TOKEN):
        raise _FlawError("A header's name holds a space or another character that no name may hold.")
    return tuple([(name, value.strip(b" \t")) for name, _, value in parts])


def _body_bytes(fields: Fields, version: bytes) -> int | None:
    """How long the body is. What decides that, and what else must be said once, is said once here."""
    said: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        if (lower := name.lower()) in _SAID_ONCE:
            said.setdefault(lower, []).append(value)
    if len(said.get(b"host", ())) > 1:
        raise _FlawError("The request names its host more than once.")
    lengths, codings = said.get(b"content-length", []), said.get(b"transfer-encoding", [])
    if len(lengths) + len(codings) > 1:
        raise _FlawError("The request tells the length of its body more than once.")
    if codings and (codings[0].lower() != b"chunked" or version != b"HTTP/1.1"):
        raise _FlawError("The only transfer encoding that is read is chunked, and only with HTTP/1.1.")
    if any(value.lower() != b"100-continue" for value in said.get(b"expect", ())):
        raise _FlawError("The only expectation that can be met is 100-continue.", 417, "expectation_failed")
    return None if codings else _length(*lengths)


def _length(value: bytes = b"0") -> int:
    if not value.isdigit() or (value.startswith(b"0") and value != b"0"):
        raise _FlawError("The Content-Length is not a number.")
    if len(value) > MOST_LENGTH_DIGITS:
        raise _FlawError("The request body is too large.", 413, "request_too_large")
    return int(value)


def _bare_end() -> _FlawError:
    return _FlawError("A line of the request's head does not end with CR LF.")


def _too_large() -> _FlawError:
    message = f"The head of the request is larger than {MOST_HEAD_BYTES // 1024} KiB."
    return _FlawError(message, 431, "headers_too_large")


def _too_long() -> _FlawError:
    return _FlawError(f"The URL is longer than {MOST_TARGET_BYTES // 1024} KiB.", 414, "uri_too_long")
