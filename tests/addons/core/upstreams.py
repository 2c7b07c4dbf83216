"""The upstreams of the layer's tests, in both versions of HTTP: words in, bytes out, and what reached them."""

from __future__ import annotations

import abc
import functools
import importlib
import itertools
from collections.abc import Callable
from typing import Any, TypeAlias

from mitmproxy.connection import Connection

# mitmproxy brings it along; only its newer releases are typed.
h2: Any = importlib.import_module("h2.connection")
h2_config: Any = importlib.import_module("h2.config")
h2_events: Any = importlib.import_module("h2.events")

SSE = "text/event-stream"
JSON = "application/json"

INTERNAL_ERROR = 2
"""HTTP/2's code for a stream that broke."""

Receive: TypeAlias = Callable[[Connection, bytes], None]
HangUp: TypeAlias = Callable[[Connection], None]

_order = itertools.count(1)


class Upstream(abc.ABC):
    """An upstream; what it says is made as bytes first, so that a test can cut them, and is sent by `send`.

    `cancelled` is whether the proxy no longer wants an answer, `last_request` the place of its newest among all.
    """

    def __init__(self, receive: Receive, hang_up: HangUp, connection: Connection) -> None:
        self.send = functools.partial(receive, connection)
        self.hang_up = functools.partial(hang_up, connection)
        self.connection = connection
        self.closed = False
        self.last_request = 0

    @property
    @abc.abstractmethod
    def requests(self) -> int: ...

    @property
    @abc.abstractmethod
    def bodies(self) -> list[bytes]: ...

    @property
    @abc.abstractmethod
    def cancelled(self) -> bool: ...

    @abc.abstractmethod
    def take(self, data: bytes) -> None: ...

    @abc.abstractmethod
    def head(self, status: int = 200, kind: str = SSE) -> bytes: ...

    @abc.abstractmethod
    def data(self, data: bytes) -> bytes: ...

    @abc.abstractmethod
    def end(self) -> bytes: ...

    @abc.abstractmethod
    def reset(self) -> bytes: ...

    def whole(self, *pieces: bytes, status: int = 200, kind: str = SSE) -> bytes:
        """An answer from head to end."""
        return self.head(status, kind) + b"".join(map(self.data, pieces)) + self.end()


class Upstream1(Upstream):
    """An upstream that speaks HTTP/1.1; `reset` breaks the framing, as a dying gateway does."""

    raw = b""

    @property
    def requests(self) -> int:
        return self.raw.count(b"POST ")

    @property
    def bodies(self) -> list[bytes]:
        """The bodies of the requests that came whole."""
        return [part.partition(b"\r\n\r\n")[2] for part in self.raw.split(b"POST ")[1:]]

    @property
    def cancelled(self) -> bool:
        """The proxy no longer wants the answer."""
        return self.closed

    def take(self, data: bytes) -> None:
        if b"POST " in data:
            self.last_request = next(_order)
        self.raw += data

    def head(self, status: int = 200, kind: str = SSE) -> bytes:
        framing = "transfer-encoding: chunked\r\n" if status >= 200 else ""
        return f"HTTP/1.1 {status} Word\r\ncontent-type: {kind}\r\n{framing}\r\n".encode()

    def data(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data)

    def end(self) -> bytes:
        return b"0\r\n\r\n"

    def reset(self) -> bytes:
        return b"gremlins\r\n\r\n"


class Upstream2(Upstream):
    """An upstream that speaks HTTP/2; words are about its newest stream."""

    def __init__(self, receive: Receive, hang_up: HangUp, connection: Connection) -> None:
        super().__init__(receive, hang_up, connection)
        self.h2 = h2.H2Connection(h2_config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.seen: list[Any] = []
        self.stream = 0

    @property
    def requests(self) -> int:
        return sum(isinstance(event, h2_events.RequestReceived) for event in self.seen)

    @property
    def bodies(self) -> list[bytes]:
        """The bodies of the requests in their order."""
        data = [event for event in self.seen if isinstance(event, h2_events.DataReceived)]
        order = [event.stream_id for event in self.seen if isinstance(event, h2_events.RequestReceived)]
        return [b"".join(event.data for event in data if event.stream_id == stream) for stream in order]

    @property
    def cancelled(self) -> bool:
        """The proxy no longer wants the answer to a request."""
        return self.closed or any(isinstance(event, h2_events.StreamReset) for event in self.seen)

    def take(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            self.seen.append(event)
            if isinstance(event, h2_events.RequestReceived):
                self.stream = event.stream_id
                self.last_request = next(_order)
            elif isinstance(event, h2_events.DataReceived):
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self.send(self._said())

    def _said(self) -> bytes:
        said: bytes = self.h2.data_to_send()
        return said

    def head(self, status: int = 200, kind: str = SSE) -> bytes:
        self.h2.send_headers(self.stream, [(":status", str(status)), ("content-type", kind)])
        return self._said()

    def data(self, data: bytes) -> bytes:
        self.h2.send_data(self.stream, data)
        return self._said()

    def end(self) -> bytes:
        self.h2.end_stream(self.stream)
        return self._said()

    def reset(self) -> bytes:
        self.h2.reset_stream(self.stream, INTERNAL_ERROR)
        return self._said()
