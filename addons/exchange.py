"""The record of one request on its way through the chain: each field has one writer.

An Exchange is made by Gate when a request is let in and ends in the ledger. It never enters the flow, so nothing
of it is shown or saved with the flow.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from mitmproxy import http

from addons.wire.asks import Ask
from addons.wire.origins import Origin
from addons.wire.routes import Route
from addons.wire.sse import Tap
from addons.wire.unary import Body
from codexlb_store.accounts import Credential
from codexlb_store.ledger import Outcome, Tokens
from codexlb_store.selection import Choice


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks: the peer's address, and the client key once keys exist."""

    address: str
    key_id: str | None


@dataclass(frozen=True, slots=True)
class Affinity:
    """The session a request belongs to and the account that holds its cache; either may be unknown."""

    session: str | None
    home: str | None


@dataclass(frozen=True, slots=True)
class Lease:
    """The account picked for this request, and why."""

    account_id: str
    choice: Choice | None
    """None when the session's home was taken without asking the selector."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the upstream answers, read while it streams by."""

    status: int
    upstream_request_id: str | None
    started_at: float
    tap: Tap | Body


@dataclass(frozen=True, slots=True)
class Result:
    """How the request ended and what it used; None is unknown, never 0."""

    outcome: Outcome
    status: int | None
    tokens: Tokens
    model: str | None
    tier: str | None
    response_id: str | None
    error: str | None
    first_output_at: float | None


@dataclass(slots=True, weakref_slot=True, eq=False)
class Exchange:
    """What is known of one request; times are unix seconds."""

    route: Route
    opened_at: float
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    client: Client | None = None  # ClientKeys
    ask: Ask | None = None  # Body
    affinity: Affinity | None = None  # Sticky
    lease: Lease | None = None  # Balancer
    credential: Credential | None = None  # Credentials
    upstream: Origin | None = None  # Upstream
    recorded: bool | None = None  # Ledger: the row is opened
    head_seen: bool = False  # Clearance: no step failed on the head
    cleared: bool = False  # Clearance: it may leave
    sent_at: float | None = None  # the HTTP core: the request head went to the wire
    answer: Answer | None = None  # Meter, at the head of the upstream's answer
    result: Result | None = None  # Meter, at the end
    closed: bool = False  # Ledger: the row is closed


Exchanges = WeakKeyDictionary[http.HTTPFlow, Exchange]
"""The open exchanges by flow; an entry goes when its flow does."""
