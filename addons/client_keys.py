"""The second step: who may ask. As soon as a client key exists, whoever shows a good one; before, this machine alone.

Whatever credential the client sent is taken off the flow here: it is shown nowhere and never goes upstream.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from functools import partial

from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader

from addons.browser_sessions import COOKIE, BrowserSessions
from addons.exchange import Client, Exchange, Exchanges, Visitor
from addons.failed_tries import FailedTries
from addons.own_options import chosen, declare
from addons.present_key import present_key
from addons.replies import reply
from addons.settings.access import ALLOW, AUTH, TRUSTED_PROXIES, Auth
from addons.shown import bearer_of, without_credentials
from addons.upkeep.round_trip import hand_over
from addons.visitors import turned_away, verdict, visitor_of
from addons.wire import denials
from addons.wire.answers import Answer
from addons.wire.denials import Denial
from addons.wire.headers import values_of
from addons.wire.page_access import Access, cookie_of
from addons.wire.peers import Network, Source, is_in, is_loopback, source_of
from addons.wire.routes import JUDGED_AS_CODEX, OWN_PAGES, Route
from codexlb_store.key_changes import KEY_START, note_use
from codexlb_store.keyring import KeyProblem, Keyring
from codexlb_store.keys import Key, digest_of
from codexlb_store.writer import Writer

NOTE_USE_SECONDS = 60.0
"""When a key was last used is kept to the minute."""

logger = logging.getLogger(__name__)


PROBLEMS = {problem: Denial[problem.name] for problem in KeyProblem}


def remembered(client: Client, shown: str) -> Client:
    """The client with what its key is found by, for another look at it."""
    plain = bearer_of(shown)
    known = client.key is not None and isinstance(plain, str)
    return dataclasses.replace(client, digest=digest_of(str(plain))) if known else client


class ClientKeys:
    """Names the client or answers 401; a good key is let in, however often others failed from the same address."""

    def __init__(self, exchanges: Exchanges, keyring: Keyring, sessions: BrowserSessions, writer: Writer) -> None:
        self.exchanges = exchanges
        self.keyring = keyring
        self.sessions = sessions
        self.writer = writer
        self.auth = Auth.AUTO
        self.trusted: tuple[Network, ...] = ()
        self.allowed: tuple[Network, ...] = ()
        self.has_certificate = False
        self.failed = FailedTries()
        self.noted: dict[str, float] = {}

    def load(self, loader: Loader) -> None:
        declare(loader, AUTH, TRUSTED_PROXIES, ALLOW)

    def configure(self, updated: set[str]) -> None:
        if "codexlb_auth" in updated:
            self.auth = chosen(AUTH)
        if "codexlb_trusted_proxies" in updated:
            self.trusted = chosen(TRUSTED_PROXIES)
        if "codexlb_allow" in updated:
            self.allowed = chosen(ALLOW)
        self.has_certificate = bool(ctx.options.certs)

    def running(self) -> None:
        if self.auth is Auth.REQUIRED and not self.keyring.has_keys:
            logger.warning("There is no client key yet, so nobody is served. Make one with: codexlb keys create NAME")

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Name the client, or turn it away; its credential goes in either case."""
        fields = flow.request.headers.fields
        shown = ", ".join(values_of(fields, b"authorization"))
        flow.request.headers.fields = without_credentials(fields)
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None:
            return
        if exchange.route in OWN_PAGES:
            session = cookie_of(values_of(fields, b"cookie"), COOKIE)
            exchange.visitor = visitor_of(flow, self.source(flow), self.trusted, session)
        now = time.time()
        judged = self.judge(exchange, flow, shown, now)
        if isinstance(judged, Client):
            exchange.client = remembered(judged, shown)
            self.note(judged, now)
        else:
            flow.response = reply(judged)

    def request(self, flow: http.HTTPFlow) -> None:
        """Look again once the body is there, which may have taken minutes: what the key allows now counts."""
        exchange = self.exchanges.get(flow)
        if flow.response or exchange is None or exchange.client is None:
            return
        client = exchange.client
        found = present_key(self.keyring, client, time.time())
        if found is None and exchange.route not in OWN_PAGES and self.is_asked_of_this_machine(Denial.NO_KEY):
            found = Denial.NO_KEY  # the first key was made meanwhile
        if isinstance(found, Denial):
            flow.response = reply(denials.unauthorized(found))
        else:
            exchange.client = dataclasses.replace(client, key=found)

    def judge(self, exchange: Exchange, flow: http.HTTPFlow, shown: str, now: float) -> Client | Answer:
        """Who asks, or what it is told instead."""
        peer = flow.client_conn.peername[0] if flow.client_conn.peername else ""
        if exchange.route is Route.HEALTH:
            return Client(peer, None)  # it tells nothing, and who watches over proxies has no key
        if self.has_certificate and not flow.client_conn.tls_established and not is_loopback(peer):
            return denials.needs_tls()
        source = self.source(flow)
        if self.allowed and not is_in(source.address, self.allowed):
            return denials.wrong_address(source.address)
        if exchange.visitor and exchange.route not in JUDGED_AS_CODEX:
            return self.receive(exchange.route, exchange.visitor, shown, now)
        found = self.key_of(source, shown, now)
        if isinstance(found, Denial):
            return self.deny(found, source.household, now)
        return Client(source.address, found)

    def receive(self, route: Route, visitor: Visitor, shown: str, now: float) -> Client | Answer:
        """Who asks for a page of ours, each of which has rules of its own; or what it is told instead."""
        plain = bearer_of(shown)
        found = self.keyring.authenticate(plain, now) if isinstance(plain, str) else None
        key = found if isinstance(found, Key) else None
        access = verdict(route, visitor, key is not None, self.sessions, now)
        if access is Access.ALLOWED:
            return Client(visitor.source.address, key)
        if access is not Access.NEEDS_KEY:
            return turned_away(visitor, access)
        denial = PROBLEMS[found] if isinstance(found, KeyProblem) else Denial.NO_KEY_FOR_PAGE
        return self.deny(denial, visitor.source.household, now)

    def source(self, flow: http.HTTPFlow) -> Source:
        """Where a request comes from."""
        peer = flow.client_conn.peername[0] if flow.client_conn.peername else ""
        forwarded = values_of(flow.request.headers.fields, b"x-forwarded-for") if self.trusted else []
        return source_of(peer, forwarded, self.trusted)

    def key_of(self, source: Source, shown: str, now: float) -> Key | Denial | None:
        """The key of whoever asks; None for one who needs none."""
        plain = bearer_of(shown)
        if source.is_local and not self.is_asked_of_this_machine(plain):
            return None
        if not source.is_local and not self.keyring.has_keys:
            return Denial.NO_KEYS_YET
        if isinstance(plain, Denial):
            return plain
        found = self.keyring.authenticate(plain, now)
        return found if isinstance(found, Key) else PROBLEMS[found]

    def is_asked_of_this_machine(self, plain: str | Denial) -> bool:
        """Whether a client on this machine is judged by its key."""
        match self.auth:
            case Auth.AUTO:
                return self.keyring.has_keys
            case Auth.REQUIRED:
                return True
            case Auth.LOCAL:  # one of ours counts if it is shown; what else Codex may send is not ours to judge
                return self.keyring.has_keys and isinstance(plain, str) and plain.startswith(KEY_START)

    def deny(self, denial: Denial, household: str, now: float) -> Answer:
        """401, until there were too many of them."""
        wait_seconds = self.failed.add(household, now)
        return denials.unauthorized(denial) if wait_seconds is None else denials.too_many_failures(wait_seconds)

    def note(self, client: Client, now: float) -> None:
        """Have it written down that a key is in use."""
        key = client.key
        if key and now - self.noted.get(key.id, 0.0) >= NOTE_USE_SECONDS:
            self.noted[key.id] = now
            hand_over(self.writer, partial(note_use, key_id=key.id, now=now))
