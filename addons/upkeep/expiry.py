"""When a token should be refreshed: a credential and the time in, yes or no out."""

from __future__ import annotations

import zlib

from codexlb_store.credentials import Credential

EXPIRY_MARGIN_SECONDS = 300.0
OLDEST_REFRESH_SECONDS = 8 * 86_400.0
"""When Codex itself refreshes: this long before the access token expires, or this long after the last refresh of one
that does not say when it expires."""

LONGEST_AHEAD_SECONDS = 1_800.0
AHEAD_PART = 0.25
"""How long before its end a token is refreshed while nobody waits for it: half an hour, a quarter of a short life."""

AHEAD_OF_AGE_SECONDS = 86_400.0
"""Likewise for one that does not say when it expires."""


def is_due(credential: Credential, now: float) -> bool:
    """Whether the access token should be refreshed before it is used."""
    if credential.expires_at is not None:
        return credential.expires_at - now <= EXPIRY_MARGIN_SECONDS
    return credential.last_refresh is not None and now - credential.last_refresh > OLDEST_REFRESH_SECONDS


def is_expired(credential: Credential, now: float) -> bool:
    """Whether the access token is known to be no good any more."""
    return credential.expires_at is not None and credential.expires_at <= now


def is_due_soon(credential: Credential, now: float) -> bool:
    """Whether to refresh while nobody waits for it; each account and each of its tokens has a moment of its own."""
    last, share = credential.last_refresh, spread(f"{credential.account_id}/{credential.version}")
    if credential.expires_at is None:
        return last is not None and now - last > OLDEST_REFRESH_SECONDS - share * AHEAD_OF_AGE_SECONDS
    if last is None:
        ahead = LONGEST_AHEAD_SECONDS
    elif credential.expires_at > last:
        ahead = min(LONGEST_AHEAD_SECONDS, (credential.expires_at - last) * AHEAD_PART)
    else:
        return False  # it had ended when it came, so our clock is wrong, and the next one would be no better
    return credential.expires_at - now <= ahead * (1 + share) / 2


def spread(name: str) -> float:
    """A number from 0 to 1 (not 1 itself) that is always the same for a name, and anywhere for another."""
    return zlib.crc32(name.encode()) / 2**32
