"""What clients are told of the accounts."""

from __future__ import annotations

import enum

from addons.settings.setting import one_of


class Tells(enum.StrEnum):
    """Whose limits the rate-limit headers of an answer are."""

    POOL = "pool"  # of all accounts together
    ACCOUNT = "account"  # of the one that served the request, as the upstream sent them


RATE_LIMIT_HEADERS = one_of(
    "codexlb_rate_limit_headers",
    Tells.POOL,
    "Whose limits the rate-limit headers of an answer tell: those of all accounts that the client's key reaches taken "
    "together (pool), or those of the account that served it (account).",
)
