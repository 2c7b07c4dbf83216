"""What each route that goes upstream is held to: a Route in; its name in the ledger, its largest body, what may follow
when an account fails it, and what it leaves behind there out."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from addons.wire.decoding import MEBIBYTE, MOST_BODY_BYTES, size_text
from addons.wire.failures import Break, Failure
from addons.wire.routes import Refusal, Route

HISTORY_BYTES = MOST_BODY_BYTES
"""A history of a hundred screenshots, pictures as data URLs, a file: as it comes, and once it is decompressed."""

GENERAL_BYTES = 32 * MEBIBYTE
"""A question with all that is needed to answer it, and what nobody has described yet."""

SMALL_BYTES = 4 * MEBIBYTE
"""Words between programs: events, the description of a call, a goal; they have some kilobytes."""


class Kind(enum.StrEnum):
    """What a request is for, as the ledger says it."""

    TURN = "turn"
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


class Elsewhere(enum.Enum):
    """When a request that failed on one account may be sent to another."""

    ALWAYS = "always"
    """Answering it changes nothing anywhere: at worst it is answered twice."""

    IF_REFUSED = "if_refused"
    """Only if the account turned it away, or never had it, or it is a read: else it may have taken effect."""

    IF_READ = "if_read"
    """Likewise; and nobody knows what it means that the account turned it away."""

    NEVER = "never"
    """It is about something that this account alone has."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`makes_home`: the account has the session's prompt, or its state, from then on. `marks_accounts`: what fails here
    counts against the account; anywhere else it may be that path's own trouble and must not cost the pool an account.
    """

    kind: Kind
    most_body_bytes: int = GENERAL_BYTES
    elsewhere: Elsewhere = Elsewhere.IF_REFUSED
    makes_home: bool = False
    marks_accounts: bool = False


ENDPOINTS: Mapping[Route, Endpoint] = {
    # Nothing is stored upstream, and nothing of an answer is shown before it is good.
    Route.RESPONSES: Endpoint(Kind.TURN, HISTORY_BYTES, Elsewhere.ALWAYS, makes_home=True, marks_accounts=True),
    Route.COMPACT: Endpoint(Kind.COMPACT, HISTORY_BYTES, Elsewhere.ALWAYS, makes_home=True, marks_accounts=True),
    Route.MODELS: Endpoint(Kind.MODELS, SMALL_BYTES, Elsewhere.ALWAYS),
    Route.SEARCH: Endpoint(Kind.SEARCH, GENERAL_BYTES, Elsewhere.ALWAYS),
    Route.IMAGES: Endpoint(Kind.IMAGES, HISTORY_BYTES, Elsewhere.ALWAYS),
    Route.TRANSCRIBE: Endpoint(Kind.TRANSCRIBE, HISTORY_BYTES, Elsewhere.ALWAYS),
    Route.IDENTITIES: Endpoint(Kind.IDENTITIES, SMALL_BYTES, Elsewhere.ALWAYS),
    # Of whatever else stands below these two words nobody knows what it does.
    Route.SAFETY: Endpoint(Kind.SAFETY),
    Route.MEMORIES: Endpoint(Kind.MEMORIES),
    # Events that are told twice are counted twice, a call is billed, and a file that is announced twice is two.
    Route.ANALYTICS: Endpoint(Kind.ANALYTICS, SMALL_BYTES),
    Route.REALTIME: Endpoint(Kind.REALTIME, SMALL_BYTES),
    Route.FILES: Endpoint(Kind.FILES, HISTORY_BYTES),
    # On another account there would be none, or one would be set that nobody finds again.
    Route.GOALS: Endpoint(Kind.GOALS, SMALL_BYTES, Elsewhere.NEVER, makes_home=True),
    Route.OTHER: Endpoint(Kind.OTHER, elsewhere=Elsewhere.IF_READ),
}
"""Every route but the pages of the proxy's own."""

READS = frozenset({"GET", "HEAD"})

TURNED_AWAY = frozenset(
    {
        Failure.WINDOW_FULL,
        Failure.RATE_LIMITED,
        Failure.OUT_OF_QUOTA,
        Failure.UNAUTHORIZED,
        Failure.DEACTIVATED,
        Failure.MODEL_UNAVAILABLE,
    }
)
"""The account was turned away with it: nothing can have come of the request."""

NEVER_LEFT = frozenset({Break.CONNECT, Break.CREDENTIAL})
"""No connection stood, or no token was to be had."""


def kind_of(route: Route) -> Kind:
    """What a request of this route is for, as far as its path says it."""
    endpoint = ENDPOINTS.get(route)
    return endpoint.kind if endpoint else Kind.OTHER


def most_body_bytes(route: Route) -> int:
    """The largest body of a request, in bytes; of a page of the proxy's own, a small one."""
    endpoint = ENDPOINTS.get(route)
    return endpoint.most_body_bytes if endpoint else SMALL_BYTES


def too_large(limit_bytes: int) -> Refusal:
    """Say how large a body may be."""
    message = f"The request body is larger than {size_text(limit_bytes)}, the most that is taken here."
    return Refusal(413, "request_too_large", message)


def may_go_elsewhere(route: Route, method: str, how: Break, failure: Failure) -> bool:
    """Whether a request that failed on one account may be sent to another."""
    # Of a read a gateway's page may be about the path, and is the same everywhere then.
    is_harmless = how in NEVER_LEFT or (method in READS and failure is not Failure.BLOCKED)
    match ENDPOINTS[route].elsewhere:
        case Elsewhere.ALWAYS:
            return True
        case Elsewhere.IF_REFUSED:
            return is_harmless or failure in TURNED_AWAY
        case Elsewhere.IF_READ:
            return is_harmless
        case Elsewhere.NEVER:
            return False
