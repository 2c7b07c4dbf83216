"""Which request is this: method and request target in, a Route or the Refusal it deserves out."""

from __future__ import annotations

import dataclasses
import enum
import ipaddress
import re

from addons.wire.targets import MOST_TARGET_BYTES, TREE, as_a_lax_server_reads, flaw_of, path_of, reads_as_versioned

# A Host header: a name or a bracketed IPv6 address, perhaps the dot of a full name, perhaps a port.
_HOST = re.compile(r"(\[.+\]|[^:\[\]]+?)\.?(?::[0-9]*)?")


class Route(enum.StrEnum):
    """The kinds of request Codex-LB knows."""

    RESPONSES = "responses"
    COMPACT = "compact"
    MODELS = "models"
    SEARCH = "search"
    IMAGES = "images"
    MEMORIES = "memories"
    SAFETY = "safety"
    ANALYTICS = "analytics"
    FILES = "files"
    TRANSCRIBE = "transcribe"
    REALTIME = "realtime"
    GOALS = "goals"
    IDENTITIES = "identities"
    OTHER = "other"
    HEALTH = "health"
    READY = "ready"
    METRICS = "metrics"
    USAGE = "usage"
    POOL_USAGE = "pool_usage"
    API = "api"
    DASHBOARD = "dashboard"
    ASSET = "asset"
    LOGIN = "login"
    LOGOUT = "logout"


OWN_PAGES = frozenset(
    {
        *(Route.HEALTH, Route.READY, Route.METRICS, Route.USAGE, Route.POOL_USAGE, Route.API),
        *(Route.DASHBOARD, Route.ASSET, Route.LOGIN, Route.LOGOUT),
    }
)
"""What the proxy answers by itself, without an account: nothing of it is an exchange."""

JUDGED_AS_CODEX = frozenset({Route.USAGE, Route.POOL_USAGE})
"""Of these the pages that whoever may send turns may read, by the same rules."""


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not served: HTTP status, error code, one sentence, and the methods a 405 allows."""

    status: int
    code: str
    message: str
    allow: tuple[str, ...] = ()


_READ = ("GET", "HEAD")

_POST = ("POST",)

_ORDINARY = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""What the other paths of the tree are asked with; what a tunnel, a trace or a browser's preflight wants is not."""

_FILES = "/backend-api/files"
"""Where a Codex sends its files whose chatgpt_base_url is this proxy's; others send them below the tree."""

_POOL_USAGE = ("/backend-api/wham/usage", "/api/codex/usage", TREE + "usage", TREE + "wham/usage")
"""Where the second is asked for, chatgpt_base_url has no /backend-api in it; where the last is, it is the same as
base_url. At the third the upstream tells the same as at the first: whose account it is, with name and address."""

_KNOWN: dict[str, tuple[Route, tuple[str, ...]]] = {
    TREE + "responses": (Route.RESPONSES, _POST),
    TREE + "responses/compact": (Route.COMPACT, _POST),
    TREE + "models": (Route.MODELS, ("GET",)),
    TREE + "alpha/search": (Route.SEARCH, _POST),
    TREE + "images/generations": (Route.IMAGES, _POST),
    TREE + "images/edits": (Route.IMAGES, _POST),
    TREE + "analytics-events/events": (Route.ANALYTICS, _POST),
    TREE + "files": (Route.FILES, _POST),
    TREE + "transcribe": (Route.TRANSCRIBE, _POST),
    TREE + "realtime/calls": (Route.REALTIME, _POST),
    **{TREE + f"thread/goal/{verb}": (Route.GOALS, ("GET", "POST")) for verb in ("get", "set", "clear")},
    TREE + "agent-identities/jwks": (Route.IDENTITIES, _READ),
    _FILES: (Route.FILES, _POST),
    "/v1/usage": (Route.USAGE, ("GET",)),
    **dict.fromkeys(_POOL_USAGE, (Route.POOL_USAGE, ("GET",))),
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

# Paths that hold a name: one request by the beginning of its id, a file of ours, an uploaded one; what is below a word.
_NAMED = (
    (Route.DASHBOARD, _READ, re.compile(r"/dashboard/requests/[0-9a-f]{4,32}")),
    (Route.API, _READ, re.compile(r"/api/v1/requests/[0-9a-f]{4,32}")),
    (Route.ASSET, _READ, re.compile(r"/dashboard/assets/[a-z0-9][a-z0-9._-]{0,63}")),
    (Route.FILES, _POST, re.compile(r"/backend-api/(?:codex/)?files/[A-Za-z0-9_-]{1,128}/uploaded")),
    (Route.MEMORIES, _ORDINARY, re.compile(rf"{TREE}memories/.+", re.DOTALL)),
    (Route.SAFETY, _ORDINARY, re.compile(rf"{TREE}safety/.+", re.DOTALL)),
)

_OF_ONE_ACCOUNT = re.compile(
    rf"{TREE}(?:wham|rate-limit-reset-credits|accounts|settings|profiles|workspace-messages|tasks|environments|config)"
    r"(?:/.*)?",
    re.DOTALL,
)
"""Below `wham` the upstream keeps what belongs to a person: saved resets to be spent, settings, tasks. It has known one
of these names directly below the tree, too."""

_NOT_BELOW_THE_TREE = (
    f"Nothing is served at this path: set base_url to this proxy's address followed by {TREE[:-1]}, and leave "
    "chatgpt_base_url as it is."
)


def route(method: str, path: str, upgrade: bool) -> Route | Refusal:
    """Name the route of a request: its method, its raw request target (see `without_version`), and whether it asks for
    an Upgrade."""
    if len(path) > MOST_TARGET_BYTES:
        return Refusal(414, "uri_too_long", f"The URL is longer than {MOST_TARGET_BYTES // 1024} KiB.")
    if flaw := flaw_of(path):
        return Refusal(400, "invalid_path", f"This request target is refused: {flaw}.")
    # Decoded, because the upstream decodes too: `/%72esponses` must not pass as an unknown path.
    decoded = path_of(path)
    if upgrade and method == "GET" and decoded.startswith(TREE):
        message = "WebSockets are not supported here; send the same request as an HTTP POST."
        return Refusal(426, "websocket_not_supported", message)
    if reads_as_versioned(decoded):
        return Refusal(404, "not_found", f"Nothing is served here; the path goes on behind {TREE} or {TREE}v1/, once.")
    if known := _known(decoded):
        found, allowed = known
        return found if method in allowed else _wrong_method(*allowed)
    return _unknown(method, decoded)


def _unknown(method: str, decoded: str) -> Route | Refusal:
    """What becomes of a path that is none of those that are known."""
    if not decoded.startswith(TREE) or decoded == TREE:
        return Refusal(404, "not_found", _NOT_BELOW_THE_TREE)
    meant = as_a_lax_server_reads(decoded)
    if _OF_ONE_ACCOUNT.fullmatch(meant):
        return Refusal(403, "of_one_account", "This belongs to a single account, and clients of a pool may not use it.")
    if _known(meant):
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


def _known(decoded: str) -> tuple[Route, tuple[str, ...]] | None:
    """The route of a path that is ours to know, with its methods."""
    if known := _KNOWN.get(decoded):
        return known
    return next(((route, methods) for route, methods, pattern in _NAMED if pattern.fullmatch(decoded)), None)


def _wrong_method(*allowed: str) -> Refusal:
    return Refusal(405, "method_not_allowed", "This method is not allowed here.", allowed)


def _is_address(name: str) -> bool:
    try:
        return bool(ipaddress.IPv6Address(name[1:-1]) if name.startswith("[") else ipaddress.IPv4Address(name))
    except ValueError:
        return False
