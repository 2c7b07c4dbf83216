"""auth.openai.com's memory: which tokens it handed out, to whom, and which of them still count."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass, replace

from scripts.simulator import refusals
from scripts.simulator.clock import Clock
from scripts.simulator.plans import Seat
from scripts.simulator.tokens import Tokens, make_tokens


class Standing(enum.StrEnum):
    """What became of a token."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Grant:
    """A token that was handed out to the account `name`; `expires_at` in unix seconds, None for never."""

    name: str
    expires_at: float | None = None
    standing: Standing = Standing.VALID


class Issuer:
    """Hands out tokens; refresh tokens rotate and work once."""

    def __init__(self, clock: Clock, seed: int, token_seconds: float) -> None:
        self._clock = clock
        self._seed = seed
        self._token_seconds = token_seconds
        self._serial = 0
        self._seats: dict[str, Seat] = {}
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}

    def know(self, seat: Seat) -> None:
        """What a seat is from now on, for the tokens to come."""
        self._seats[seat.name] = seat

    def login(self, seat: Seat, expires_in: float | None = None) -> Tokens:
        """A new login: tokens of its own, the access token good for `expires_in` seconds."""
        self.know(seat)
        self._serial += 1
        serial = hashlib.sha256(f"{self._seed}/{seat.name}/{self._serial}".encode()).hexdigest()[:24]
        now = self._clock.now()
        expires_at = now + (self._token_seconds if expires_in is None else expires_in)
        tokens = make_tokens(seat, serial, now, expires_at)
        self._access[tokens.access_token] = Grant(seat.name, expires_at)
        self._refresh[tokens.refresh_token] = Grant(seat.name)
        return tokens

    def holder(self, token: str) -> Seat | None:
        """Whose token it is or was, whatever became of it."""
        grant = self._access.get(token) or self._refresh.get(token)
        return self._seats[grant.name] if grant else None

    def require_access(self, token: str) -> Seat:
        """The seat of a valid access token; raises Refusal 401."""
        grant = self._access.get(token)
        if grant is None:
            raise refusals.invalid_token()
        if grant.standing is Standing.REVOKED:
            raise refusals.token_revoked()
        expired = grant.expires_at is not None and grant.expires_at <= self._clock.now()
        if expired or grant.standing is Standing.EXPIRED:
            raise refusals.token_expired()
        return self._seats[grant.name]

    def refresh(self, token: str) -> Tokens:
        """Exchanges a refresh token for new tokens; raises Refusal 401 for any but a valid one."""
        grant = self._refresh.get(token)
        if grant is None or grant.standing is Standing.REVOKED:
            raise refusals.refresh_token_revoked()
        if grant.standing is Standing.USED:
            raise refusals.refresh_token_reused()
        if grant.standing is Standing.EXPIRED:
            raise refusals.refresh_token_expired()
        self._refresh[token] = replace(grant, standing=Standing.USED)
        return self.login(self._seats[grant.name])

    def end_access(self, seat: Seat, standing: Standing) -> None:
        """Every access token of the seat handed out so far is expired or revoked."""
        self._access = _ended(self._access, seat.name, standing)

    def end_refresh(self, seat: Seat, standing: Standing) -> None:
        """Likewise for its unused refresh tokens."""
        self._refresh = _ended(self._refresh, seat.name, standing)


def _ended(grants: dict[str, Grant], name: str, standing: Standing) -> dict[str, Grant]:
    return {
        token: replace(grant, standing=standing) if grant.name == name and grant.standing is Standing.VALID else grant
        for token, grant in grants.items()
    }
