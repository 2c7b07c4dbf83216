"""A TCP pass-through on loopback that keeps every byte: what a client really sent, what it really got."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Self

import h11

PIECE_BYTES = 65_536
SETTLE_SECONDS = 10
"""After both ends are gone, the last bytes are recorded within milliseconds."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request with its answer, decoded from chunks but from nothing else."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    status: int
    answer_headers: dict[str, str]
    answer: bytes
    whole: bool
    """False when the connection ended before the answer did: Codex leaves as soon as it has read the last event."""


@dataclass(slots=True)
class Recording:
    """Both directions of one connection, as bytes."""

    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)


def exchanges_of(recording: Recording) -> list[Exchange]:
    """The requests of one connection with their answers."""
    sent, received = bytes(recording.sent), bytes(recording.received)
    found = []
    while sent:
        server, client = h11.Connection(h11.SERVER), h11.Connection(h11.CLIENT)
        request = _head(server, sent)
        assert isinstance(request, h11.Request)
        body, _ = _body(server)
        client.send(request)
        if not received:
            break  # it was never answered: the proxy was stopped while it asked about an account
        response = _head(client, received)
        assert isinstance(response, h11.Response), response
        answer, whole = _body(client)
        found.append(
            Exchange(
                request.method.decode(), request.target.decode(), _headers(request), body,
                response.status_code, _headers(response), answer, whole,
            )
        )  # fmt: skip
        sent, received = server.trailing_data[0], client.trailing_data[0]
    return found


def _head(connection: h11.Connection, data: bytes) -> object:
    """The first event in what one side wrote until it closed the connection."""
    connection.receive_data(data)
    connection.receive_data(b"")
    return connection.next_event()


def _body(connection: h11.Connection) -> tuple[bytes, bool]:
    """The body that follows, and whether it came to its end."""
    body = bytearray()
    with contextlib.suppress(h11.RemoteProtocolError):
        while isinstance(event := connection.next_event(), h11.Data):
            body += event.data
        return bytes(body), isinstance(event, h11.EndOfMessage)
    return bytes(body), False


def _headers(message: h11.Request | h11.Response) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in message.headers}


class RecordingRelay(socketserver.ThreadingTCPServer):
    """Passes connections on to `target` (host, port) and records them, within a `with` block."""

    request_queue_size = 64

    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self.target = target
        self.recordings: list[Recording] = []
        self._open: set[socket.socket] = set()
        self._acceptor = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def exchanges(self) -> list[Exchange]:
        """Everything so far, in the order in which connections came; waits for those that are still open."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while self._open:
            assert time.monotonic() < deadline, "a connection through the recorder stays open"
            time.sleep(0.01)
        return [exchange for recording in self.recordings for exchange in exchanges_of(recording)]

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self._acceptor.join()
        for side in list(self._open):
            _hang_up(side, socket.SHUT_RDWR)
        self.server_close()

    def finish_request(self, request: Any, client_address: object) -> None:
        recording = Recording()
        self.recordings.append(recording)
        with socket.create_connection(self.target) as upstream:
            self._open |= {request, upstream}
            back = threading.Thread(target=_pump, args=(upstream, request, recording.received))
            back.start()
            _pump(request, upstream, recording.sent)
            back.join()
            self._open -= {request, upstream}


def _pump(source: socket.socket, sink: socket.socket, record: bytearray) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(PIECE_BYTES):
            record += piece
            sink.sendall(piece)
    _hang_up(sink, socket.SHUT_WR)


def _hang_up(side: socket.socket, how: int) -> None:
    with contextlib.suppress(OSError):
        side.shutdown(how)
