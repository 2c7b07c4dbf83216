"""Shows a client the models that its key may be used for, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mitmproxy import http

from addons.exchange import Exchanges
from addons.wire.model_lists import NO_MODELS, with_models
from addons.wire.routes import Route
from codexlb_store.keys import Key

MOST_BYTES = 16 * 1024 * 1024
"""The upstream's list has some hundred kilobytes; of a larger one nothing is shown."""

Stream = Callable[[bytes], Iterable[bytes] | bytes]


def is_usable(key: Key, model: str) -> bool:
    """Whether a request for this model would be served with it."""
    return model == key.enforced_model if key.enforced_model else key.allows_model(model)


def only_usable(key: Key, through: Stream) -> Stream:
    """mitmproxy's stream callable: nothing passes before the list is whole; what read along before still does."""
    parts: list[bytes] = []

    def passing(data: bytes) -> list[bytes]:
        through(data)
        if data:
            parts.append(data)
            return []
        body = b"".join(parts)
        return [with_models(body, lambda model: is_usable(key, model)) if len(body) <= MOST_BYTES else NO_MODELS]

    return passing


class ModelList:
    """Rewrites the answer for a key that is bound to some models.

    The ETag stays: Codex compares it with what later answers say, and would ask for the list each time.
    """

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Have the list read before it is passed on."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.route is not Route.MODELS or exchange.answer is None or flow.response is None:
            return
        key = exchange.client.key if exchange.client else None
        if key is None or (key.models is None and key.enforced_model is None) or flow.response.status_code != 200:
            return
        assert callable(flow.response.stream)  # Meter reads it
        flow.response.stream = only_usable(key, flow.response.stream)
        flow.response.headers.pop("content-length", None)
        if flow.request.http_version == "HTTP/1.1":
            flow.response.headers["transfer-encoding"] = "chunked"
