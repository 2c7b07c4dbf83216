"""A body as it reads once it is decompressed, and another one in its place."""

from __future__ import annotations

from mitmproxy import http

from addons.wire.decoding import MOST_BODY_BYTES, decode_body


def plain_body(request: http.Request) -> bytes:
    """The body without its Content-Encoding; raises BodyError."""
    return decode_body(request.raw_content or b"", request.headers.get("content-encoding", ""), MOST_BODY_BYTES)


def put_plain_body(message: http.Request | http.Response, plain: bytes) -> None:
    """Send this instead, as it stands: to compress it again would cost time and gain nothing a key's owner wants."""
    message.headers.pop("content-encoding", None)
    message.headers.pop("transfer-encoding", None)
    message.headers["content-length"] = str(len(plain))
    message.raw_content = plain
