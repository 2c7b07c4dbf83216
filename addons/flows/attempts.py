"""Shows every failed attempt as a flow of its own: the request as it was sent, without a credential, and the answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from weakref import WeakKeyDictionary

from mitmproxy import flow as flows
from mitmproxy import http
from mitmproxy.connection import Server

from addons.core.attempt import Attempt
from addons.core.passing import NOT_FORWARDED, passing, with_fields
from addons.exchange import Exchange, Exchanges
from addons.flows.secrets import shown_body, shown_fields
from addons.flows.texts import FAILED_ATTEMPT, comment_of_attempt, error_of_attempt
from addons.known_secrets import secrets_of
from addons.wire.errors import UpstreamError
from addons.wire.failures import Break
from addons.wire.headers import TURN_STATE
from addons.wire.redaction import text_without_quotes, without_quotes
from codexlb_store.pool import Pool

Show = Callable[[http.HTTPFlow], None]

NEVER_ARRIVED = frozenset({Break.CONNECT, Break.CREDENTIAL})


def as_sent(request: http.Request, foreign_turn_state: bool) -> http.Request:
    """The request as the upstream gets it but for the credential, which is never in it."""
    dropped = NOT_FORWARDED | {TURN_STATE.encode()} if foreign_turn_state else NOT_FORWARDED
    sent = with_fields(request, passing(request.headers.fields, dropped))
    sent.data.content = request.data.content
    return sent


def body_of_stream(error: UpstreamError) -> bytes:
    """What is known of a stream that failed before its first output."""
    fields = {"code": error.code, "type": error.type, "message": error.message}
    said = {"type": "response.failed", "response": {"error": {key: value for key, value in fields.items() if value}}}
    return b": the error alone was kept of this stream\n\nevent: response.failed\ndata: %s\n\n" % (
        json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
    )


def answer_of(attempt: Attempt, secrets: Collection[str]) -> http.Response | None:
    """The upstream's answer as far as it was read, without cookies and tokens."""
    if attempt.response is None:
        return None
    answer = with_fields(attempt.response, shown_fields(attempt.response.headers.fields, secrets))
    if attempt.error and attempt.how is Break.STREAM:
        answer.data.content = without_quotes(body_of_stream(attempt.error), secrets)
    else:
        answer.data.content = shown_body(attempt.response, attempt.body, secrets)
    answer.timestamp_end = time.time()
    return answer


def server_of(attempt: Attempt, sent: http.Request) -> Server:
    """Where the attempt went; mitmproxy keeps no connection that never stood."""
    if attempt.how in NEVER_ARRIVED:
        return Server(address=(sent.host, sent.port))
    return attempt.flow.server_conn


class AttemptFlows:
    """Makes a flow of each attempt that failed and is not itself the client's answer."""

    def __init__(self, exchanges: Exchanges, pool: Pool, id_key: str, show: Show) -> None:
        self.exchanges = exchanges
        self.pool = pool
        self.id_key = id_key
        self.show = show
        self.sent: WeakKeyDictionary[http.HTTPFlow, http.Request] = WeakKeyDictionary()

    def request(self, flow: http.HTTPFlow) -> None:
        """Remember the first attempt as it is sent: the steps rewrite it for the next one."""
        exchange = self.exchanges.get(flow)
        if exchange and exchange.cleared:
            self.sent[flow] = as_sent(flow.request, exchange.foreign_turn_state)

    def upstream_attempt_failed(self, attempt: Attempt) -> None:
        """Show the attempt; what it became is known only behind the last step."""
        exchange, sent = self.exchanges.get(attempt.flow), self.sent.pop(attempt.flow, None)
        if exchange is None or sent is None:
            return
        if attempt.retry:
            self.sent[attempt.flow] = as_sent(attempt.flow.request, exchange.foreign_turn_state)
        if exchange.attempts and exchange.attempts[-1].number == attempt.number:
            self.show(self.flow_of(attempt, exchange, sent))

    def flow_of(self, attempt: Attempt, exchange: Exchange, sent: http.Request) -> http.HTTPFlow:
        """A flow that has ended already."""
        row = exchange.attempts[-1]
        secrets = secrets_of(self.pool, exchange)
        shown = http.HTTPFlow(attempt.flow.client_conn, server_of(attempt, sent))
        sent.timestamp_start = shown.timestamp_created = row.started_at
        shown.request, shown.response = sent, answer_of(attempt, secrets)
        shown.comment = comment_of_attempt(exchange, row, self.pool.accounts)
        shown.marked = FAILED_ATTEMPT
        shown.metadata[self.id_key] = exchange.id
        why = error_of_attempt(attempt.how or Break.TRANSPORT, attempt.message, row.failure)
        if why and not (attempt.how is Break.STREAM and attempt.error):
            shown.error = flows.Error(text_without_quotes(why, secrets))
        return shown
