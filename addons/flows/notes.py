"""Says beside each flow how its exchange ended: a comment, a marker, and its id to find it by."""

from __future__ import annotations

from mitmproxy import ctx, http

from addons.exchange import Exchange, Exchanges
from addons.flows.texts import comment_of, marker_of
from addons.wire.errors import error_of_json
from addons.wire.routes import OWN_PAGES
from codexlb_store.ledger import Outcome
from codexlb_store.pool import Pool

ID = "codexlb"
"""The one entry in a flow's metadata: the id of its exchange, which the filter `~meta` finds."""

COLUMNS = ["icon", "method", "path", "status", "comment", "size", "time"]
"""Of mitmweb's list, whose own choice leaves comments out; so wide that the comment is read whole."""


def turned_away(response: http.Response) -> str:
    """What is said of a request that was not let in."""
    reason = error_of_json(response.content or b"").reason
    return f"{Outcome.REFUSED}: {reason or response.status_code}"


class FlowNotes:
    """Writes comment and marker once a flow has ended; what a person has written there stays."""

    def __init__(self, exchanges: Exchanges, pool: Pool) -> None:
        self.exchanges = exchanges
        self.pool = pool

    def load(self, loader: object) -> None:
        """Have the comments in the list, unless a person chose its columns."""
        if "web_columns" in ctx.options and not ctx.options.has_changed("web_columns"):
            ctx.options.update(web_columns=COLUMNS)

    def response(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def end(self, flow: http.HTTPFlow) -> None:
        """Note how it ended."""
        exchange = self.exchanges.get(flow)
        if exchange is None:
            if flow.response:
                self.note(flow, turned_away(flow.response), Outcome.REFUSED)
        elif exchange.result and exchange.route not in OWN_PAGES:
            flow.metadata[ID] = exchange.id
            self.note(flow, self.comment(exchange), exchange.result.outcome)

    def comment(self, exchange: Exchange) -> str:
        return comment_of(exchange, self.pool.accounts)

    def note(self, flow: http.HTTPFlow, comment: str, outcome: Outcome) -> None:
        flow.comment = flow.comment or comment
        flow.marked = flow.marked or marker_of(outcome)
