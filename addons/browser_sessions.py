"""Browsers that have given the dashboard's password: in memory only, and never more than so many."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict

from codexlb_store.dashboard_password import PasswordHash

COOKIE = "codexlb_session"
SESSION_SECONDS = 12 * 3600
MOST_SESSIONS = 1_000
"""Past it the oldest login ends."""

TOKEN_BYTES = 32


def digest_of(token: str) -> bytes:
    """Only digests are looked up: how long that takes tells nothing of a token that would have been right."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


class BrowserSessions:
    """Logins by the digests of their tokens, and the password that they gave."""

    def __init__(self) -> None:
        self.password: PasswordHash | None = None
        self._ends: OrderedDict[bytes, float] = OrderedDict()

    def take_over(self, password: PasswordHash | None) -> None:
        """Take over what the store now holds; a new password, or none, ends all logins."""
        if password != self.password:
            self._ends.clear()
        self.password = password

    def begin(self, now: float) -> str:
        """Let a browser in at `now` (unix seconds): the token that it shows from then on."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._ends[digest_of(token)] = now + SESSION_SECONDS
        if len(self._ends) > MOST_SESSIONS:
            self._ends.popitem(last=False)
        return token

    def is_open(self, token: str | None, now: float) -> bool:
        """Whether a browser that shows this token is logged in at `now` (unix seconds)."""
        return token is not None and now < self._ends.get(digest_of(token), 0.0) <= now + SESSION_SECONDS

    def end(self, token: str | None) -> None:
        """Log a browser out."""
        if token is not None:
            self._ends.pop(digest_of(token), None)

    def __len__(self) -> int:
        return len(self._ends)
