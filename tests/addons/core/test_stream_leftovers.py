"""What is left of an attempt that was given up, and of a client that left."""

from __future__ import annotations

import pytest

from addons.core.attempt import Attempt
from addons.wire.failures import Break
from tests.addons.core.clients import Answer
from tests.addons.core.machine import DIAL, FAILED, Machine, once_more
from tests.addons.core.upstreams import JSON
from tests.addons.core.words import CREATED, DELTA, GOOD, LIMIT, PAIRS, TROUBLE, a_machine, limit_reached, serve

SERVED = Answer(200, GOOD, whole=True)

every_pair = pytest.mark.parametrize("pair", PAIRS)
to_http1 = pytest.mark.parametrize("pair", ["1 to 1", "2 to 1"])
to_http2 = pytest.mark.parametrize("pair", ["1 to 2", "2 to 2"])


@to_http2
def test_a_late_word_of_an_abandoned_attempt_is_dropped(pair: str) -> None:
    """It was on its way when the attempt was given up."""
    machine = a_machine(pair)
    upstream = machine.upstream
    late = upstream.head() + upstream.data(CREATED + DELTA)
    machine.wire.limit(0)
    machine.tick()
    assert (machine.breaks, upstream.cancelled) == ([Break.TIMEOUT], True)
    upstream.send(late)
    assert machine.client.answers == []
    serve(machine)
    assert machine.client.answers == [SERVED]
    assert machine.is_idle


@to_http1
def test_an_abandoned_connection_is_closed_and_not_used_again(pair: str) -> None:
    machine = a_machine(pair)
    machine.wire.limit(0)
    machine.tick()
    serve(machine)
    assert [upstream.closed for upstream in machine.upstreams] == [True, pair == "2 to 1"]
    assert machine.client.answers == [SERVED]


def test_a_killed_flow_starts_no_further_attempt() -> None:
    machine = a_machine()

    def kill(attempt: Attempt) -> None:
        once_more(attempt)
        attempt.flow.kill()

    machine.hooks[FAILED] = kill
    limit_reached(machine)
    assert (machine.client.answers, machine.requests, machine.client.closed) == ([], 1, True)


def test_a_later_failure_is_told_without_the_body_of_an_earlier_one() -> None:
    machine = a_machine("2 to 1")  # dials for each attempt
    machine.dials.append("refused")
    limit_reached(machine)
    assert [(attempt.how, attempt.body) for attempt in machine.attempts] == [
        (Break.STATUS, LIMIT),
        (Break.CONNECT, b""),
    ]


@every_pair
def test_a_client_that_leaves_while_the_chain_looks_at_a_failed_dial_is_not_answered(pair: str) -> None:
    machine = Machine(http2_client=PAIRS[pair][0], http2_upstream=PAIRS[pair][1])
    machine.withheld.add(FAILED)
    machine.dials.append("refused")
    machine.client.ask()
    machine.leave()
    machine.release()
    assert machine.called == ["requestheaders", "request", DIAL, FAILED, "error"]
    assert machine.is_idle


def test_a_last_event_without_its_blank_line_is_understood() -> None:
    machine = a_machine()
    serve(machine, CREATED, TROUBLE.rstrip())
    (attempt,) = machine.attempts
    assert attempt.error is not None
    assert attempt.error.code == "server_error"


@every_pair
@pytest.mark.parametrize("held", [True, False], ids=["held", "waiting"])
def test_a_tick_while_the_error_hook_of_a_left_request_runs_starts_no_further_attempt(pair: str, held: bool) -> None:
    machine = a_machine(pair)
    upstream = machine.upstream
    if held:
        upstream.send(upstream.head(429, JSON))
    machine.withheld.add("error")
    machine.leave()
    machine.wire.limit(0)
    machine.tick()
    machine.release()
    assert (machine.breaks, machine.requests, machine.is_idle) == ([], 1, True)


@pytest.mark.parametrize("pair", ["1", "2"])
def test_a_client_that_leaves_while_its_request_dials_ends_it_whatever_becomes_of_the_dial(pair: str) -> None:
    """mitmproxy says nothing of a dial that it drops before its turn has come."""
    machine = Machine(http2_client=pair.startswith("2"))
    machine.withheld = {DIAL}
    machine.client.ask()
    machine.hang_up(machine.client.connection)
    assert (machine.called[-1], machine.requests) == ("error", 0)
    machine.release()  # the dial ends after all
    assert (machine.called.count("error"), machine.requests) == (1, 0)
    assert machine.breaks == []
