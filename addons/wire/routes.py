"""Which request is this: method and request target in, a Route or the Refusal it deserves out."""

from __future__ import annotations

import dataclasses
import enum
import ipaddress
import re
import urllib.parse

_TREE = "/backend-api/codex/"

MOST_TARGET_BYTES = 8 * 1024
"""Codex's own targets are shorter than a hundred bytes."""

# Controls, spaces, NUL and halves of characters never stand in an honest request target.
_UNCLEAN = re.compile(r"[^\x21-\x7e]")

# Looked for after one percent-decoding. A `%` left then is a second encoding: the next decoder on the way
# would see a path that nobody checked here.
_TRICK = re.compile(r"[\x00-\x1f\x7f\\%]|//|/\.{1,2}(?:[/;]|$)")

# A Host header: a name or a bracketed IPv6 address, perhaps the dot of a full name, perhaps a port.
_HOST = re.compile(r"(\[.+\]|[^:\[\]]+?)\.?(?::[0-9]*)?")


class Route(enum.Enum):
    """The kinds of request Codex-LB knows."""

    RESPONSES = "responses"
    COMPACT = "compact"
    MODELS = "models"
    SEARCH = "search"
    IMAGES = "images"
    OTHER = "other"
    HEALTH = "health"
    READY = "ready"
    METRICS = "metrics"
    USAGE = "usage"
    API = "api"
    DASHBOARD = "dashboard"
    ASSET = "asset"
    LOGIN = "login"
    LOGOUT = "logout"


OWN_PAGES = frozenset(
    {
        *(Route.HEALTH, Route.READY, Route.METRICS, Route.USAGE, Route.API),
        *(Route.DASHBOARD, Route.ASSET, Route.LOGIN, Route.LOGOUT),
    }
)
"""What the proxy answers by itself, without an account: nothing of it is an exchange."""


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not served: HTTP status, error code, one sentence, and the methods a 405 allows."""

    status: int
    code: str
    message: str
    allow: tuple[str, ...] = ()


_READ = ("GET", "HEAD")

_KNOWN: dict[str, tuple[Route, tuple[str, ...]]] = {
    _TREE + "responses": (Route.RESPONSES, ("POST",)),
    _TREE + "responses/compact": (Route.COMPACT, ("POST",)),
    _TREE + "models": (Route.MODELS, ("GET",)),
    _TREE + "alpha/search": (Route.SEARCH, ("POST",)),
    _TREE + "images/generations": (Route.IMAGES, ("POST",)),
    _TREE + "images/edits": (Route.IMAGES, ("POST",)),
    "/v1/usage": (Route.USAGE, ("GET",)),
    "/dashboard/login": (Route.LOGIN, (*_READ, "POST")),
    "/dashboard/logout": (Route.LOGOUT, ("POST",)),
}

_PAGES = {
    Route.HEALTH: ("/health",),
    Route.READY: ("/health/ready",),
    Route.METRICS: ("/metrics",),
    Route.DASHBOARD: (
        *("/dashboard", "/dashboard/live", "/dashboard/requests", "/dashboard/keys", "/dashboard/conversations"),
    ),
    Route.API: (
        *("/api/v1/accounts", "/api/v1/usage", "/api/v1/requests", "/api/v1/keys", "/api/v1/conversations"),
        "/api/v1/anomalies",
    ),
}
_KNOWN |= {path: (route, _READ) for route, paths in _PAGES.items() for path in paths}

# Pages with a name of their own behind the last slash: one request by the beginning of its id, a file.
_NAMED = (
    (Route.DASHBOARD, re.compile(r"/dashboard/requests/[0-9a-f]{4,32}")),
    (Route.API, re.compile(r"/api/v1/requests/[0-9a-f]{4,32}")),
    (Route.ASSET, re.compile(r"/dashboard/assets/[a-z0-9][a-z0-9._-]{0,63}")),
)

_ENDS_A_NAME = re.compile(r"[;?#]")
"""What some servers cut a path off at."""

_ORDINARY = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""What the other paths of the tree are asked with; what a tunnel, a trace or a browser's preflight wants is not."""


def route(method: str, path: str, upgrade: bool) -> Route | Refusal:
    """Name the route of a request: its method, its raw request target, and whether it asks for an Upgrade."""
    if len(path) > MOST_TARGET_BYTES:
        return Refusal(414, "uri_too_long", f"The URL is longer than {MOST_TARGET_BYTES // 1024} KiB.")
    if flaw := _flaw(path):
        return Refusal(400, "invalid_path", f"This request target is refused: {flaw}.")
    # Decoded, because the upstream decodes too: `/%72esponses` must not pass as an unknown path.
    decoded = path_of(path)
    if upgrade and method == "GET" and decoded.startswith(_TREE):
        message = "WebSockets are not supported here; send the same request as an HTTP POST."
        return Refusal(426, "websocket_not_supported", message)
    if known := _known(decoded):
        found, allowed = known
        return found if method in allowed else _wrong_method(*allowed)
    if not decoded.startswith(_TREE) or decoded == _TREE:
        return Refusal(404, "not_found", f"Nothing is served here; Codex requests go below {_TREE}.")
    if (meant := _as_a_lax_server_reads(decoded)) in _KNOWN:
        return Refusal(404, "not_found", f"Nothing is served here; the path is spelled {meant}.")
    return Route.OTHER if method in _ORDINARY else _wrong_method(*_ORDINARY)


def known_host(host_header: str | None, own_names: frozenset[str] = frozenset()) -> bool:
    """Tell whether a Host header names us: an IP address, localhost, or one of `own_names` (lower case).

    A web page can point its domain at 127.0.0.1 (DNS rebinding) but cannot make a browser send another host.
    """
    match = _HOST.fullmatch((host_header or "").lower())
    if match is None:
        return False
    name: str = match[1]
    return _is_address(name) or name == "localhost" or name.endswith(".localhost") or name in own_names


def _flaw(path: str) -> str | None:
    if not path.startswith("/"):
        return "it must be a path that starts with a slash"
    if _UNCLEAN.search(path):
        return "it holds a control, space or non-ASCII character"
    if "#" in path:
        return "it holds a fragment"
    if _TRICK.search(path_of(path)):
        return "its path holds a dot or empty segment, a backslash, a control character or a double encoding"
    return None


def path_of(target: str) -> str:
    """The path of a request target as it is routed: without parameters, and decoded once."""
    # Latin-1 maps each byte to one character, so no decoding error can hide one.
    return urllib.parse.unquote(target.partition("?")[0], "latin-1")


def _known(decoded: str) -> tuple[Route, tuple[str, ...]] | None:
    """The route of a path that is ours to know, with its methods."""
    if decoded in _KNOWN or decoded.startswith(_TREE):
        return _KNOWN.get(decoded)
    return next(((route, _READ) for route, pattern in _NAMED if pattern.fullmatch(decoded)), None)


def _as_a_lax_server_reads(decoded: str) -> str:
    """The path without what some servers overlook: what is one of ours to them must not be an unknown one here, where
    neither a key's rules nor its limits are held against it."""
    return _ENDS_A_NAME.split(decoded, 1)[0].rstrip("/. ").lower()


def _wrong_method(*allowed: str) -> Refusal:
    return Refusal(405, "method_not_allowed", "This method is not allowed here.", allowed)


def _is_address(name: str) -> bool:
    try:
        return bool(ipaddress.IPv6Address(name[1:-1]) if name.startswith("[") else ipaddress.IPv4Address(name))
    except ValueError:
        return False
