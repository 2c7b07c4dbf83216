"""Where requests and token refreshes go, how long an answer may take, and how often the accounts are looked after."""

from __future__ import annotations

from addons.settings.setting import text, whole_number
from addons.wire.origins import Origin, parse_origin

DEFAULT_ISSUER = "https://auth.openai.com"
DEFAULT_HEAD_SECONDS = 60
DEFAULT_IDLE_SECONDS = 300  # what Codex itself waits for


def parse_upstream(text: str) -> Origin | None:
    """An origin; none where the text is empty."""
    return parse_origin(text) if text else None


UPSTREAM = text(
    "codexlb_upstream",
    "",
    "Where Codex requests go, as scheme://host:port. Empty: the origin of the reverse mode.",
    parse_upstream,
)
ISSUER = text(
    "codexlb_issuer", DEFAULT_ISSUER, "Where access tokens are refreshed, as scheme://host:port.", parse_origin
)
HEAD_TIMEOUT_SECONDS = whole_number(
    "codexlb_head_timeout_seconds",
    DEFAULT_HEAD_SECONDS,
    "How long an upstream may take to begin its answer to a turn before another account is tried.",
    least=1,
    wanted="1 or more seconds",
)
IDLE_TIMEOUT_SECONDS = whole_number(
    "codexlb_idle_timeout_seconds",
    DEFAULT_IDLE_SECONDS,
    "How long an upstream may be silent in the middle of an answer before it is cut off.",
    least=1,
    wanted="1 or more seconds",
)
POLL_SECONDS = whole_number(
    "codexlb_poll_seconds",
    300,
    "How often each account's usage is asked of the upstream. 0: never.",
    least=0,
    wanted="0 (never) or more seconds",
)
