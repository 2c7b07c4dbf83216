"""The client keys as one proxy process knows them, in memory: what a client shows goes in, its key comes out."""

from __future__ import annotations

import enum
import hmac
from collections.abc import Iterable

from codexlb_store.keys import Key, Secret, digest_of


class KeyProblem(enum.StrEnum):
    """Why what a client shows lets it not in."""

    UNKNOWN = "unknown"
    REPLACED = "replaced"
    """The key was rotated, and the overlap is over."""
    EXPIRED = "expired"
    DISABLED = "disabled"
    REVOKED = "revoked"


def problem_of_key(key: Key, now: float) -> KeyProblem | None:
    """Why a key is not good at `now` (unix seconds); None when it is."""
    if key.revoked_at is not None:
        return KeyProblem.REVOKED
    if key.disabled_at is not None:
        return KeyProblem.DISABLED
    if key.expires_at is not None and key.expires_at <= now:
        return KeyProblem.EXPIRED
    return None


def problem_of(key: Key, secret: Secret, now: float) -> KeyProblem | None:
    """Why this secret of a key is not good at `now` (unix seconds); None when it is."""
    if problem := problem_of_key(key, now):
        return problem
    if secret.valid_until is not None and secret.valid_until <= now:
        return KeyProblem.REPLACED
    return None


class Keyring:
    """Every key by the digests of its secrets."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self.replace(keys)

    def replace(self, keys: Iterable[Key]) -> None:
        """Take over what the store now holds."""
        self.keys = {key.id: key for key in keys}
        self._known = {secret.sha256: (key, secret) for key in self.keys.values() for secret in key.secrets}

    @property
    def has_keys(self) -> bool:
        """Whether a key was ever made: to revoke the last one must not open the door to those without."""
        return bool(self.keys)

    def authenticate(self, plain: str, now: float) -> Key | KeyProblem:
        """The key whose plain text a client shows at `now` (unix seconds), or why it is not let in."""
        return self.look_up(digest_of(plain), now)

    def look_up(self, digest: str, now: float) -> Key | KeyProblem:
        """The key of which a plain text has this digest as it is at `now`, or why it is not let in any more."""
        # Only digests are compared: how long that takes tells nothing of the key that would have been right.
        key, secret = self._known.get(digest, (None, None))
        if key is None or secret is None or not hmac.compare_digest(secret.sha256, digest):
            return KeyProblem.UNKNOWN
        return problem_of(key, secret, now) or key
