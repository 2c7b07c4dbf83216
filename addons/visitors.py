"""Who asks for one of the proxy's own pages: the flow and where it comes from go in, a Visitor and what it is told come
out."""

from __future__ import annotations

from collections.abc import Sequence

from mitmproxy import http

from addons.browser_sessions import BrowserSessions
from addons.exchange import Visitor
from addons.wire import page_answers
from addons.wire.answers import Answer
from addons.wire.page_access import Access, Visit, access, is_here
from addons.wire.peers import Network, Source, is_in
from addons.wire.routes import Route


def visitor_of(flow: http.HTTPFlow, source: Source, trusted: Sequence[Network], session: str | None) -> Visitor:
    """What is known of who asks; `session` is what its browser showed."""
    headers = flow.request.headers
    peer = flow.client_conn.peername[0] if flow.client_conn.peername else ""
    names = frozenset(name.lower() for name, _ in headers.fields)
    return Visitor(
        source=source,
        is_here=is_here(source, peer, names, trusted, flow.request.http_version),
        is_https=flow.client_conn.tls_established
        or (is_in(peer, trusted) and headers.get("x-forwarded-proto", "").lower() == "https"),
        is_browser="text/html" in headers.get("accept", ""),
        session=session,
    )


def verdict(route: Route, visitor: Visitor, has_key: bool, sessions: BrowserSessions, now: float) -> Access:
    """Whether a visitor may see a page at `now` (unix seconds)."""
    is_logged_in = sessions.is_open(visitor.session, now)
    return access(route, Visit(visitor.is_here, has_key, is_logged_in, sessions.password is not None))


def turned_away(visitor: Visitor, access: Access) -> Answer:
    """What somebody is told who does not see the dashboard; a person is shown where to log in."""
    if access is Access.HERE_ONLY:
        return page_answers.here_only()
    return page_answers.redirection(page_answers.LOGIN_PATH) if visitor.is_browser else page_answers.login_needed()
