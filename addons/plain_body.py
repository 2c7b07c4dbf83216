"""A request's body as it reads once it is decompressed, and another one in its place."""

from __future__ import annotations

from mitmproxy import http

from addons.wire.decoding import MOST_BODY_BYTES, decode_body


def plain_body(request: http.Request) -> bytes:
    """The body without its Content-Encoding; raises BodyError."""
    return decode_body(request.raw_content or b"", request.headers.get("content-encoding", ""), MOST_BODY_BYTES)


def put_plain_body(request: http.Request, plain: bytes) -> None:
    """Send this instead, as it stands: to compress it again would cost time and gain nothing a key's owner wants."""
    request.headers.pop("content-encoding", None)
    request.headers.pop("transfer-encoding", None)
    request.headers["content-length"] = str(len(plain))
    request.raw_content = plain
