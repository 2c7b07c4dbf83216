"""Shows a client the models that its key may be used for, and no others: what cannot be filtered is not shown.

What the upstream tells is kept, and told again where nobody can be asked.
"""

from __future__ import annotations

import dataclasses
import time

from mitmproxy import http

from addons.exchange import Exchange, Exchanges
from addons.list_lease import sees_less
from addons.menu import is_bound, is_usable, kept_for
from addons.plain_body import put_plain_body
from addons.replies import reply
from addons.upkeep.list_keeping import MOST_KEPT_BYTES, keep, read_list
from addons.wire import denials
from addons.wire.decoding import BodyError, decode_body
from addons.wire.headers import value_of
from addons.wire.model_lists import client_version_of, with_models
from addons.wire.routes import Route
from addons.wire.unary import Body
from codexlb_store.keys import Key
from codexlb_store.ledger import Outcome
from codexlb_store.model_lists import KeptList
from codexlb_store.pool import Pool
from codexlb_store.writer import Writer

MOST_BYTES = 16 * 1024 * 1024
"""The upstream's list has some hundred kilobytes; a larger one is none."""

LIST_TAG = b"x-models-etag"
"""With it a turn's answer tells which list its account sees; Codex compares it with the one it has."""

KEPT = "kept_list"
"""What the ledger says beside `completed` of a list that the upstream did not give just now: its attempts failed."""


def filtered(response: http.Response, key: Key) -> bytes | None:
    """The list without other models; None where the answer is no list that can be read."""
    if response.status_code != 200:
        return None  # a part of a list, say
    try:
        body = decode_body(response.raw_content or b"", response.headers.get("content-encoding", ""), MOST_BYTES)
    except BodyError:
        return None
    return with_models(body, lambda model: is_usable(key, model))


def list_of(flow: http.HTTPFlow, exchange: Exchange, now: float) -> KeptList | None:
    """The upstream's list, whole, as it may be kept; None for any other answer, and for one to another question."""
    response, answer, lease = flow.response, exchange.answer, exchange.lease
    client_version = client_version_of(flow.request.path)
    if response is None or answer is None or answer.status != 200 or lease is None or client_version is None:
        return None
    passed = answer.tap.content if isinstance(answer.tap, Body) else b""
    headers = response.headers
    try:
        plain = decode_body(response.raw_content or passed, headers.get("content-encoding", ""), MOST_KEPT_BYTES)
    except BodyError:
        return None
    described = headers.get("content-type"), headers.get("etag")
    return read_list(client_version, lease.account_id, plain, described, now)


class ModelList:
    """Keeps the upstream's list for when there is none, and rewrites what a key gets that is bound to some models.

    The ETag stays: Codex compares it with what later answers say, and would ask for the list each time.
    """

    def __init__(self, exchanges: Exchanges, pool: Pool, writer: Writer) -> None:
        self.exchanges = exchanges
        self.pool = pool
        self.writer = writer

    def request(self, flow: http.HTTPFlow) -> None:
        """Look up what is kept, and demand that for a bound key no list passes as it comes: the HTTP core sees to it,
        whatever becomes of this step later."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.route is not Route.MODELS or exchange.client is None:
            return
        key = exchange.client.key
        exchange.is_unfiltered = key is not None and is_bound(key)
        exchange.kept = kept_for(exchange, self.pool, client_version_of(flow.request.path) or "")

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Of another list than it is shown a client must not hear: it would ask for its own again after every turn."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.lease is None or flow.response is None:
            return
        if value_of(flow.response.headers.fields, LIST_TAG) is None:
            return
        if sees_less(exchange, self.pool, exchange.lease.account_id, time.time()):
            del flow.response.headers[LIST_TAG]

    def response(self, flow: http.HTTPFlow) -> None:
        """Keep the list and filter it: it is whole now."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.route is not Route.MODELS or flow.response is None:
            return
        if fresh := list_of(flow, exchange, time.time()):
            keep(self.pool, self.writer, fresh)
        if flow.response.status_code >= 300:
            return  # an error of ours, or the upstream's: there is no list in it
        if exchange.answer is None and exchange.result:  # what is kept: the client has what it asked for
            exchange.result = dataclasses.replace(exchange.result, outcome=Outcome.COMPLETED, error=KEPT)
        key = exchange.client.key if exchange.client else None
        if key is None or not exchange.is_unfiltered:
            return
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
