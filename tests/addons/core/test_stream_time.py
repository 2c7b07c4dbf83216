"""How long an upstream may be silent: counted from its last word to this attempt, by one clock a connection."""

from __future__ import annotations

import pytest
from mitmproxy import http

from addons.core.stream import CodexStream
from addons.wire.failures import Break
from tests.addons.core.clients import Answer, Client2
from tests.addons.core.machine import DIAL, FAILED, Machine
from tests.addons.core.upstreams import JSON
from tests.addons.core.words import CREATED, DELTA, GOOD, PAIRS, a_machine, limit_reached, serve

LIMIT_SECONDS = 50.0
SERVED = Answer(200, GOOD, whole=True)

every_pair = pytest.mark.parametrize("pair", PAIRS)


def silence(machine: Machine) -> None:
    """Twice the limit passes without a word; the clock has not ticked yet."""
    machine.wire.limit(LIMIT_SECONDS)
    for stream in machine.layer.streams.values():
        assert isinstance(stream, CodexStream)
        stream.heard_at -= 2 * LIMIT_SECONDS


@every_pair
def test_the_limit_on_the_head_begins_anew_with_each_attempt(pair: str) -> None:
    machine = a_machine(pair)
    silence(machine)
    machine.tick()
    machine.tick()
    assert (machine.breaks, machine.requests) == ([Break.TIMEOUT], 2)
    serve(machine)
    assert machine.client.answers == [SERVED]


@every_pair
def test_the_limit_on_the_head_begins_when_the_dial_is_done(pair: str) -> None:
    machine = Machine(http2_client=PAIRS[pair][0], http2_upstream=PAIRS[pair][1])
    machine.withheld.add(DIAL)
    machine.client.ask()
    silence(machine)
    machine.release()
    machine.tick()
    assert machine.breaks == []


@every_pair
@pytest.mark.parametrize("status", [200, 429])
@pytest.mark.parametrize("heard", ["head", "data"])
def test_any_word_of_a_held_answer_ends_the_silence(pair: str, status: int, heard: str) -> None:
    machine = a_machine(pair)
    upstream = machine.upstream
    head = upstream.head(status) if status == 200 else upstream.head(status, JSON)
    data = upstream.data(CREATED)
    if heard == "data":
        upstream.send(head)
    silence(machine)
    upstream.send(data if heard == "data" else head)
    machine.tick()
    assert machine.breaks == []
    silence(machine)
    machine.tick()
    assert len(machine.breaks) == 1


@every_pair
def test_any_word_of_a_stream_that_is_passed_on_ends_the_silence(pair: str) -> None:
    machine = a_machine(pair)
    upstream = machine.upstream
    upstream.send(upstream.head() + upstream.data(CREATED + DELTA))
    silence(machine)
    upstream.send(upstream.data(DELTA))
    machine.tick()
    assert "error" not in machine.called
    silence(machine)
    machine.tick()
    assert ("error" in machine.called, upstream.cancelled, machine.is_idle) == (True, True, True)


@every_pair
def test_an_answer_that_is_read_as_a_whole_must_not_fall_silent_either(pair: str) -> None:
    machine = a_machine(pair)
    machine.wire.withheld = http.Response.make(502)
    upstream = machine.upstream
    upstream.send(upstream.head(200, JSON) + upstream.data(b"{"))
    machine.tick()
    assert "error" not in machine.called
    silence(machine)
    machine.tick()
    assert ("error" in machine.called, upstream.cancelled, machine.is_idle) == (True, True, True)
    assert [answer.status for answer in machine.client.answers] == [502]


@every_pair
def test_an_answer_that_is_withheld_is_read_and_another_one_told(pair: str) -> None:
    machine = a_machine(pair)
    machine.wire.withheld = http.Response.make(502, b"withheld")
    upstream = machine.upstream
    upstream.send(upstream.head(200, JSON) + upstream.data(b"{}"))
    assert machine.client.answers == []
    upstream.send(upstream.end())
    assert machine.client.answers == [Answer(502, b"withheld", whole=True)]


@every_pair
def test_a_request_with_many_attempts_is_told_the_time_once_a_tick(pair: str) -> None:
    machine = a_machine(pair)
    limit_reached(machine)
    machine.withheld.add(FAILED)
    machine.wire.limit(0)
    machine.tick()
    machine.release()
    assert (machine.breaks, machine.requests) == ([Break.STATUS, Break.TIMEOUT], 3)


def test_one_clock_runs_for_all_requests_of_a_connection_and_stops_after_the_last() -> None:
    machine = a_machine("2 to 2")
    machine.client.ask()
    limit_reached(machine)
    assert len(machine.timers) == 1
    machine.tick()
    assert len(machine.timers) == 1
    assert isinstance(machine.client, Client2)
    machine.client.reset(0)
    machine.client.reset(1)
    assert machine.layer.streams == {}
    machine.tick()
    assert machine.timers == []
    machine.client.ask()
    assert len(machine.timers) == 1
