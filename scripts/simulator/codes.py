"""Authorization codes of auth.openai.com: given to whoever allowed a login, turned into tokens once."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from scripts.simulator.clock import Clock
from scripts.simulator.refusals import invalid_grant

LIFE_SECONDS = 300.0
"""A code is redeemed right after it was given; RFC 6749 recommends ten minutes at most."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a code was given for; `name` is the account's, `expires_at` in unix seconds."""

    name: str
    redirect_uris: frozenset[str]
    challenge: str
    expires_at: float


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Codes:
    """Gives codes and takes each of them back once."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._seed = seed
        self._serial = 0
        self._codes: dict[str, Code] = {}

    def give(self, name: str, redirect_uris: frozenset[str], challenge: str) -> str:
        """A code for a login as that account, redeemable with one of these addresses and the verifier."""
        self._serial += 1
        code = "ac_" + hashlib.sha256(f"{self._seed}/code/{self._serial}".encode()).hexdigest()[:40]
        self._codes[code] = Code(name, redirect_uris, challenge, self._clock.now() + LIFE_SECONDS)
        return code

    def holder(self, code: str) -> str | None:
        """The account that a code not redeemed yet was given for."""
        known = self._codes.get(code)
        return known.name if known else None

    def redeem(self, code: str, redirect_uri: str, verifier: str) -> str:
        """The account whose login goes on; a code is spent even by a wrong try. Raises Refusal invalid_grant."""
        known = self._codes.pop(code, None)
        if known is None:
            raise invalid_grant("The authorization code is unknown or has been used.")
        if known.expires_at <= self._clock.now():
            raise invalid_grant("The authorization code has expired.")
        if redirect_uri not in known.redirect_uris:
            raise invalid_grant("The redirect_uri is not the one that the authorization code was given for.")
        if not hmac.compare_digest(challenge_of(verifier), known.challenge):
            raise invalid_grant("The code_verifier does not fit the code_challenge.")
        return known.name
