"""The recording relay tells what went over the wire, whatever the framing."""

from __future__ import annotations

import socket

import pytest

from tests.end_to_end.relay import Exchange, Recording, RecordingRelay, exchanges_of

POST = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
GET = b"GET /b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
SIZED = b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 3\r\n\r\nno!"
UNTIL_CLOSE = b"HTTP/1.0 200 OK\r\n\r\nrest"


def read(sent: bytes, received: bytes) -> list[Exchange]:
    return exchanges_of(Recording(bytearray(sent), bytearray(received)))


@pytest.mark.parametrize(
    ("sent", "received", "expected"),
    [
        pytest.param(b"", b"", [], id="a connection without a request"),
        pytest.param(POST, CHUNKED, [("POST", b"hi", 200, b"abcd")], id="chunked answer"),
        pytest.param(GET, SIZED, [("GET", b"", 426, b"no!")], id="a refused upgrade"),
        pytest.param(POST, UNTIL_CLOSE, [("POST", b"hi", 200, b"rest")], id="answer until close"),
        pytest.param(
            POST + GET,
            CHUNKED + SIZED,
            [("POST", b"hi", 200, b"abcd"), ("GET", b"", 426, b"no!")],
            id="two in a row",
        ),
    ],
)
def test_a_recording_reads_as_exchanges(
    sent: bytes, received: bytes, expected: list[tuple[str, bytes, int, bytes]]
) -> None:
    assert [(x.method, x.body, x.status, x.answer) for x in read(sent, received)] == expected


def test_an_answer_that_was_cut_short_is_told_from_a_whole_one() -> None:
    [whole], [cut] = read(POST, CHUNKED), read(POST, CHUNKED[:-5])

    assert (whole.answer, whole.whole) == (b"abcd", True)
    assert (cut.answer, cut.whole) == (b"abcd", False)


def test_the_relay_passes_bytes_on_in_both_directions_and_keeps_them() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as upstream,
        RecordingRelay(upstream.getsockname()) as relay,
        socket.create_connection(("127.0.0.1", relay.server_address[1])) as client,
        client.makefile("rb") as answer,
    ):
        client.sendall(POST)
        served, _ = upstream.accept()
        with served:
            assert served.recv(1000) == POST
            served.sendall(SIZED)
        assert answer.read() == SIZED
        client.shutdown(socket.SHUT_RDWR)
        [exchange] = relay.exchanges()

    assert (exchange.target, exchange.status) == ("/a", 426)
