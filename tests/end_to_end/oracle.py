"""What an independent and strict reader makes of bytes: whether they are one whole request, and one that may pass.

It is made of other parts than the proxy: h11 reads the framing, the standard library JSON, addresses and paths.
"""

from __future__ import annotations

import enum
import io
import ipaddress
import json
import re
import urllib.parse
import zlib

import brotli  # type: ignore[import-untyped]
import h11
import zstandard

TREE = "/backend-api/codex/"
FILES = re.compile(r"(/backend-api/|/backend-api/codex/)files(/[A-Za-z0-9_-]{1,128}/uploaded)?")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
NEVER = {"", "v1", "usage", "wham"}
"""What nobody is asked for below the tree: a second `v1`, and what the proxy answers itself."""
TAKES_JSON = {"responses", "responses/compact", "alpha/search"}
LIMIT_BYTES = 64 << 20


class Verdict(enum.Enum):
    """What may become of it."""

    WHOLE = "whole"  # one request and nothing behind it
    MORE = "more"  # there is more behind it
    PART = "part"  # it has not ended
    BAD = "bad"  # it is none


def read(data: bytes) -> tuple[Verdict, h11.Request | None, bytes]:
    """The framing alone: a verdict, the request's head if it could be read, and its body."""
    reader, head, body = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20), None, b""
    try:
        reader.receive_data(data.lstrip(b"\r\n"))  # RFC 9112, 2.2: an empty line before a request is nothing
        while True:
            event = reader.next_event()
            if event is h11.NEED_DATA:
                return Verdict.PART, head, body
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return (Verdict.MORE if reader.trailing_data[0] else Verdict.WHOLE), head, body
            else:
                return Verdict.PART, head, body
    except h11.RemoteProtocolError:
        return Verdict.BAD, head, body


def may_pass(data: bytes) -> bool:
    """Whether the first request in these bytes is one that an upstream may see."""
    verdict, head, body = read(data)
    if head is None or verdict not in (Verdict.WHOLE, Verdict.MORE):
        return False
    headers = [(name.decode(), value.decode("latin-1")) for name, value in head.headers]
    path, is_post = asked(head.target.decode("latin-1")), head.method == b"POST"
    if path is None or not is_own(dict(headers).get("host", "")) or head.method.decode() not in METHODS:
        return False
    if path.removeprefix(TREE) not in TAKES_JSON:
        return is_post or not FILES.fullmatch(path)
    return is_post and is_turn(body, [value for name, value in headers if name == "content-encoding"])


def asked(target: str) -> str | None:
    """The path that an upstream is asked for with this target, which may say `v1` once; None when with none."""
    path = urllib.parse.unquote(target.replace(TREE + "v1/", TREE, 1).partition("?")[0], "latin-1")
    if re.search(r"\.\.?/|//|[\\%;?#]", path):
        return None
    is_below = path.startswith(TREE) and path.removeprefix(TREE).partition("/")[0].lower() not in NEVER
    return path if is_below or FILES.fullmatch(path) else None


def is_own(host: str) -> bool:
    """Whether a host is this machine, as far as these tests name it."""
    name = re.sub(r"\.?(:\d*)?$", "", host.lower())
    try:
        return name == "localhost" or name.endswith(".localhost") or bool(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return False


def is_turn(body: bytes, encodings: list[str]) -> bool:
    """Whether a body is JSON of the right shape once its encodings are undone."""
    try:
        for name in reversed([part.strip().lower() for value in encodings for part in value.split(",")]):
            body = decoded(name, body) if body else b""
        document = json.loads(body.decode())
    except (ValueError, RecursionError, LookupError, zlib.error, brotli.error, zstandard.ZstdError):
        return False
    if not isinstance(document, dict):
        return False
    shapes: dict[str, type | tuple[type, ...]] = {"model": str, "stream": bool, "input": (str, list)}
    return all(document.get(name) is None or isinstance(document[name], shape) for name, shape in shapes.items())


def decoded(name: str, body: bytes) -> bytes:
    """One encoding undone; LookupError for one that is unknown."""
    match name:
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return zlib.decompress(body, 31)
        case "deflate":
            return inflated(body)
        case "br":
            plain: bytes = brotli.decompress(body)
            return plain
        case "zstd":
            return (
                zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body), read_across_frames=True).read(LIMIT_BYTES)
            )
    raise LookupError(name)


def inflated(body: bytes) -> bytes:
    """With zlib's header or without."""
    try:
        return zlib.decompress(body)
    except zlib.error:
        return zlib.decompress(body, -15)
