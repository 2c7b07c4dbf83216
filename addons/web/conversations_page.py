"""Conversations: the threads of late go in, a row for each comes out, with where its requests are."""

from __future__ import annotations

from dataclasses import dataclass

from addons.web.labels import load_labels
from addons.web.links import Link, requests_link
from addons.web.page import Page, Part, Reading
from codexlb_store.conversations import Conversation, conversations
from codexlb_store.quantity import DAY
from codexlb_store.usage import Filters

MOST_ROWS = 50

SINCE_SECONDS = 30 * DAY
"""Older ones are in the report."""


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation, and where its requests are."""

    found: Conversation
    accounts: tuple[str, ...]
    link: Link


def conversations_page(reading: Reading) -> Page:
    """The newest ones, the one with the newest request first."""
    labels = load_labels(reading.db)
    filters = Filters(since=reading.now - SINCE_SECONDS)
    found = reading.figure("conversations", lambda: conversations(reading.db, filters, MOST_ROWS))
    rows = [Row(one, tuple(map(labels.account, one.accounts)), requests_link({"thread": one.thread})) for one in found]
    values = {"rows": rows, "now": reading.now, "days": SINCE_SECONDS // DAY, "most": MOST_ROWS}
    return Page("Conversations", (Part("conversations", "conversations.html", values),))
