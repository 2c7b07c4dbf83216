"""What the client asks for, read from a decoded copy of the body; the bytes themselves stay as they came."""

from __future__ import annotations

from mitmproxy import http

from addons.exchange import Exchanges
from addons.replies import reply
from addons.wire import answers
from addons.wire.asks import Ask, AskError, parse_ask
from addons.wire.decoding import MOST_BODY_BYTES, BodyError, decode_body
from addons.wire.routes import Route


def read_ask(route: Route, request: http.Request) -> Ask:
    """Decode (bounded) and read the few fields that decide. Raises BodyError, AskError."""
    # One pass: each look-up in mitmproxy's headers walks and decodes all of them.
    headers = {
        name.lower().decode("latin-1"): value.decode("utf-8", "replace") for name, value in request.headers.fields
    }
    encodings = [value for name, value in request.headers.fields if name.lower() == b"content-encoding"]
    body = decode_body(request.raw_content or b"", b",".join(encodings).decode("latin-1"), MOST_BODY_BYTES)
    return parse_ask(route, headers, body)


class Body:
    """Writes the ask, or answers 400, 413 or 415."""

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges

    def request(self, flow: http.HTTPFlow) -> None:
        """Read the request's body once it is complete."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.client is None:
            return
        try:
            exchange.ask = read_ask(exchange.route, flow.request)
        except BodyError as error:
            flow.response = reply(answers.broken_body(str(error), error.status))
        except AskError as error:
            flow.response = reply(answers.broken_body(str(error)))
