"""What the client asks for, read from a decoded copy of the body; the bytes themselves stay as they came."""

from __future__ import annotations

from mitmproxy import http

from addons.exchange import Exchanges
from addons.replies import reply
from addons.wire import answers
from addons.wire.asks import STRICT, UNREAD, Ask, AskError, parse_ask
from addons.wire.decoding import BodyError, BodyTooLarge, decode_body
from addons.wire.endpoints import most_body_bytes, too_large
from addons.wire.headers import value_of
from addons.wire.routes import Route
from codexlb_store.keys import Key


def is_ruled(key: Key | None) -> bool:
    """Whether something hangs on what a body asks for, or on how large it is."""
    if key is None:
        return False
    enforced = (key.enforced_model, key.enforced_effort, key.enforced_tier)
    return any(rule is not None for rule in (key.models, key.efforts, *enforced)) or bool(key.limits)


def plain_of(route: Route, request: http.Request, must_be_read: bool) -> bytes:
    """The decoded body as far as it is looked at. One of an unknown kind that cannot be decoded is not ours to judge,
    unless it must be read. Raises BodyError."""
    if route in UNREAD:
        return b""
    encodings = [value for name, value in request.headers.fields if name.lower() == b"content-encoding"]
    try:
        return decode_body(request.raw_content or b"", b",".join(encodings).decode("latin-1"), most_body_bytes(route))
    except BodyError as error:
        if route in STRICT or must_be_read or isinstance(error, BodyTooLarge):
            raise
        return b""


def read_ask(route: Route, request: http.Request, must_be_read: bool = True) -> Ask:
    """Decode (bounded) and read the few fields that decide. Raises BodyError, AskError."""
    # One pass: each look-up in mitmproxy's headers walks and decodes all of them.
    headers = {
        name.lower().decode("latin-1"): value.decode("utf-8", "replace") for name, value in request.headers.fields
    }
    return parse_ask(route, headers, plain_of(route, request, must_be_read))


class Body:
    """Writes the ask, or answers 400, 413 or 415."""

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Nobody need send what will be turned away; one that does not say its length is measured as it comes."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.client is None:
            return
        length = value_of(flow.request.headers.fields, b"content-length") or ""
        limit = most_body_bytes(exchange.route)
        if length.isdigit() and int(length) > limit:
            flow.response = reply(answers.refused(too_large(limit)))

    def request(self, flow: http.HTTPFlow) -> None:
        """Read the request's body once it is complete."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.client is None:
            return
        try:
            exchange.ask = read_ask(exchange.route, flow.request, is_ruled(exchange.client.key))
        except BodyError as error:
            flow.response = reply(answers.broken_body(str(error), error.status))
        except AskError as error:
            flow.response = reply(answers.broken_body(str(error)))
