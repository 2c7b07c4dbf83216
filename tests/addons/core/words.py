"""What upstreams say in these tests."""

from __future__ import annotations

from tests.addons.core.machine import Machine
from tests.addons.core.upstreams import JSON, SSE


def event(kind: str, more: str = "") -> bytes:
    """One server-sent event."""
    return f'event: {kind}\ndata: {{"type":"{kind}"{more}}}\n\n'.encode()


CREATED = event("response.created", ',"response":{"id":"resp_1"}')
PROGRESS = event("response.in_progress")
DELTA = event("response.output_text.delta", ',"delta":"Hello"')
COMPLETED = event("response.completed", ',"response":{"id":"resp_1"}')
TROUBLE = event("response.failed", ',"response":{"error":{"code":"server_error","message":"Trouble."}}')
STREAM = (CREATED, PROGRESS, DELTA, DELTA, COMPLETED)
GOOD = b"".join(STREAM)
LIMIT = b'{"error":{"type":"usage_limit_reached"}}'

PAIRS = {"1 to 1": (False, False), "1 to 2": (False, True), "2 to 1": (True, False), "2 to 2": (True, True)}
"""The client's version of HTTP, then the upstream's: whether each speaks HTTP/2."""


def a_machine(pair: str = "1 to 1", body: bytes = b"{}") -> Machine:
    """A connection on which a client has just asked."""
    http2_client, http2_upstream = PAIRS[pair]
    machine = Machine(http2_client=http2_client, http2_upstream=http2_upstream)
    machine.client.ask(body)
    return machine


def limit_reached(machine: Machine) -> None:
    """The upstream answers its newest request with an error."""
    upstream = machine.upstream
    upstream.send(upstream.whole(LIMIT, status=429, kind=JSON))


def serve(machine: Machine, *pieces: bytes) -> None:
    """The upstream answers its newest request with a stream, piece by piece."""
    upstream = machine.upstream
    said = [upstream.head(200, SSE), *map(upstream.data, pieces or STREAM), upstream.end()]
    for words in said:
        upstream.send(words)
