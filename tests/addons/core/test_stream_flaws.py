"""What the layer gets wrong: each test says what should be, and is expected to fail where it is marked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from addons.core.attempt import Attempt
from tests.addons.core.clients import Answer
from tests.addons.core.machine import FAILED, Machine, once_more
from tests.addons.core.upstreams import JSON
from tests.addons.core.words import GOOD, PAIRS, a_machine, limit_reached, serve


def in_pairs(*flawed: str, reason: str) -> pytest.MarkDecorator:
    """Every pair of versions; in the flawed ones the test fails."""
    flaw = pytest.mark.xfail(strict=True, reason=reason)
    cases: list[Any] = [pytest.param(pair, marks=flaw) if pair in flawed else pair for pair in PAIRS]
    return pytest.mark.parametrize("pair", cases)


@in_pairs(reason="")
@pytest.mark.parametrize("status", [100, 103])
def test_an_interim_head_is_not_the_answer(pair: str, status: int) -> None:
    machine = a_machine(pair)
    upstream = machine.upstream
    upstream.send(upstream.head(status))
    serve(machine)
    assert machine.client.answers == [Answer(200, GOOD, whole=True)]


def test_an_upgrade_that_nobody_asked_for_is_not_passed_on() -> None:
    machine = a_machine("1 to 1")
    upstream = machine.upstream
    upstream.send(upstream.head(101))
    machine.tick()  # the tunnel does not know what that is: AssertionError
    serve(machine)
    assert machine.client.answers == [Answer(200, GOOD, whole=True)]


@in_pairs(reason="")
def test_a_connection_error_is_explained_in_a_whole_answer(pair: str) -> None:
    """The head is good by itself, but nothing of it was passed on yet."""
    machine = a_machine(pair)
    machine.hooks["responseheaders"] = lambda flow: None  # not streamed
    upstream = machine.upstream
    upstream.send(upstream.head(200, JSON) + upstream.data(b"{"))
    upstream.send(upstream.reset())
    (answer,) = machine.client.answers
    assert (answer.status, answer.whole, list(json.loads(answer.body))) == (502, True, ["explained"])


@in_pairs(*PAIRS, reason="pieces of a committed body go round the guard, which explains errors and knows the attempt")
def test_a_body_over_the_limit_is_explained_and_the_upstream_stopped(pair: str) -> None:
    http2_client, http2_upstream = PAIRS[pair]
    machine = Machine(http2_client=http2_client, http2_upstream=http2_upstream, body_size_limit="60")
    machine.hooks["responseheaders"] = lambda flow: None  # not streamed
    machine.client.ask()
    limit_reached(machine)
    upstream = machine.upstream
    upstream.send(upstream.head(200, JSON))
    for _ in range(3):
        upstream.send(upstream.data(b"x" * 30))
    (answer,) = machine.client.answers
    assert (answer.status, answer.body[:1], upstream.cancelled) == (502, b"{", True)


@in_pairs(*PAIRS, reason="mitmproxy does not drop the stream of a killed flow")
def test_nothing_is_kept_of_a_killed_flow(pair: str) -> None:
    machine = a_machine(pair)

    def kill(attempt: Attempt) -> None:
        once_more(attempt)
        attempt.flow.kill()

    machine.hooks[FAILED] = kill
    limit_reached(machine)
    assert (machine.requests, machine.is_idle) == (1, True)
