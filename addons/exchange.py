"""The record of one request on its way through the chain: beside each field stands who writes it.

An Exchange is made by Gate when a request is let in and ends in the ledger. It never enters the flow, so nothing
of it is shown or saved with the flow.
"""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from mitmproxy import http

from addons.wire.asks import Ask
from addons.wire.cache_losses import CacheCount, Turn
from addons.wire.failures import Diagnosis
from addons.wire.origins import Origin
from addons.wire.peers import Source
from addons.wire.routes import Route
from addons.wire.sse import Tap
from addons.wire.unary import Body
from codexlb_store.budgets import Reservation
from codexlb_store.credentials import Credential
from codexlb_store.keys import Key
from codexlb_store.ledger import AttemptRow, Closing, Outcome, Tokens
from codexlb_store.model_lists import KeptList
from codexlb_store.selection import Candidate, Choice


class NextStep(enum.StrEnum):
    """What follows a failed attempt."""

    REFRESH = "refresh"  # the same account once more, with a fresh token
    SAME = "same"  # the same account once more
    OTHER = "other"  # another account
    GIVE_UP = "give_up"  # the client gets the upstream's own answer


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks: the address it asks from, and its client key, if it showed one, with the digest of what it showed."""

    address: str
    key: Key | None
    digest: str | None = field(default=None, repr=False)

    @property
    def key_id(self) -> str | None:
        """The key's id, as the ledger keeps it."""
        return self.key.id if self.key else None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks for a page of the proxy's own, and how; `session` is what its browser keeps of a login."""

    source: Source
    is_here: bool
    is_https: bool
    is_browser: bool
    session: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Affinity:
    """The session a request belongs to, the account that holds its cache, and the one that served it last, however
    long ago; each may be unknown."""

    session: str | None
    home: str | None
    last: str | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The account picked for this request, and why: every candidate with its weight."""

    account_id: str
    choice: Choice


@dataclass(frozen=True, slots=True)
class Deliberation:
    """The choice for one attempt: who was free to be chosen and with which weights, and who was not and why."""

    number: int
    chosen_at: float
    account_id: str | None
    reason: str
    free: tuple[Candidate, ...]
    weights: tuple[tuple[str, float], ...]
    hindered: tuple[tuple[str, str], ...]


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
    id: str = field(default_factory=lambda: f"{random.getrandbits(128):032x}")
    client: Client | None = None  # ClientKeys; anew once the body is there
    visitor: Visitor | None = None  # ClientKeys, for the pages of the proxy's own
    cookie: bytes | None = field(default=None, repr=False)  # Dashboard: the HTTP core puts it on at the wire
    ask: Ask | None = None  # Body; KeyRules writes what the key makes of it, Lineage a session that it does not name
    permitted: bool | None = None  # KeyRules: the key may ask for it
    reservation: Reservation | None = None  # Limits
    file_home: str | None = None  # FilePins: the account with the file that the request names
    affinity: Affinity | None = None  # Sticky
    lease: Lease | None = None  # Balancer
    deliberations: list[Deliberation] = field(default_factory=list)  # Balancer; Ledger takes out what it wrote down
    last_turn: Turn | None = None  # CacheLedger: the one before in the conversation, if it was counted
    credential: Credential | None = None  # Credentials; Upstream takes away one that may be sent nowhere
    credential_problem: str | None = None  # likewise: why there is none
    next_step: NextStep | None = None  # Verdict, after a failed attempt; Balancer when no account is left
    tried: set[str] = field(default_factory=set)  # Verdict: accounts that failed in this request, or cannot be reached
    diagnoses: list[tuple[str, Diagnosis]] = field(default_factory=list)  # Verdict: account and what was wrong
    attempts: list[AttemptRow] = field(default_factory=list)  # Verdict: the failed ones
    stripped: bool = False  # Verdict: foreign reasoning was taken out
    judged: bool = False  # Verdict: the account was marked for how it ended
    upstream: Origin | None = None  # Upstream, anew for each attempt
    foreign_turn_state: bool = False  # Upstream: the turn began on another account
    recorded: bool | None = None  # Ledger: the row is opened
    head_seen: bool = False  # Clearance: no step failed on the head
    cleared: bool = False  # Clearance: it may leave
    sent_at: float | None = None  # the HTTP core: the request head went to the wire
    is_unfiltered: bool = False  # ModelList: its answer must not pass as it comes
    kept: KeptList | None = None  # ModelList: what the client gets where the upstream gives no list, if any is kept
    in_the_air: bool = False  # the HTTP core: an attempt runs; Verdict: it has failed
    answer: Answer | None = None  # Meter, at the head of the upstream's answer
    result: Result | None = None  # Meter, at the end
    cache: CacheCount | None = None  # CacheLedger, at the end
    closed: bool = False  # Ledger: the row is closed
    closing: Closing | None = None  # Ledger: what the row was closed with
    counted: bool = False  # Metrics


Exchanges = WeakKeyDictionary[http.HTTPFlow, Exchange]
"""The open exchanges by flow; an entry goes when its flow does."""
