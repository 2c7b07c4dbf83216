"""A request that is not whole: how long it is waited for, and how it is answered before its end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mitmproxy import http

from addons.core.limits import Limits
from addons.core.wire_stream import MOST_REFUSED_BYTES
from tests.addons.core.clients import Answer, Client1, Client2
from tests.addons.core.machine import Machine
from tests.addons.core.upstreams import JSON
from tests.addons.core.words import COMPLETED, CREATED, DELTA, GOOD, PAIRS, a_machine, serve

SERVED = Answer(200, GOOD, whole=True)
NO_TIME = Limits(body_seconds=0, body_bytes_per_second=1 << 60, linger_seconds=0)
PATH = "/backend-api/codex/responses"
LARGE = b"x" * (2 * MOST_REFUSED_BYTES)

every_client = pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1", "HTTP/2"])


def begin(machine: Machine, body: bytes, length: int, method: str = "POST") -> None:
    """Send a request's head, and of its body so much."""
    client = machine.client
    if isinstance(client, Client1):
        client.asked += 1
        client.send(f"{method} {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n".encode() + body)
        return
    stream = client.h2.get_next_available_stream_id()
    client.streams.append(stream)
    client.h2.send_headers(
        stream, [(":method", method), (":scheme", "http"), (":authority", "localhost"), (":path", PATH)]
    )
    go_on(machine, body)


def go_on(machine: Machine, body: bytes) -> None:
    """Send more of the newest request's body."""
    client = machine.client
    if isinstance(client, Client2):
        for at in range(0, len(body), 16_384):
            client.h2.send_data(client.streams[-1], body[at : at + 16_384])
        body = client.h2.data_to_send()
    client.send(body)


def end(machine: Machine) -> None:
    """In HTTP/2 an end is said."""
    if isinstance(machine.client, Client2):
        machine.client.h2.end_stream(machine.client.streams[-1])
        machine.client.send(machine.client.h2.data_to_send())


def refuse(flow: http.HTTPFlow) -> None:
    """As a step does that turns a request away by its head."""
    flow.response = http.Response.make(401, b"no", {"content-type": JSON})


REFUSED = Answer(401, b"no", whole=True)


@every_client
def test_a_body_that_does_not_come_is_not_waited_for(http2: bool) -> None:
    machine = Machine(http2_client=http2, limits=NO_TIME)
    begin(machine, b"{", 2)
    machine.tick()
    (answer,) = machine.client.answers
    assert (answer.status, answer.whole, list(json.loads(answer.body))) == (408, True, ["explained"])
    assert machine.called == ["requestheaders", "responseheaders", "response"]
    assert (machine.requests, machine.layer.streams) == (0, {})


@every_client
def test_a_body_that_comes_along_is_waited_for(http2: bool) -> None:
    """By each of the two: what it may take anyway, and what came of it."""
    for limits in (Limits(), Limits(body_seconds=0, body_bytes_per_second=1)):
        machine = Machine(http2_client=http2, limits=limits)
        begin(machine, b"{" * 100, 102)
        machine.tick()
        assert (machine.client.answers, machine.called) == ([], ["requestheaders"])
        go_on(machine, b"}}")
        end(machine)
        serve(machine)
        assert machine.client.answers == [SERVED]


@pytest.mark.parametrize(
    ("limits", "received", "seconds"),
    [
        (Limits(body_seconds=30, body_bytes_per_second=4096), 0, 30),
        (Limits(body_seconds=30, body_bytes_per_second=4096), 40960, 40),
        (Limits(body_seconds=30, body_bytes_per_second=4096), 20_000_000, 4912.8125),
    ],
)
def test_how_long_a_body_may_take(limits: Limits, received: int, seconds: float) -> None:
    assert limits.body_allowance(received) == seconds


@every_client
def test_who_is_refused_by_the_head_and_has_sent_it_all_may_ask_again(http2: bool) -> None:
    machine = Machine(http2_client=http2)
    machine.hooks["requestheaders"] = refuse
    begin(machine, b"{", 2)
    assert machine.client.answers == []
    go_on(machine, b"}")
    end(machine)
    assert machine.client.answers == [REFUSED]
    machine.hooks.pop("requestheaders")
    machine.client.ask()
    serve(machine)
    assert machine.client.answers == [REFUSED, SERVED]


@every_client
def test_who_is_refused_by_the_head_need_not_send_a_large_body(http2: bool) -> None:
    machine = Machine(http2_client=http2)
    machine.hooks["requestheaders"] = refuse
    begin(machine, LARGE, 10 * len(LARGE))
    assert machine.client.answers == [REFUSED]
    go_on(machine, LARGE)
    assert machine.called == ["requestheaders", "responseheaders", "response"]
    assert (machine.requests, machine.layer.streams) == (0, {})
    if isinstance(machine.client, Client1):
        assert machine.client.ended


@every_client
@pytest.mark.parametrize("leaves_in", ["responseheaders", "response"])
def test_a_client_may_leave_while_it_is_answered_early(http2: bool, leaves_in: str) -> None:
    machine = Machine(http2_client=http2, limits=NO_TIME)
    begin(machine, b"{", 3)
    machine.withheld.add(leaves_in)
    machine.tick()
    go_on(machine, b"}")
    machine.leave()
    machine.release()
    machine.tick()
    assert (machine.requests, machine.client.answers) == (0, [])
    assert machine.called[-1] == "error" if leaves_in == "responseheaders" else "response"


CHUNKED = f"POST {PATH} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n".encode()


@pytest.mark.parametrize("case", ["announced", "in chunks", "HTTP/2"])
def test_a_body_over_the_limit_is_told_as_json(case: str) -> None:
    machine = Machine(http2_client=case == "HTTP/2", body_size_limit="1k")
    if isinstance(machine.client, Client1) and case == "in chunks":
        machine.client.asked += 1
        machine.client.send(CHUNKED + b"7d0\r\n" + b"x" * 2000)
    else:
        begin(machine, b"x" * 2000, 5000)
    (answer,) = machine.client.answers
    assert (answer.status, answer.whole, list(json.loads(answer.body))) == (413, True, ["explained"])
    assert machine.requests == 0


def headed(machine: Machine) -> Any:
    client = machine.client
    return client.raw if isinstance(client, Client1) else client.answers


@every_client
def test_an_answer_to_head_has_no_body(http2: bool) -> None:
    machine = Machine(http2_client=http2)
    machine.hooks["requestheaders"] = refuse
    begin(machine, b"", 0, "HEAD")
    end(machine)
    found = headed(machine)
    assert found == [Answer(401, b"", whole=True)] if http2 else found.endswith(b"content-length: 2\r\n\r\n")


@pytest.mark.parametrize("pair", ["1 to 1", "2 to 1"])
def test_trailers_of_an_answer_are_dropped_and_its_connection_goes_on(pair: str) -> None:
    machine = a_machine(pair)
    upstream = machine.upstream
    said = upstream.head() + b"".join(map(upstream.data, (CREATED, DELTA, COMPLETED)))
    upstream.send(said + b"0\r\nset-cookie: pool=1\r\n\r\n")
    assert machine.client.answers == [Answer(200, CREATED + DELTA + COMPLETED, whole=True)]
    machine.client.ask()
    serve(machine)
    assert (machine.client.answers[1], machine.breaks) == (SERVED, [])
    assert len(machine.upstreams) == (1 if pair == "1 to 1" else 2)  # over HTTP/2 each request dials by itself


@pytest.mark.parametrize("pair", PAIRS)
def test_trailers_of_http2_are_dropped(pair: str) -> None:
    machine = Machine(http2_client=PAIRS[pair][0], http2_upstream=PAIRS[pair][1])
    begin(machine, b"{}", 2)
    if isinstance(machine.client, Client2):
        machine.client.h2.send_headers(machine.client.streams[-1], [("x-trailer", "1")], end_stream=True)
        machine.client.send(machine.client.h2.data_to_send())
    upstream = machine.upstream
    upstream.send(upstream.head() + upstream.data(GOOD))
    if PAIRS[pair][1]:
        upstream.h2.send_headers(upstream.stream, [("set-cookie", "pool=1")], end_stream=True)  # type: ignore[attr-defined]
        upstream.send(upstream.h2.data_to_send())  # type: ignore[attr-defined]
    else:
        upstream.send(upstream.end())
    assert machine.client.answers == [SERVED]
