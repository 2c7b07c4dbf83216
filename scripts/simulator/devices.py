"""Logins from devices without a browser: each shows a code, which a person approves or refuses elsewhere."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from scripts.simulator import refusals
from scripts.simulator.clock import Clock
from scripts.simulator.codes import Codes, challenge_of

LIFE_SECONDS = 900.0
"""Codex itself stops asking after 15 minutes."""

SIGNS = "BCDFGHJKLMNPQRSTVWXZ0123456789"
"""Without vowels no word comes of them."""


class Decision(enum.StrEnum):
    """What the person said."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Device:
    """A login under way; `expires_at` in unix seconds, `name` is the account's once it is approved."""

    device_auth_id: str
    user_code: str
    expires_at: float
    decision: Decision = Decision.PENDING
    name: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """What an approved device gets: a code and, unlike a browser's client, also the verifier to redeem it with."""

    authorization_code: str
    code_challenge: str
    code_verifier: str


def user_code_of(digest: bytes) -> str:
    """A code that a person can read off one screen and type on another: ABCD-12345."""
    signs = "".join(SIGNS[byte % len(SIGNS)] for byte in digest[:9])
    return f"{signs[:4]}-{signs[4:]}"


class Devices:
    """The device logins under way, by the code that their people were shown."""

    def __init__(self, clock: Clock, seed: int, codes: Codes) -> None:
        self._clock = clock
        self._seed = seed
        self._serial = 0
        self._codes = codes
        self._waiting: dict[str, Device] = {}

    def start(self) -> Device:
        """A new login, which waits for its person."""
        self._serial += 1
        digest = hashlib.sha256(f"{self._seed}/device/{self._serial}".encode())
        expires_at = self._clock.now() + LIFE_SECONDS
        device = Device(f"deviceauth_{digest.hexdigest()[:32]}", user_code_of(digest.digest()), expires_at)
        self._waiting[device.user_code] = device
        return device

    def approve(self, user_code: str, name: str) -> None:
        """The person allows the login as that account; raises KeyError for a code that nobody waits with."""
        self._decide(user_code, Decision.APPROVED, name)

    def refuse(self, user_code: str) -> None:
        """The person does not; raises KeyError likewise."""
        self._decide(user_code, Decision.REFUSED)

    def collect(self, device_auth_id: str, user_code: str, redirect_uris: Iterable[str]) -> Approval:
        """What the device was approved for, once; raises Refusal while it is not, and when it never will be."""
        device = self._waiting.get(user_code)
        if device is None or device.device_auth_id != device_auth_id:
            raise refusals.device_unknown(404)
        if device.expires_at <= self._clock.now():
            raise refusals.device_expired()
        match device.decision:
            case Decision.PENDING:
                raise refusals.device_unknown(403)
            case Decision.REFUSED:
                raise refusals.device_refused()
            case Decision.APPROVED:
                del self._waiting[user_code]
                return self._approval(device, frozenset(redirect_uris))

    def _approval(self, device: Device, redirect_uris: frozenset[str]) -> Approval:
        verifier = hashlib.sha256(f"{self._seed}/{device.device_auth_id}".encode()).hexdigest()
        challenge = challenge_of(verifier)
        return Approval(self._codes.give(device.name, redirect_uris, challenge), challenge, verifier)

    def _decide(self, user_code: str, decision: Decision, name: str = "") -> None:
        device = self._waiting.get(user_code)
        if device is None:
            raise KeyError(f"no device waits with the code {user_code!r}; look at the code it shows.")
        self._waiting[user_code] = replace(device, decision=decision, name=name)
