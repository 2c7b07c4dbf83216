"""The clients of the layer's tests, in both versions of HTTP: they ask, and tell what they got."""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import h11
from mitmproxy.connection import Connection

# mitmproxy brings it along; only its newer releases are typed.
h2: Any = importlib.import_module("h2.connection")
h2_config: Any = importlib.import_module("h2.config")
h2_events: Any = importlib.import_module("h2.events")

PATH = "/backend-api/codex/responses"

FRAME_BYTES = 16 * 1024
"""What fits into a frame of HTTP/2 unless the peers agree on more."""

NO_MORE: Mapping[str, str] = {}

CANCEL = 8
"""HTTP/2's code for what is no longer wanted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client got: `whole` says that it ended as it should."""

    status: int
    body: bytes
    whole: bool


class Client1:
    """A client that speaks HTTP/1.1 and keeps its connection; `ended` is whether the proxy has said its last word."""

    def __init__(self, receive: Callable[[Connection, bytes], None], connection: Connection) -> None:
        self.send = functools.partial(receive, connection)
        self.connection = connection
        self.closed = self.ended = False
        self.raw = b""
        self.asked = 0

    def take(self, data: bytes) -> None:
        self.raw += data

    def ask(self, body: bytes = b"{}", headers: Mapping[str, str] = NO_MORE) -> None:
        self.asked += 1
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n{more}\r\n"
        self.send(head.encode() + body)

    @property
    def answers(self) -> list[Answer]:
        """What came so far, by an independent reader."""
        reader = h11.Connection(h11.CLIENT)
        reader.receive_data(self.raw)
        found = []
        for number in range(self.asked):
            if number:
                reader.start_next_cycle()
            reader.send(h11.Request(method="POST", target=PATH, headers=[("host", "x"), ("content-length", "0")]))
            reader.send(h11.EndOfMessage())
            answer = self._next(reader)
            found += [answer] if answer else []
            if answer is None or not answer.whole or reader.their_state is not h11.DONE:
                break
        return found

    def _next(self, reader: h11.Connection) -> Answer | None:
        status, body = 0, b""
        with contextlib.suppress(h11.RemoteProtocolError):  # cut
            while True:
                event = reader.next_event()
                if event is h11.NEED_DATA:
                    if not (self.closed or self.ended) or reader.trailing_data[1]:
                        break
                    reader.receive_data(b"")
                elif isinstance(event, h11.Response):
                    status = event.status_code
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    return Answer(status, body, whole=True)
                elif isinstance(event, h11.ConnectionClosed):
                    break
        return Answer(status, body, whole=False) if status else None


class Client2:
    """A client that speaks HTTP/2."""

    def __init__(self, receive: Callable[[Connection, bytes], None], connection: Connection) -> None:
        self.connection = connection
        self.closed = False
        self.h2 = h2.H2Connection(h2_config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.send = functools.partial(receive, connection)
        self.seen: list[Any] = []
        self.streams: list[int] = []

    def take(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            self.seen.append(event)
            if isinstance(event, h2_events.DataReceived):
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self.send(self.h2.data_to_send())

    def ask(self, body: bytes = b"{}", headers: Mapping[str, str] = NO_MORE) -> None:
        stream = self.h2.get_next_available_stream_id()
        self.streams.append(stream)
        names = {":method": "POST", ":scheme": "http", ":authority": "localhost", ":path": PATH}
        self.h2.send_headers(stream, list(({**names, **headers}).items()))
        for at in range(0, len(body), FRAME_BYTES):
            self.h2.send_data(stream, body[at : at + FRAME_BYTES])
        self.h2.end_stream(stream)
        self.send(self.h2.data_to_send())

    def reset(self, number: int = -1) -> None:
        """Give up one request, the newest by default; the connection stays."""
        self.h2.reset_stream(self.streams[number], CANCEL)
        self.send(self.h2.data_to_send())

    @property
    def answers(self) -> list[Answer]:
        """What came so far, in the order of the requests."""
        return [answer for stream in self.streams if (answer := self._answer(stream))]

    def _answer(self, stream: int) -> Answer | None:
        mine = [event for event in self.seen if getattr(event, "stream_id", None) == stream]
        heads = [event for event in mine if isinstance(event, h2_events.ResponseReceived)]
        body = b"".join(event.data for event in mine if isinstance(event, h2_events.DataReceived))
        if not heads:
            return None
        ended = any(isinstance(event, h2_events.StreamEnded) for event in mine)
        was_reset = any(isinstance(event, h2_events.StreamReset) for event in mine)
        return Answer(int(dict(heads[0].headers)[":status"]), body, ended and not was_reset)
