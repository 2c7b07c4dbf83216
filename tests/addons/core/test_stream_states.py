"""The failover state machine: whatever happens in each of its states, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest

from addons.wire.failures import Break
from tests.addons.core.clients import Answer
from tests.addons.core.machine import DIAL, FAILED, Machine
from tests.addons.core.plain_wire import LONG_SECONDS
from tests.addons.core.upstreams import JSON, Upstream
from tests.addons.core.words import (
    COMPLETED,
    CREATED,
    DELTA,
    GOOD,
    LIMIT,
    PAIRS,
    PROGRESS,
    STREAM,
    TROUBLE,
    event,
    serve,
)

Step: TypeAlias = Callable[[Machine], None]

LATE = event("response.output_text.delta", ',"delta":"late"')


def first(make: Callable[[Upstream], bytes]) -> Step:
    """The upstream of the first attempt says something."""
    return lambda machine: machine.upstreams[0].send(make(machine.upstreams[0]))


def data(*pieces: bytes) -> Step:
    return first(lambda upstream: b"".join(map(upstream.data, pieces)))


def past(machine: Machine) -> None:
    """The clock ticks when every limit is over."""
    machine.wire.limit(0)
    machine.tick()
    machine.wire.limit(LONG_SECONDS)


def refuse(machine: Machine) -> None:
    machine.dials.append("refused")
    machine.release()


error_head = first(lambda upstream: upstream.head(429, JSON))
stream_head = first(lambda upstream: upstream.head())
end = first(lambda upstream: upstream.end())
reset = first(lambda upstream: upstream.reset())
answer = first(lambda upstream: upstream.whole(*STREAM))
late_answer = first(lambda upstream: upstream.whole(CREATED, LATE))


def close(machine: Machine) -> None:
    machine.upstreams[0].hang_up()


def go_on(*steps: Step) -> Step:
    """One step after the other."""

    def walk(machine: Machine) -> None:
        for step in steps:
            step(machine)

    return walk


STATES: dict[str, Step] = {
    "dialling": lambda machine: None,
    "waiting": Machine.release,
    "error": go_on(Machine.release, error_head, data(LIMIT[:9])),
    "stream": go_on(Machine.release, stream_head, data(CREATED)),
    "deciding": go_on(Machine.release, lambda machine: machine.withheld.add(FAILED), past),
    "committed": go_on(Machine.release, stream_head, data(CREATED, DELTA)),
}
rest_of_error = go_on(data(LIMIT[9:]), end)
rest_of_stream = go_on(data(PROGRESS, DELTA, DELTA, COMPLETED), end)


@dataclass(frozen=True)
class Row:
    """What happens; the breaks that the chain is told of, how many requests leave, whether the first is cancelled."""

    state: str
    happens: Step
    breaks: tuple[Break, ...] = ()
    requests: int = 1
    cancelled: bool | None = None  # None: it is over by itself
    rest: Step | None = None  # of the first answer, if it is still to come
    body: bytes | None = GOOD  # what the client has in the end; None: no answer
    whole: bool = True


AGAIN = 2
OVER: dict[str, Any] = {"body": None, "whole": False}
GONE = {**OVER, "cancelled": True}
CUT = CREATED + DELTA
CONNECT, TRANSPORT, TIMEOUT = (Break.CONNECT,), (Break.TRANSPORT,), (Break.TIMEOUT,)
STATUS, IN_STREAM = (Break.STATUS,), (Break.STREAM,)

ROWS = {
    "dialling, it stands": Row("dialling", Machine.release, rest=answer),
    "dialling, it is refused": Row("dialling", refuse, CONNECT, rest=answer),
    "dialling, a tick": Row("dialling", Machine.tick, rest=answer),
    # Nobody notes here when a dial began: its limit is tried with real sockets.
    "dialling, a tick past the limits": Row("dialling", past, rest=answer),
    "dialling, the client leaves, it stands": Row("dialling", Machine.leave, (), 0, body=None),
    "dialling, the client leaves, it is refused": Row("dialling", go_on(Machine.leave, refuse), (), 0, body=None),
    "waiting, the answer": Row("waiting", answer),
    "waiting, a stream begins": Row("waiting", go_on(stream_head, data(CREATED)), rest=rest_of_stream),
    "waiting, an error begins": Row("waiting", error_head, STATUS, AGAIN, False, rest=go_on(data(LIMIT), end)),
    "waiting, closed": Row("waiting", close, TRANSPORT, AGAIN),
    "waiting, reset": Row("waiting", reset, TRANSPORT, AGAIN),
    "waiting, a tick": Row("waiting", Machine.tick, rest=answer),
    "waiting, a tick past the limit": Row("waiting", past, TIMEOUT, AGAIN, True),
    "waiting, the client leaves": Row("waiting", Machine.leave, **GONE),
    "error, more": Row("error", data(LIMIT[9:]), STATUS, AGAIN, False, rest=end),
    "error, end": Row("error", rest_of_error, STATUS, AGAIN, False),
    "error, closed": Row("error", close, TRANSPORT, AGAIN),
    "error, reset": Row("error", reset, TRANSPORT, AGAIN),
    "error, a tick": Row("error", Machine.tick, STATUS, AGAIN, False, rest=rest_of_error),
    "error, a tick past the limit": Row("error", past, STATUS, AGAIN, True),
    "error, the client leaves": Row("error", Machine.leave, **GONE),
    "stream, undecided": Row("stream", data(PROGRESS), rest=go_on(data(DELTA, DELTA, COMPLETED), end)),
    "stream, output": Row("stream", data(PROGRESS, DELTA), rest=go_on(data(DELTA, COMPLETED), end)),
    "stream, it fails": Row("stream", data(TROUBLE), IN_STREAM, AGAIN, True),
    "stream, it ends": Row("stream", end, IN_STREAM, AGAIN, False),
    "stream, it completes": Row("stream", go_on(data(COMPLETED), end), body=CREATED + COMPLETED),
    "stream, closed": Row("stream", close, IN_STREAM, AGAIN),
    "stream, reset": Row("stream", reset, IN_STREAM, AGAIN),
    "stream, a tick": Row("stream", Machine.tick, rest=rest_of_stream),
    "stream, a tick past the limit": Row("stream", past, TIMEOUT, AGAIN, True),
    "stream, the client leaves": Row("stream", Machine.leave, **GONE),
    "deciding, late head": Row("deciding", go_on(stream_head, data(CREATED)), TIMEOUT, AGAIN, True),
    "deciding, late answer": Row("deciding", late_answer, TIMEOUT, AGAIN),
    "deciding, closed": Row("deciding", close, TIMEOUT, AGAIN),
    "deciding, reset": Row("deciding", reset, TIMEOUT, AGAIN),
    "deciding, a tick": Row("deciding", Machine.tick, TIMEOUT, AGAIN, True),
    "deciding, a tick past the limits": Row("deciding", past, TIMEOUT, AGAIN, True),
    "deciding, the client leaves": Row("deciding", Machine.leave, TIMEOUT, **GONE),
    "deciding, late answer, the client leaves": Row("deciding", go_on(late_answer, Machine.leave), TIMEOUT, **OVER),
    "committed, more": Row("committed", data(DELTA), rest=go_on(data(COMPLETED), end), body=CUT + DELTA + COMPLETED),
    "committed, end": Row("committed", end, body=CUT),
    "committed, it fails": Row("committed", go_on(data(TROUBLE), end), body=CUT + TROUBLE),
    "committed, closed": Row("committed", close, body=CUT, whole=False),
    "committed, reset": Row("committed", reset, body=CUT, whole=False),
    "committed, a tick": Row("committed", Machine.tick, rest=end, body=CUT),
    "committed, a tick past the limit": Row("committed", past, cancelled=True, body=CUT, whole=False),
    "committed, the client leaves": Row("committed", Machine.leave, cancelled=True, body=CUT, whole=False),
}


def at_state(name: str, pair: str) -> Machine:
    machine = Machine(http2_client=PAIRS[pair][0], http2_upstream=PAIRS[pair][1])
    machine.withheld.add(DIAL)
    machine.client.ask()
    STATES[name](machine)
    return machine


@pytest.mark.parametrize("pair", ["1 to 1", "1 to 2", "2 to 2"])
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_state(row: Row, pair: str) -> None:
    machine = at_state(row.state, pair)
    before = machine.client.answers
    row.happens(machine)
    machine.release()
    if row.rest:
        row.rest(machine)
    assert tuple(machine.breaks) == row.breaks
    assert machine.requests == row.requests
    if row.cancelled is not None:
        assert machine.upstreams[0].cancelled == row.cancelled
    if row.requests == AGAIN:
        assert before == machine.client.answers == []  # nothing of the failed attempt
        serve(machine)
    whole = row.whole or (pair == "1 to 2" and machine.client.closed)  # there the end of the connection is the end
    assert machine.client.answers == ([] if row.body is None else [Answer(200, row.body, whole)])
    assert machine.called.count("error") == (not row.whole or row.requests == 0)
    assert machine.is_idle
    machine.tick()
    assert machine.timers == []
