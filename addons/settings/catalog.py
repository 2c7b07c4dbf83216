"""All settings there are, in the order in which people read them, and the nearest one to a name that is none."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from addons.settings.access import ALLOW, AUTH, HOSTS, TRUSTED_PROXIES
from addons.settings.keeping import EXPLAIN_DAYS, RETENTION_DAYS, WEB_FLOWS
from addons.settings.listening import BODY_SIZE_LIMIT, CERTS, LISTEN_HOST, LISTEN_PORT
from addons.settings.placing import ACCOUNT_CONCURRENCY, BUDGET_SECONDS, CACHE_TTL_SECONDS, STRATEGY
from addons.settings.setting import Setting, Value
from addons.settings.telling import RATE_LIMIT_HEADERS
from addons.settings.upstream import HEAD_TIMEOUT_SECONDS, IDLE_TIMEOUT_SECONDS, ISSUER, POLL_SECONDS, UPSTREAM

SETTINGS: tuple[Setting[Any], ...] = (
    STRATEGY,
    CACHE_TTL_SECONDS,
    ACCOUNT_CONCURRENCY,
    BUDGET_SECONDS,
    HEAD_TIMEOUT_SECONDS,
    IDLE_TIMEOUT_SECONDS,
    POLL_SECONDS,
    RATE_LIMIT_HEADERS,
    AUTH,
    TRUSTED_PROXIES,
    HOSTS,
    ALLOW,
    RETENTION_DAYS,
    EXPLAIN_DAYS,
    WEB_FLOWS,
    UPSTREAM,
    ISSUER,
    LISTEN_HOST,
    LISTEN_PORT,
    CERTS,
    BODY_SIZE_LIMIT,
)
BY_NAME: Mapping[str, Setting[Any]] = MappingProxyType({each.name: each for each in SETTINGS})
BY_VARIABLE: Mapping[str, Setting[Any]] = MappingProxyType({each.variable: each for each in SETTINGS})
DEFAULTS: Mapping[str, Value] = MappingProxyType({each.name: each.default for each in SETTINGS})

SERVE_DEFAULTS: Mapping[str, Value] = MappingProxyType({**DEFAULTS, UPSTREAM.name: "https://chatgpt.com"})
"""Of `codexlb serve`, which has no reverse mode of mitmproxy's to name the upstream."""

OWN_PREFIX = "codexlb_"

SIMILAR = 0.75
"""From there on a name was probably meant; without the beginning that most share."""


def nearest(name: str) -> str | None:
    """The setting that was probably meant: one with this word in its name, else one that is written much like it."""
    stem = name.lower().replace("-", "_").rpartition(OWN_PREFIX)[2]
    stems = {each.removeprefix(OWN_PREFIX): each for each in BY_NAME}
    with_word = [each for each in stems if stem in each.split("_")]
    near = with_word if len(with_word) == 1 else difflib.get_close_matches(stem, stems, n=1, cutoff=SIMILAR)
    return stems[near[0]] if near else None
