"""A client's connection: strict, in time, and with a JSON answer for whatever cannot be read."""

from __future__ import annotations

import json

import pytest
from mitmproxy import http
from mitmproxy.connection import ConnectionState
from mitmproxy.net.http import http1

from addons.core.front import request_of
from addons.core.limits import Limits
from addons.wire.request_heads import Head, read_head
from tests.addons.core.clients import Answer, Client1
from tests.addons.core.machine import Machine
from tests.addons.core.words import GOOD, a_machine, serve

SERVED = Answer(200, GOOD, whole=True)
HEAD = b"POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\n"
TURN = HEAD + b"content-length: 2\r\n\r\n{}"
NOW = Limits(greeting_seconds=0, head_seconds=0, body_seconds=0, linger_seconds=0)
"""Whatever can take too long has."""


def told(machine: Machine) -> tuple[int, str, bool]:
    """The status and code of the last answer, which came from here, and whether the proxy has nothing more to say."""
    head, _, body = client_of(machine).raw.rpartition(b"\r\n\r\n")
    status = int(head[head.rindex(b"HTTP/1.1 ") :].split()[1])
    return status, json.loads(body)["error"]["code"], client_of(machine).ended


def client_of(machine: Machine) -> Client1:
    assert isinstance(machine.client, Client1)
    return machine.client


def bare_machine(limits: Limits = NOW) -> Machine:
    """A connection on which nothing was said."""
    return Machine(limits=limits)


def test_a_request_is_made_as_mitmproxy_makes_it() -> None:
    head = read_head(TURN)
    assert isinstance(head, Head)
    theirs = http1.read_request_head(TURN.partition(b"\r\n\r\n")[0].split(b"\r\n"))
    ours = [request_of(head, theirs.timestamp_start) for _ in range(2)]
    ours[0].headers["x-later"] = "1"
    assert ours[1].get_state() == theirs.get_state()


def test_a_connection_has_greeted_when_the_layer_begins() -> None:
    assert bare_machine().wire.greetings == 1


def test_a_request_may_come_byte_by_byte() -> None:
    machine = bare_machine(Limits())
    for at in range(len(TURN)):
        machine.client.send(TURN[at : at + 1])
    client_of(machine).asked = 1
    serve(machine)
    machine.tick()
    assert (machine.client.answers, machine.is_idle) == ([SERVED], True)


@pytest.mark.parametrize("between", [b"", b"\r\n", b"\r\n\r\n"], ids=["at once", "empty line", "two empty lines"])
def test_the_next_request_may_come_before_the_answer(between: bytes) -> None:
    machine = bare_machine(Limits())
    client_of(machine).asked = 2
    machine.client.send(TURN + between + TURN)
    assert machine.requests == 1
    serve(machine)
    serve(machine)
    assert machine.client.answers == [SERVED, SERVED]


def test_more_ahead_than_is_kept_ends_the_connection_behind_the_answer() -> None:
    machine = bare_machine(Limits(ahead_bytes=100))
    client_of(machine).asked = 1
    machine.client.send(TURN)
    machine.client.send(TURN * 2)
    machine.client.send(TURN * 2)
    serve(machine)
    assert machine.client.answers == [SERVED]
    assert (machine.requests, client_of(machine).ended) == (1, True)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(b"hello\r\n", (400, "bad_request", True), id="no request"),
        pytest.param(b"GET / HTTP/1.1\r\nx : y\r\n\r\n", (400, "bad_request", True), id="a bad header"),
        pytest.param(b"GET http://evil/ HTTP/1.1\r\n", (400, "absolute_form", True), id="absolute form"),
        pytest.param(b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000, (431, "headers_too_large", True), id="too much"),
    ],
)
def test_a_head_that_cannot_be_read_is_told_and_costs_nothing(raw: bytes, expected: tuple[int, str, bool]) -> None:
    machine = bare_machine()
    machine.client.send(raw)
    assert told(machine) == expected
    assert b"connection: close" in client_of(machine).raw
    assert (machine.called, machine.layer.streams) == ([], {})


def test_what_comes_behind_it_is_dropped_until_the_client_hangs_up_or_its_time_is_over() -> None:
    machine = bare_machine()
    machine.client.send(b"hello\r\n")
    machine.client.send(TURN * 100)
    assert machine.layer.front and not machine.layer.front.buf
    assert machine.called == []
    assert not client_of(machine).closed
    machine.tick()
    assert (client_of(machine).closed, machine.timers) == (True, [])


def test_a_client_that_hangs_up_is_not_waited_for() -> None:
    machine = bare_machine()
    machine.client.send(b"hello\r\n")
    machine.hang_up(machine.client.connection)
    assert machine.client.connection.state is ConnectionState.CLOSED


@pytest.mark.parametrize("start", [b"P", HEAD, HEAD + b"\r"])
def test_a_head_that_does_not_end_in_time_is_told(start: bytes) -> None:
    machine = bare_machine()
    machine.client.send(start)
    assert client_of(machine).raw == b""
    machine.tick()
    assert told(machine) == (408, "request_timeout", True)
    assert machine.called == []


def test_more_of_a_head_gains_no_time() -> None:
    machine = bare_machine(Limits(head_seconds=100))
    machine.client.send(b"P")
    assert machine.layer.front
    until = machine.layer.front.deadline
    machine.client.send(HEAD[1:])
    assert until == machine.layer.front.deadline


def test_empty_lines_alone_are_no_request_and_end_in_silence() -> None:
    machine = bare_machine()
    machine.client.send(b"\r\n")
    machine.tick()
    assert (client_of(machine).raw, client_of(machine).closed) == (b"", True)


def test_one_clock_runs_for_a_head_and_stops_behind_its_request() -> None:
    machine = bare_machine(Limits())
    client_of(machine).asked = 1
    machine.client.send(TURN[:10])
    machine.client.send(TURN[10:20])
    assert len(machine.timers) == 1
    machine.tick()
    machine.client.send(TURN[20:])
    assert len(machine.timers) == 1
    serve(machine)
    machine.tick()
    assert (machine.timers, machine.client.answers, machine.is_idle) == ([], [SERVED], True)


def test_chunks_that_cannot_be_read_are_told_and_the_request_ends_there() -> None:
    machine = bare_machine()
    machine.client.send(HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n")
    machine.client.send(b"gremlins\r\n")
    assert told(machine) == (400, "bad_request", True)
    assert machine.called == ["requestheaders", "error"]
    assert (machine.requests, machine.layer.streams) == (0, {})


def test_a_client_that_leaves_in_the_middle_of_its_body_is_told_from_one_that_is_turned_away() -> None:
    machine = bare_machine()
    errors: list[str] = []
    machine.hooks["error"] = lambda flow: errors.append(flow.error.msg)
    machine.client.send(TURN[:-1])
    machine.hang_up(machine.client.connection)
    assert (errors, client_of(machine).raw, machine.layer.streams) == (["Client disconnected."], b"", {})


def continued(machine: Machine) -> bool:
    return client_of(machine).raw.startswith(b"HTTP/1.1 100 ")


@pytest.mark.parametrize("rest", [b"gremlins\r\n", b"40\r\n" + b"x" * 64 + b"\r\n"], ids=["broken", "too large"])
def test_who_was_told_to_go_on_is_told_too_what_was_wrong(rest: bytes) -> None:
    machine = Machine(limits=NOW, body_size_limit="60")
    machine.wire.explain = explained  # type: ignore[method-assign]
    machine.client.send(HEAD + b"expect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n")
    assert continued(machine)
    machine.client.send(rest)
    status, _, ended = told(machine)
    assert (status, ended, machine.requests) == (413 if b"x" in rest else 400, True, 0)


def explained(status: int, message: str) -> http.Response:
    return http.Response.make(status, f'{{"error":{{"code":"{status}"}}}}', {"connection": "close"})


def test_a_head_that_ends_the_connection_is_the_last() -> None:
    machine = a_machine()
    machine.client.send(TURN.replace(b"host:", b"connection: close\r\nhost:"))
    serve(machine)
    serve(machine)
    assert client_of(machine).closed
