"""What a client asks for is read from a decoded copy of its body, by whatever its head says of the encoding."""

from __future__ import annotations

import gzip
import json

import pytest
import zstandard

from addons.body import Body, read_ask
from addons.exchange import Exchanges
from addons.wire.asks import Ask, Kind
from addons.wire.decoding import BodyError
from addons.wire.routes import Route
from tests.addons.samples import a_flow, an_exchange

TURN = b'{"model":"gpt-5.5","stream":true,"input":[]}'
ASK = Ask(Kind.TURN, "gpt-5.5", stream=True)
ENCODING = b"Content-Encoding"


@pytest.mark.parametrize(
    ("said", "body"),
    [
        pytest.param((), TURN, id="nothing"),
        pytest.param((b"gzip",), gzip.compress(TURN), id="one"),
        pytest.param((b"gzip, zstd",), zstandard.compress(gzip.compress(TURN)), id="two in one header"),
        pytest.param((b"gzip", b"zstd"), zstandard.compress(gzip.compress(TURN)), id="two headers mean the same"),
    ],
)
def test_the_encodings_are_undone_in_the_order_in_which_they_are_said(said: tuple[bytes, ...], body: bytes) -> None:
    flow = a_flow((b"host", b"localhost"), *((ENCODING, value) for value in said), body=body)

    assert read_ask(Route.RESPONSES, flow.request) == ASK


def test_one_of_two_headers_must_not_be_believed_alone() -> None:
    """Whoever reads both would find no turn in it."""
    flow = a_flow((ENCODING, b"deflate"), (ENCODING, b"gzip"), body=gzip.compress(TURN))

    with pytest.raises(BodyError):
        read_ask(Route.RESPONSES, flow.request)


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        (b"gzip", TURN, 400),
        (b"x", TURN, 415),
        (b"identity", b"{", 400),
        (b"zstd", zstandard.compress(bytes(65 << 20)), 413),
    ],
    ids=["a lie", "unknown", "no JSON", "a bomb"],
)
def test_what_cannot_be_read_is_told(encoding: bytes, body: bytes, status: int) -> None:
    flow = a_flow((ENCODING, encoding), body=body)
    exchange = an_exchange(ask=None)

    Body(Exchanges({flow: exchange})).request(flow)

    assert exchange.ask is None
    assert flow.response
    assert (flow.response.status_code, json.loads(flow.response.content or b"")["error"]["code"]) == (
        status,
        "invalid_body",
    )
