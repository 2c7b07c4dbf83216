"""However an upstream's bytes arrive, the client gets the same: held, judged and passed on without a loss."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from addons.core.held import MOST_HELD_BYTES
from addons.wire.failures import Break
from tests.addons.core.clients import Answer
from tests.addons.core.machine import FAILED, Machine, pass_on
from tests.addons.core.upstreams import JSON, SSE
from tests.addons.core.words import COMPLETED, CREATED, DELTA, GOOD, LIMIT, PAIRS, STREAM, TROUBLE, a_machine

FIRST = {
    "an error": ((LIMIT[:20], LIMIT[20:]), 429, JSON),
    "a failing stream": ((CREATED, TROUBLE), 200, SSE),
    "an empty stream": ((CREATED,), 200, SSE),
}
every_pair = pytest.mark.parametrize("pair", PAIRS)


def pieces_of(data: bytes, cut: int | None) -> Iterator[bytes]:
    """Two pieces, or single bytes."""
    if cut is None:
        yield from (data[at : at + 1] for at in range(len(data)))
    else:
        yield from (data[:cut], data[cut:])


def say(machine: Machine, pieces: tuple[bytes, ...], status: int, kind: str, cut: int | None = 0) -> int:
    """The newest request is answered, cut there; how many bytes it was."""
    upstream = machine.upstream
    said = upstream.whole(*pieces, status=status, kind=kind)
    for piece in pieces_of(said, cut):
        upstream.send(piece)
    return len(said)


@pytest.mark.parametrize(
    ("pieces", "pair"),
    [
        pytest.param(STREAM, "1 to 1", id="an event a chunk"),
        pytest.param((GOOD,), "1 to 1", id="all in one chunk"),
        pytest.param(STREAM, "1 to 2", id="an event a frame"),
    ],
)
def test_a_good_stream_is_the_same_however_it_is_cut(pieces: tuple[bytes, ...], pair: str) -> None:
    cut: int | None = 0
    while cut is not None:
        machine = a_machine(pair)
        length = say(machine, pieces, 200, SSE, cut)
        assert machine.client.answers == [Answer(200, GOOD, whole=True)], cut
        assert (machine.requests, machine.is_idle) == (1, True), cut
        cut = cut + 1 if cut < length else None


@pytest.mark.parametrize("pair", ["1 to 1", "1 to 2"])
@pytest.mark.parametrize("first", FIRST.values(), ids=FIRST.keys())
def test_a_failed_answer_is_not_seen_however_it_is_cut(first: tuple[tuple[bytes, ...], int, str], pair: str) -> None:
    cut: int | None = 0
    while cut is not None:
        machine = a_machine(pair)
        length = say(machine, *first, cut)
        assert (len(machine.breaks), machine.requests, machine.client.answers) == (1, 2, []), cut
        say(machine, STREAM, 200, SSE, 0)
        assert machine.client.answers == [Answer(200, GOOD, whole=True)], cut
        assert machine.is_idle, cut
        cut = cut + 1 if cut < length else None


@every_pair
@pytest.mark.parametrize("first", FIRST.values(), ids=FIRST.keys())
def test_a_failed_answer_and_a_good_one_may_come_byte_by_byte(
    first: tuple[tuple[bytes, ...], int, str], pair: str
) -> None:
    machine = a_machine(pair)
    say(machine, *first, None)
    assert (len(machine.breaks), machine.requests, machine.client.answers) == (1, 2, [])
    say(machine, STREAM, 200, SSE, None)
    assert machine.client.answers == [Answer(200, GOOD, whole=True)]
    assert machine.is_idle


@every_pair
def test_an_event_reaches_the_client_with_its_last_byte(pair: str) -> None:
    """Nothing but what precedes the first output is kept back."""
    machine = a_machine(pair)
    upstream = machine.upstream
    upstream.send(upstream.head() + upstream.data(CREATED))
    assert machine.client.answers == []
    upstream.send(upstream.data(DELTA))
    assert machine.client.answers[0].body == CREATED + DELTA
    upstream.send(upstream.data(DELTA[:5]))
    assert machine.client.answers[0].body == CREATED + DELTA + DELTA[:5]
    upstream.send(upstream.data(DELTA[5:] + COMPLETED) + upstream.end())
    assert machine.client.answers == [Answer(200, CREATED + DELTA + DELTA + COMPLETED, whole=True)]


@every_pair
def test_more_than_can_be_held_is_passed_on_undecided_and_in_order(pair: str) -> None:
    machine = a_machine(pair)
    upstream = machine.upstream
    upstream.send(upstream.head())
    comments = [b": %5d %b\n\n" % (number, b"." * 8184) for number in range(MOST_HELD_BYTES // 8192 + 2)]
    sent = b""
    for comment in comments:
        assert len(sent) > MOST_HELD_BYTES or machine.client.answers == []
        upstream.send(upstream.data(comment))
        sent += comment
    assert machine.client.answers[0].body == sent
    upstream.send(upstream.data(TROUBLE) + upstream.end())
    assert machine.client.answers == [Answer(200, sent + TROUBLE, whole=True)]
    assert machine.breaks == []


@every_pair
@pytest.mark.parametrize("passes", [False, True], ids=["sent again", "passed on"])
def test_more_of_an_error_than_can_be_held_is_judged_by_what_came(pair: str, passes: bool) -> None:
    machine = a_machine(pair)
    if passes:
        machine.hooks[FAILED] = pass_on
    upstream = machine.upstream
    upstream.send(upstream.head(500, JSON))
    pieces = [bytes([65 + number % 26]) * 8192 for number in range(MOST_HELD_BYTES // 8192 + 1)]
    for piece in pieces[:-1]:
        upstream.send(upstream.data(piece))
    assert machine.breaks == []
    upstream.send(upstream.data(pieces[-1]))
    assert (machine.breaks, machine.attempts[0].body) == ([Break.STATUS], b"".join(pieces))
    if passes:
        upstream.send(upstream.data(b"the rest") + upstream.end())
        assert machine.client.answers == [Answer(500, b"".join(pieces) + b"the rest", whole=True)]
    else:
        assert upstream.cancelled
        say(machine, STREAM, 200, SSE)
        assert machine.client.answers == [Answer(200, GOOD, whole=True)]
    assert machine.is_idle
