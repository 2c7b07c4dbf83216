"""What reaches the upstream with each attempt, over which connection, and what is kept of it afterwards."""

from __future__ import annotations

import pytest

from addons.core.attempt import Attempt
from addons.wire.failures import Break
from tests.addons.core.clients import Answer
from tests.addons.core.machine import DIAL, FAILED, Machine, once_more
from tests.addons.core.upstreams import Upstream1, Upstream2
from tests.addons.core.words import (
    COMPLETED,
    CREATED,
    DELTA,
    GOOD,
    PAIRS,
    PROGRESS,
    STREAM,
    a_machine,
    limit_reached,
    serve,
)

SERVED = Answer(200, GOOD, whole=True)
LARGE = bytes(range(256)) * 4096
"""1 MiB in which no piece may be lost or moved."""

every_pair = pytest.mark.parametrize("pair", PAIRS)


def all_bodies(machine: Machine) -> list[bytes]:
    return [body for upstream in machine.upstreams for body in upstream.bodies]


def raw(machine: Machine, number: int = 0) -> bytes:
    upstream = machine.upstreams[number]
    assert isinstance(upstream, Upstream1)
    return upstream.raw


@every_pair
def test_a_large_body_is_sent_whole_with_each_attempt(pair: str) -> None:
    machine = a_machine(pair, LARGE)
    limit_reached(machine)
    limit_reached(machine)
    serve(machine)
    assert [body == LARGE for body in all_bodies(machine)] == [True] * 3
    assert machine.client.answers == [SERVED]


@every_pair
def test_what_the_chain_changes_between_attempts_is_what_is_sent(pair: str) -> None:
    machine = a_machine(pair, b"first")

    def change(attempt: Attempt) -> None:
        attempt.flow.request.content = b"the second body"
        once_more(attempt)

    machine.hooks[FAILED] = change
    limit_reached(machine)
    serve(machine)
    assert all_bodies(machine) == [b"first", b"the second body"]
    assert machine.client.answers == [SERVED]


def test_each_attempt_has_a_credential_of_its_own_and_the_flow_has_none() -> None:
    machine = a_machine()
    limit_reached(machine)
    serve(machine)
    assert [raw(machine).count(b"Bearer %d\r\n" % number) for number in (1, 2, 3)] == [1, 1, 0]
    assert "authorization" not in machine.attempts[0].flow.request.headers


def test_the_next_attempt_may_go_to_another_host() -> None:
    machine = a_machine()

    def elsewhere(attempt: Attempt) -> None:
        attempt.flow.request.host = "elsewhere.test"
        once_more(attempt)

    machine.hooks[FAILED] = elsewhere
    limit_reached(machine)
    serve(machine)
    assert [upstream.connection.address for upstream in machine.upstreams] == [  # type: ignore[attr-defined]
        ("upstream.test", 80),
        ("elsewhere.test", 80),
    ]
    assert raw(machine, 1).count(b"host: elsewhere.test") == 1
    assert machine.client.answers == [SERVED]


def test_a_finished_failure_costs_no_new_dial_and_the_connection_serves_the_next_request() -> None:
    machine = a_machine()
    limit_reached(machine)
    serve(machine)
    machine.client.ask(b"second")
    serve(machine)
    assert machine.called.count(DIAL) == 1
    assert all_bodies(machine) == [b"{}", b"{}", b"second"]
    assert machine.client.answers == [SERVED, SERVED]
    assert machine.is_idle


@pytest.mark.parametrize("pair", ["1 to 1", "2 to 2"])
def test_a_connection_that_closed_while_idle_is_dialled_again(pair: str) -> None:
    machine = a_machine(pair)
    serve(machine)
    machine.upstream.hang_up()
    machine.client.ask()
    serve(machine)
    assert (machine.called.count(DIAL), machine.breaks) == (2, [])
    assert machine.client.answers == [SERVED, SERVED]


@pytest.mark.parametrize("pair", ["1 to 1", "2 to 2"])
def test_a_connection_that_closes_as_the_next_request_leaves_is_a_failed_attempt(pair: str) -> None:
    machine = a_machine(pair)
    serve(machine)
    machine.client.ask()
    machine.upstream.hang_up()
    serve(machine)
    assert machine.breaks == [Break.TRANSPORT]
    assert machine.client.answers == [SERVED, SERVED]


@pytest.mark.parametrize("pair", ["2 to 1", "2 to 2"])
def test_streams_of_one_connection_fail_over_apart_from_each_other(pair: str) -> None:
    machine = a_machine(pair)
    first = machine.upstream
    first.send(first.head() + first.data(CREATED + PROGRESS + DELTA))
    stream = getattr(first, "stream", 0)
    machine.client.ask(b"second")
    limit_reached(machine)
    assert [answer.body for answer in machine.client.answers] == [CREATED + PROGRESS + DELTA]
    serve(machine)
    if stream:
        first.stream = stream  # type: ignore[attr-defined]
    first.send(first.data(DELTA + COMPLETED) + first.end())
    assert machine.client.answers == [SERVED, SERVED]
    assert all_bodies(machine).count(b"second") == 2
    assert machine.is_idle


def test_pieces_of_two_answers_that_arrive_in_one_read_stay_apart() -> None:
    machine = a_machine("2 to 2")
    machine.client.ask()
    upstream = machine.upstream
    assert isinstance(upstream, Upstream2)
    said = b""
    for stream in (1, 3):
        upstream.stream = stream
        said += upstream.head()
    for piece in STREAM:
        for stream in (1, 3):
            upstream.stream = stream
            said += upstream.data(piece)
    upstream.send(said)
    assert [answer.body for answer in machine.client.answers] == [GOOD, GOOD]


@every_pair
def test_a_client_that_leaves_before_its_request_is_whole_costs_nothing(pair: str) -> None:
    machine = Machine(http2_client=PAIRS[pair][0], http2_upstream=PAIRS[pair][1])
    machine.withheld.add("request")
    machine.client.ask()
    machine.leave()
    machine.release()
    assert DIAL not in machine.called
    assert machine.is_idle


@pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1", "HTTP/2"])
def test_a_flow_does_not_show_what_its_client_is_known_by_even_when_no_step_took_it_off(http2: bool) -> None:
    machine = Machine(http2_client=http2)
    seen: list[list[str]] = []
    machine.hooks["requestheaders"] = lambda flow: seen.append(list(flow.request.headers))
    machine.hooks["request"] = lambda flow: seen.append(list(flow.request.headers))
    machine.client.ask(headers={"authorization": "Bearer sk-clb-1", "cookie": "a=b", "x-api-key": "k"})
    (first, second) = seen
    assert {"authorization", "cookie", "x-api-key"} <= set(first)
    assert not {"authorization", "cookie", "x-api-key"} & set(second)
