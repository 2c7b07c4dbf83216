"""What a client asks for is read from a decoded copy of its body, by whatever its head says of the encoding."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
import zstandard

from addons.body import Body, is_ruled, read_ask
from addons.exchange import Client, Exchanges
from addons.wire.asks import Ask
from addons.wire.decoding import BodyError
from addons.wire.endpoints import Kind, kind_of
from addons.wire.routes import Route
from codexlb_store.keys import Key
from codexlb_store.limit_texts import parse_limit
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


@pytest.mark.parametrize("encoding", [b"gzip", b"aws-chunked", b"gzip, br, zstd"])
@pytest.mark.parametrize(
    ("route", "rules", "status"),
    [
        pytest.param(Route.OTHER, None, None, id="unknown path"),
        pytest.param(Route.OTHER, {}, None, id="unknown path, a key without rules"),
        pytest.param(Route.SAFETY, None, None, id="known path"),
        pytest.param(Route.OTHER, {"models": ("o9",)}, 4, id="unknown path, a key that is bound to models"),
        pytest.param(Route.IMAGES, {"limits": (parse_limit("1usd/day"),)}, 4, id="a key with a budget"),
        pytest.param(Route.RESPONSES, None, 4, id="turn"),
        pytest.param(Route.ANALYTICS, {"models": ("o9",)}, None, id="no model answers there"),
    ],
)
def test_a_body_that_cannot_be_decoded_is_refused_only_where_it_must_be_read(
    route: Route, rules: dict[str, Any] | None, status: int | None, encoding: bytes
) -> None:
    flow = a_flow((ENCODING, encoding), body=b"\x00\xff")
    key = Key("team", 1.0, **rules) if rules is not None else None
    exchange = an_exchange(route=route, ask=None, client=Client("127.0.0.1", key))

    Body(Exchanges({flow: exchange})).request(flow)

    assert (flow.response.status_code // 100 if flow.response else None) == status
    assert (exchange.ask is None) is (status is not None)
    assert flow.request.raw_content == b"\x00\xff"


@pytest.mark.parametrize("route", [Route.ANALYTICS, Route.FILES, Route.GOALS, Route.IDENTITIES])
def test_what_no_model_answers_is_not_read(route: Route) -> None:
    flow = a_flow((b"session-id", b"s1"), body=b'{"model":"m","prompt_cache_key":"s2"}')

    assert read_ask(route, flow.request) == Ask(kind_of(route), session="s1")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, False),
        ({"accounts": ("a",), "expires_at": 9.0}, False),
        ({"models": ()}, True),
        ({"efforts": ("low",)}, True),
        ({"enforced_model": "m"}, True),
        ({"enforced_effort": "low"}, True),
        ({"enforced_tier": "flex"}, True),
        ({"limits": (parse_limit("1req/day"),)}, True),
    ],
)
def test_whether_something_hangs_on_a_body(rules: dict[str, Any], expected: bool) -> None:
    assert is_ruled(Key("team", 1.0, **rules)) is expected
    assert not is_ruled(None)
