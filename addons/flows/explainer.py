"""Finds what is known of a flow's exchange, in memory and in the store, and puts it into words."""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing

from mitmproxy import flow as flows
from mitmproxy import http

from addons.deliberations import row_of
from addons.exchange import Exchange
from addons.flows.explaining import explained
from addons.flows.notes import ID
from addons.shared import Shared
from codexlb_store.choices import ChoiceRow, load_choices
from codexlb_store.read_only import open_read_only


class Explainer:
    """Answers a person, who may wait for the disk: it takes a millisecond."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared

    def id_of(self, flow: flows.Flow | None) -> str | None:
        """The id of a flow's exchange, also of one that was read from a file or still runs."""
        exchange = self.shared.exchanges.get(flow) if isinstance(flow, http.HTTPFlow) else None
        found = exchange.id if exchange else flow.metadata.get(ID) if flow else None
        return found if isinstance(found, str) else None

    def explain(self, exchange_id: str) -> str:
        """Which account it went to and why, who else was considered, and which attempts failed."""
        exchange = next((one for one in self.shared.exchanges.values() if one.id == exchange_id), None)
        choices = self.choices(exchange_id, exchange)
        return explained(exchange_id, exchange, choices, self.shared.pool.accounts)

    def choices(self, exchange_id: str, exchange: Exchange | None) -> list[ChoiceRow]:
        """What the store has, and what is not written down yet."""
        found: list[ChoiceRow] = []
        with contextlib.suppress(sqlite3.Error), closing(open_read_only(self.shared.home)) as db:
            found = load_choices(db, exchange_id)
        fresh = [row_of(exchange_id, one) for one in exchange.deliberations] if exchange else []
        known = {row.number for row in found}
        return found + [row for row in fresh if row.number not in known]
