"""A client's HTTP/1 connection: mitmproxy's own, but with an end to its patience and every error told as JSON.

mitmproxy reads a head and a chunk's line without bound or deadline, and answers what it cannot read with a web page.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from time import monotonic, time

from mitmproxy import http
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import http as core

from addons.core.joining import Commands
from addons.core.limits import Limits
from addons.core.versions import client_left, turned_away
from addons.replies import reply
from addons.wire.answers import refused
from addons.wire.bodies import Chunked, Framing, FramingError, Sized
from addons.wire.request_heads import LINE_END, Head, read_head
from addons.wire.routes import Refusal

BROKEN = "The request was turned away: its body cannot be read."
"""What the flow's error says."""

CONTINUE = 100
"""What mitmproxy says to a client that waits to be told to send its body; the answer is still to come."""

TOO_SLOW = Refusal(408, "request_timeout", "The head of the request did not come in time.")


BLANK = http.Request("", 0, b"", b"", b"", b"", b"", http.Headers(), None, None, 0.0, None)
"""mitmproxy checks the type of each part of a request that it makes, for 40 us; that of a copy it does not."""


def request_of(head: Head, now: float) -> http.Request:
    """The request as mitmproxy has it; `now` is unix seconds."""
    made = copy(BLANK)
    made.data = copy(BLANK.data)
    made.data.method, made.data.path, made.data.http_version = head.method, head.target, head.version
    made.data.headers = http.Headers(head.fields)
    made.data.timestamp_start = now
    return made


def closing_answer(refusal: Refusal) -> bytes:
    """The whole answer to a request that could not be read, on the wire."""
    response = reply(refused(refusal))
    response.headers["connection"] = "close"
    raw: bytes = http1.assemble_response(response)
    return raw


class Front(core.Http1Server):
    """Reads requests strictly and in time. `wind_up` has `check_time` called each second while `deadline` is set."""

    body: Framing

    def __init__(self, context: Context, limits: Limits, wind_up: Callable[[], Commands]) -> None:
        super().__init__(context)
        self.limits = limits
        self.wind_up = wind_up
        self.deadline: float | None = None
        self.overrun = False

    # In time

    def allow(self, seconds: float) -> Commands:
        """From now on this long at most; a deadline that is set already counts too."""
        self.deadline = min(monotonic() + seconds, math.inf if self.deadline is None else self.deadline)
        yield from self.wind_up()

    def check_time(self, now: float) -> Commands:
        """Called every second; `now` is monotonic."""
        if self.deadline is None or now < self.deadline:
            return
        self.deadline = None
        if self.state == self.read_headers and self.buf:
            yield from self.refuse(TOO_SLOW)
        else:
            yield commands.CloseConnection(self.conn)

    # What comes

    def read_headers(self, event: events.ConnectionEvent) -> Commands:
        """Read a head, at once or when the rest of it has come."""
        if not isinstance(event, events.DataReceived):
            yield from super().read_headers(event)
            return
        data = bytes(self.buf)
        if data[:1] in LINE_END:  # some clients send an empty line behind a body
            data = data.lstrip(LINE_END)
            self.buf.maybe_extract_at_most(len(self.buf) - len(data))
        found = read_head(data)
        if isinstance(found, Head):
            yield from self.take(found, event)
        elif found is None:
            yield from self.allow(self.limits.head_seconds if self.buf else self.limits.greeting_seconds)
        else:
            yield from self.refuse(found)

    def take(self, head: Head, event: events.ConnectionEvent) -> Commands:
        """Pass a request on and go over to its body."""
        self.deadline = None
        self.buf.maybe_extract_at_most(head.size)
        self.request = request_of(head, time())
        self.body = Chunked() if head.body_bytes is None else Sized(head.body_bytes)
        self.state = self.read_body
        yield core.ReceiveHttp(core.RequestHeaders(self.stream_id, self.request, end_stream=head.body_bytes == 0))
        yield from self.state(event)

    def read_body(self, event: events.Event) -> Commands:
        """Pass on what has come of a body."""
        if not isinstance(event, events.DataReceived):
            yield commands.CloseConnection(self.conn)
            yield core.ReceiveHttp(client_left(self.stream_id))
            return
        data = self.buf.maybe_extract_at_most(len(self.buf)) or b""
        try:
            body, rest = self.body.feed(bytes(data))
        except FramingError as error:
            yield from self.refuse(Refusal(400, "bad_request", str(error)))
            yield core.ReceiveHttp(turned_away(self.stream_id, BROKEN))
            return
        self.buf += rest
        if body:
            yield core.ReceiveHttp(core.RequestData(self.stream_id, body))
        if self.body.ended and self.state == self.read_body:
            yield core.ReceiveHttp(core.RequestEndOfMessage(self.stream_id))
            yield from self.mark_done(request=True)

    def wait(self, event: events.Event) -> Commands:
        """While a request is answered: the next ones are kept, up to a bound."""
        if len(self.buf) > self.limits.ahead_bytes:
            self.overrun = True
            self.buf.maybe_extract_at_most(len(self.buf))
        yield from super().wait(event)

    # How it ends

    def mark_done(self, *, request: bool = False, response: bool = False) -> Commands:
        """A client that is answered before it has said all, or has said too much, is not listened to any longer."""
        if response and (self.overrun or not self.request_done):
            yield from self.hang_up()
        else:
            yield from super().mark_done(request=request, response=response)

    def refuse(self, refusal: Refusal) -> Commands:
        """Say why this connection ends, unless an answer is under way already."""
        if self.response is None or self.response.status_code == CONTINUE:
            yield commands.SendData(self.conn, closing_answer(refusal))
        yield from self.hang_up()

    def hang_up(self) -> Commands:
        """Say no more, and drop what still comes."""
        self.deadline = None
        self.buf.maybe_extract_at_most(len(self.buf))
        self.state = self._handle_event = self.linger  # type: ignore[assignment, method-assign]
        yield commands.CloseTcpConnection(self.conn, half_close=True)
        yield from self.allow(self.limits.linger_seconds)

    def linger(self, _: events.Event) -> Commands:
        """Nothing that comes now counts."""
        yield from ()
