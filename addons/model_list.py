"""Shows a client the models that its key may be used for, and no others: what cannot be filtered is not shown."""

from __future__ import annotations

import dataclasses

from mitmproxy import http

from addons.exchange import Exchange, Exchanges
from addons.plain_body import put_plain_body
from addons.replies import reply
from addons.wire import denials
from addons.wire.decoding import BodyError, decode_body
from addons.wire.model_lists import with_models
from addons.wire.routes import Route
from codexlb_store.keys import Key
from codexlb_store.ledger import Outcome

MOST_BYTES = 16 * 1024 * 1024
"""The upstream's list has some hundred kilobytes; a larger one is none."""


def is_bound(key: Key) -> bool:
    """Whether a key may be used for some models only."""
    return key.models is not None or key.enforced_model is not None


def is_usable(key: Key, model: str) -> bool:
    """Whether a request for this model would be served with it."""
    return model == key.enforced_model if key.enforced_model else key.allows_model(model)


def filtered(response: http.Response, key: Key) -> bytes | None:
    """The list without other models; None where the answer is no list that can be read."""
    if response.status_code != 200:
        return None  # a part of a list, say
    try:
        body = decode_body(response.raw_content or b"", response.headers.get("content-encoding", ""), MOST_BYTES)
    except BodyError:
        return None
    return with_models(body, lambda model: is_usable(key, model))


class ModelList:
    """Rewrites the answer for a key that is bound to some models.

    The ETag stays: Codex compares it with what later answers say, and would ask for the list each time.
    """

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges

    def request(self, flow: http.HTTPFlow) -> None:
        """Demand, before it is asked for, that the list does not pass as it comes: the HTTP core sees to it, whatever
        becomes of this step later."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.route is not Route.MODELS or exchange.client is None:
            return
        key = exchange.client.key
        exchange.is_unfiltered = key is not None and is_bound(key)

    def response(self, flow: http.HTTPFlow) -> None:
        """Filter the list, which is whole now."""
        exchange = self.exchanges.get(flow)
        key = exchange.client.key if exchange and exchange.client else None
        if exchange is None or key is None or flow.response is None or not exchange.is_unfiltered:
            return
        if exchange.answer is None or flow.response.status_code >= 300:
            return  # an error of ours, or the upstream's: there is no list in it
        body = filtered(flow.response, key)
        if body is None:
            self.refuse(exchange, flow)
        else:
            put_plain_body(flow.response, body)
        exchange.is_unfiltered = False

    def refuse(self, exchange: Exchange, flow: http.HTTPFlow) -> None:
        """Show nothing, and have the ledger say so."""
        flow.response = reply(denials.unreadable_models())
        if exchange.result:
            exchange.result = dataclasses.replace(exchange.result, outcome=Outcome.FAILED, error="unreadable_models")
