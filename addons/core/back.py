"""Reads what an HTTP/1 upstream answers: mitmproxy's own reader, but the chunks of a body are undone as many as come at
once, and trailers, which it gives up at, are dropped."""

from __future__ import annotations

from typing import Any, NoReturn

import h11
from h11._readers import ChunkedReader
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.layers import http as core

from addons.wire.bodies import Chunked, FramingError


class Chunks:
    """Takes the place of h11's reader, which makes an event of each chunk."""

    def __init__(self) -> None:
        self.body = Chunked(drops_trailers=True)
        self.flaw: str | None = None

    def __call__(self, buf: Any) -> h11.Data | h11.EndOfMessage | None:
        """All that has come of the body, then whether it has ended; raises h11's error for what is no chunk."""
        if self.flaw is not None:
            raise h11.RemoteProtocolError(self.flaw)
        body, rest = self._fed(bytes(buf.maybe_extract_at_most(len(buf)) or b""))
        buf += rest
        if body:
            return h11.Data(data=body)
        return h11.EndOfMessage() if self.body.ended else None

    def _fed(self, data: bytes) -> tuple[bytes, bytes]:
        """What precedes a flaw is good, and passed on first."""
        try:
            return self.body.feed(data)
        except FramingError as error:
            self.flaw = str(error)
            if not error.before:
                raise h11.RemoteProtocolError(self.flaw) from error
            return error.before, b""

    def read_eof(self) -> NoReturn:
        """The upstream has closed the connection."""
        raise h11.RemoteProtocolError("the upstream closed the connection before the body had ended")


class Back(core.Http1Client):
    """An HTTP/1 connection to the upstream."""

    def read_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Called by mitmproxy with the first bytes behind a head, and with all that follow."""
        if type(self.body_reader) is ChunkedReader:
            self.body_reader = Chunks()  # type: ignore[assignment] # it is called as h11's is
        return super().read_body(event)


def read_our_way(connection: Any) -> None:
    """Have the HTTP/1 connection below this layer read as a Back."""
    reader = connection.context.layers[-1]  # below TLS and whatever else is in between
    if type(reader) is core.Http1Client:
        reader.__class__ = Back  # mitmproxy makes it deep inside, and it has not read anything yet
