"""Which account serves a request, and how long it is looked for."""

from __future__ import annotations

from addons.settings.setting import one_of, whole_number
from addons.wire.cache_losses import DEFAULT_CACHE_TTL_SECONDS
from codexlb_store.selection import Strategy

DEFAULT_BUDGET_SECONDS = 240
"""Codex waits that long for the head of an answer without showing anything; tried."""

STRATEGY = one_of("codexlb_strategy", Strategy.CAPACITY_WEIGHTED, "How the account for a new session is picked.")
CACHE_TTL_SECONDS = whole_number(
    "codexlb_cache_ttl_seconds",
    DEFAULT_CACHE_TTL_SECONDS,
    "How long after its last turn a session is kept on its account, because its prompt cache is warm there.",
    least=0,
    wanted="0 (never kept) or more seconds",
)
ACCOUNT_CONCURRENCY = whole_number(
    "codexlb_account_concurrency",
    0,
    "Most requests in flight on one account; further ones wait for a slot. 0 sets no limit.",
    least=0,
    wanted="0 (no limit) or more",
)
BUDGET_SECONDS = whole_number(
    "codexlb_budget_seconds",
    DEFAULT_BUDGET_SECONDS,
    "How long a request may look and wait for an account that can serve it.",
    least=1,
    wanted="1 or more seconds",
)
