"""Who may see which of the proxy's own pages: what is known of a visitor goes in, a verdict comes out."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Collection, Sequence

from addons.wire.peers import Network, Source, is_in
from addons.wire.routes import Route

FORWARDED_FOR = b"x-forwarded-for"

SAID_BY_PROXIES = frozenset(
    {
        *(b"forwarded", b"via", b"cdn-loop", b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip"),
        *(b"true-client-ip", b"cf-connecting-ip", b"fastly-client-ip", b"x-azure-clientip"),
    }
)
"""So does whatever begins like the next."""

BEGINNINGS = (b"x-forwarded-", b"x-original-", b"x-envoy-")

OF_PROXIES = "HTTP/1.0"
"""What nginx speaks to those behind it unless it is told otherwise, and then it names nobody; no browser does."""


class Access(enum.Enum):
    """What a visitor of a page is told."""

    ALLOWED = enum.auto()
    NEEDS_KEY = enum.auto()
    """For this machine, for who shows a client key, and for who is logged in."""
    NEEDS_LOGIN = enum.auto()
    HERE_ONLY = enum.auto()
    """No password is set, so nobody elsewhere can log in."""


@dataclasses.dataclass(frozen=True, slots=True)
class Visit:
    """What is known of a visitor, and whether the dashboard has a password."""

    is_here: bool
    has_key: bool
    is_logged_in: bool
    has_password: bool


def access(route: Route, visit: Visit) -> Access:
    """The verdict for one of the proxy's own pages; raises ValueError for another route."""
    match route:
        case Route.HEALTH | Route.ASSET | Route.LOGIN | Route.LOGOUT:
            return Access.ALLOWED  # nothing of the accounts is in it
        case Route.READY | Route.METRICS:
            is_allowed = visit.is_here or visit.has_key or visit.is_logged_in
            return Access.ALLOWED if is_allowed else Access.NEEDS_KEY
        case Route.DASHBOARD | Route.API:  # a key's holder may not see other keys
            if visit.is_logged_in:
                return Access.ALLOWED
            if visit.has_password:
                return Access.NEEDS_LOGIN
            return Access.ALLOWED if visit.is_here else Access.HERE_ONLY
        case _:
            raise ValueError(f"{route} is no page with rules of its own.")


def is_here(source: Source, peer: str, names: Collection[bytes], trusted: Sequence[Network], version: str) -> bool:
    """Whether a visitor is on this machine; `names` are those of the request's headers, in lower case, `version` is
    that of its HTTP.

    Without a key nobody is asked anything, so who comes through a proxy that is not trusted counts as from elsewhere,
    although that proxy is here.
    """
    if not any(name in SAID_BY_PROXIES or name.startswith(BEGINNINGS) for name in names):
        return source.is_local and version != OF_PROXIES
    return source.is_local and is_in(peer, trusted) and FORWARDED_FOR in names


def is_same_origin(host: str, origin: str | None, fetch_site: str | None) -> bool:
    """Whether a browser says that a form was sent by a page of this very host and port; who says nothing is none."""
    if fetch_site is not None and fetch_site != "same-origin":
        return False
    if origin is not None:
        return bool(host) and origin.partition("://")[2].lower() == host.lower()
    return fetch_site is not None


def cookie_of(values: Sequence[str], name: str) -> str | None:
    """The value of a cookie in the values of the Cookie header; None when it is not there."""
    pairs = (pair.strip().partition("=") for value in values for pair in value.split(";"))
    return next((value for found, _, value in pairs if found == name), None)
