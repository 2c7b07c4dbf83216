"""What an HTTP/2 client may send at most: limits of h2 itself, on which ours rest; over them its connection ends."""

from __future__ import annotations

import pytest

from tests.addons.core.clients import PATH, Client2
from tests.addons.core.machine import Machine

NAMES = [(":method", "POST"), (":scheme", "http"), (":authority", "localhost"), (":path", PATH)]
STREAMS = 100


def a_machine() -> tuple[Machine, Client2]:
    machine = Machine(http2_client=True)
    assert isinstance(machine.client, Client2)
    return machine, machine.client


def begin(client: Client2, *headers: tuple[str, str]) -> None:
    stream = client.h2.get_next_available_stream_id()
    client.h2.send_headers(stream, [*NAMES, *headers])
    client.send(client.h2.data_to_send())


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([("x", "y" * 70_000)], id="one large"),
        pytest.param([(f"x-{number}", "y") for number in range(2000)], id="many"),
        pytest.param([("x", "y" * 4000)] * 40, id="small on the wire, large when unpacked"),
    ],
)
def test_a_head_over_64_kib_ends_the_connection(headers: list[tuple[str, str]]) -> None:
    machine, client = a_machine()
    begin(client, *headers)
    assert (machine.called, client.closed) == ([], True)


def test_more_requests_at_a_time_than_allowed_end_the_connection() -> None:
    machine, client = a_machine()
    assert client.h2.remote_settings.max_concurrent_streams == STREAMS
    client.h2.remote_settings.max_concurrent_streams = 10 * STREAMS  # this client does not care
    client.h2.remote_settings.acknowledge()
    for _ in range(STREAMS):
        begin(client)
    assert (machine.called.count("requestheaders"), client.closed) == (STREAMS, False)
    begin(client)
    assert (machine.called.count("requestheaders"), client.closed) == (STREAMS, True)


@pytest.mark.parametrize("name", ["connection", "transfer-encoding", "X-Upper", "x y"])
def test_headers_that_http2_does_not_know_reach_no_upstream(name: str) -> None:
    machine, client = a_machine()
    client.h2.config.validate_outbound_headers = client.h2.config.normalize_outbound_headers = False
    begin(client, (name, "chunked"))
    assert machine.requests == 0
    assert client.closed or machine.called == ["requestheaders", "error"]


def test_only_a_request_is_a_first_word_and_after_the_last_one_the_client_rests() -> None:
    """Neither a ping is one nor a head that never ends."""
    machine, client = a_machine()
    client.h2.ping(b"12345678")
    client.send(client.h2.data_to_send())
    assert machine.wire.greetings == 0
    client.ask(b"{}")
    client.ask(b"{}")
    assert (machine.wire.greetings, machine.wire.rested) == (2, 0)
    client.reset(0)
    assert machine.wire.rested == 0
    client.reset(1)
    assert machine.wire.rested
    client.send(b"\x00\x00\x01\x01\x00\x00\x00\x00\x05\x82")  # HEADERS without END_HEADERS
    assert (machine.wire.greetings, client.closed) == (2, False)
