"""An answer that counts only when it is whole: something else can stand in for it."""

from __future__ import annotations

import pytest

from addons.core.held import MOST_WHOLE_BYTES
from addons.wire.failures import Break
from tests.addons.core.clients import Answer
from tests.addons.core.machine import Machine
from tests.addons.core.upstreams import JSON
from tests.addons.core.words import LIMIT, PAIRS, a_machine

LIST = b'{"models":[{"slug":"gpt-5.5"}]}'
HALF = len(LIST) // 2

every_pair = pytest.mark.parametrize("pair", PAIRS)


def asked_for_a_list(pair: str) -> Machine:
    machine = a_machine(pair)
    machine.wire.whole_is_due = 3.0
    upstream = machine.upstream
    upstream.send(upstream.head(200, JSON) + upstream.data(LIST[:HALF]))
    assert machine.client.answers == []
    return machine


@every_pair
def test_it_passes_as_it_came_when_it_has_ended(pair: str) -> None:
    machine = asked_for_a_list(pair)
    upstream = machine.upstream
    upstream.send(upstream.data(LIST[HALF:]) + upstream.end())
    assert machine.client.answers == [Answer(200, LIST, whole=True)]
    assert (machine.breaks, machine.is_idle) == ([], True)


@every_pair
def test_one_that_breaks_off_is_a_failed_attempt(pair: str) -> None:
    machine = asked_for_a_list(pair)
    machine.upstream.send(machine.upstream.reset())
    assert machine.breaks == [Break.STREAM]
    upstream = machine.upstream
    upstream.send(upstream.whole(LIST, kind=JSON))
    assert machine.client.answers == [Answer(200, LIST, whole=True)]


@every_pair
def test_one_that_is_late_is_a_failed_attempt_however_much_it_says(pair: str) -> None:
    machine = asked_for_a_list(pair)
    machine.tick()
    assert machine.breaks == []
    machine.wire.whole_is_due = 0.0
    machine.upstream.send(machine.upstream.data(LIST[HALF:]))
    machine.tick()
    assert machine.breaks == [Break.TIMEOUT]


@every_pair
def test_an_error_is_one_as_ever(pair: str) -> None:
    machine = a_machine(pair)
    machine.wire.whole_is_due = 3.0
    upstream = machine.upstream
    upstream.send(upstream.whole(LIMIT, status=429, kind=JSON))
    assert machine.breaks == [Break.STATUS]


def test_one_that_is_too_large_to_be_kept_passes_before_its_end() -> None:
    machine = asked_for_a_list("1 to 1")
    machine.upstream.send(machine.upstream.data(b" " * MOST_WHOLE_BYTES))
    (answer,) = machine.client.answers
    assert (answer.status, answer.whole, len(answer.body)) == (200, False, HALF + MOST_WHOLE_BYTES)
