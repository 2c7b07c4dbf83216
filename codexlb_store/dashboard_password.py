"""The dashboard's password: a text goes in, a salted hash of it is stored; a guess and the hash go in, yes or no comes
out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass, field

from sqlite_utils import Database

LEAST_CHARACTERS = 10
MOST_CHARACTERS = 256

# 32 MiB for as long as one hash takes, some 0.2 s: of all that costs a guesser as much, the least memory.
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**15, 8, 3
SALT_BYTES = 16
HASH_BYTES = 32


class PasswordError(ValueError):
    """A text that is no good password; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """What is stored of a password, with what it was hashed with; `set_at` in unix seconds."""

    salt: bytes = field(repr=False)
    n: int
    r: int
    p: int
    hash: bytes = field(repr=False)
    set_at: float


def check_password(text: str) -> str:
    """The text, if it can be a password; raises PasswordError."""
    if len(text) < LEAST_CHARACTERS:
        raise PasswordError(f"The password has {len(text)} characters: give {LEAST_CHARACTERS} or more.")
    if len(text) > MOST_CHARACTERS:
        raise PasswordError(f"The password has {len(text)} characters: give {MOST_CHARACTERS} or less.")
    return text


def hash_password(text: str, now: float) -> PasswordHash:
    """The hash of a new password, with a salt of its own; raises PasswordError. Slow by intent."""
    salt = secrets.token_bytes(SALT_BYTES)
    digest = _scrypt(check_password(text), salt, SCRYPT_N, SCRYPT_R, SCRYPT_P)
    return PasswordHash(salt, SCRYPT_N, SCRYPT_R, SCRYPT_P, digest, now)


def is_password(guess: str, stored: PasswordHash) -> bool:
    """Whether a guess is the password. Slow by intent: never in an event loop."""
    return hmac.compare_digest(_scrypt(guess, stored.salt, stored.n, stored.r, stored.p), stored.hash)


def _scrypt(text: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    # A keyboard and a browser may spell the same character in two ways.
    plain = unicodedata.normalize("NFKC", text).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(plain, salt=salt, n=n, r=r, p=p, maxmem=2 * 128 * r * (n + p), dklen=HASH_BYTES)


def load_password(db: Database) -> PasswordHash | None:
    """The stored hash; None when no password is set."""
    row = db.execute("SELECT salt, n, r, p, hash, set_at FROM dashboard_password").fetchone()
    return PasswordHash(*row) if row else None


def save_password(db: Database, password: PasswordHash) -> None:
    """Set the password, or replace it."""
    with db.atomic():
        db.execute(
            "INSERT OR REPLACE INTO dashboard_password VALUES (1, ?, ?, ?, ?, ?, ?)",
            (password.salt, password.n, password.r, password.p, password.hash, password.set_at),
        )


def remove_password(db: Database) -> bool:
    """Remove the password; False when there was none."""
    with db.atomic():
        return bool(db.execute("DELETE FROM dashboard_password").rowcount)
