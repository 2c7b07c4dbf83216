"""Everything the simulated service knows: its settings, accounts, tokens, scripted faults and journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scripts.simulator import refusals
from scripts.simulator.account import Account, AccountChange
from scripts.simulator.clock import Clock
from scripts.simulator.codes import Codes
from scripts.simulator.devices import Devices
from scripts.simulator.faults import FaultQueue
from scripts.simulator.issuer import Issuer, Standing
from scripts.simulator.journal import Entry, Journal
from scripts.simulator.plans import parse_seats
from scripts.simulator.tokens import Tokens, auth_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the simulated ChatGPT is like."""

    accounts: str = "plus,plus,pro"
    seed: int = 1
    speed: float = 1.0
    """How much faster than real time usage windows run."""
    capacity: float = 1.0
    """Multiplies what fits into every usage window."""
    deltas: int = 8
    """Pieces of text per answer."""
    delta_chars: int = 1
    """Each piece but the first has at least so many characters."""
    delta_ms: float = 0.0
    """Milliseconds before each piece."""
    token_seconds: float = 10 * 24 * 3600.0
    """How long an access token is good for: ten days, like the real ones."""
    cache_seconds: float = 600.0
    """How long a prompt stays cached after its last use."""
    listed_only: bool = False
    """Refuse a model that is not in the account's list, as the real service does; else any name is one."""
    device_interval: int = 5
    """Seconds between two questions of a device that waits to be approved."""


class World:
    """The state behind all endpoints."""

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], float] = time.time,
        on_end: Callable[[Entry], None] | None = None,
    ) -> None:
        self.settings = settings
        self.clock = Clock(settings.speed, now)
        self.issuer = Issuer(self.clock, settings.seed, settings.token_seconds)
        self.codes = Codes(self.clock, settings.seed)
        self.devices = Devices(self.clock, settings.seed, self.codes)
        self.faults = FaultQueue()
        self.journal = Journal(on_end)
        self.accounts = {
            seat.name: Account(seat, self.clock, settings.capacity, settings.cache_seconds)
            for seat in parse_seats(settings.accounts)
        }

    def account(self, name: str) -> Account:
        """Raises KeyError with a sentence for an unknown name."""
        if name not in self.accounts:
            raise KeyError(f"there is no account {name!r}; there are {', '.join(self.accounts)}.")
        return self.accounts[name]

    def login(self, name: str, expires_in: float | None = None) -> str:
        """The auth.json of a new login; its access token is good for `expires_in` seconds."""
        return auth_json(self.account(name).seat, self.new_login(name, expires_in), self.clock.now())

    def new_login(self, name: str, expires_in: float | None = None) -> Tokens:
        """Its tokens alone."""
        return self.issuer.login(self.account(name).seat, expires_in)

    def holder(self, secret: str) -> str | None:
        """The account that a token or an authorization code belongs to."""
        seat = self.issuer.holder(secret)
        return seat.name if seat else self.codes.holder(secret)

    def approve_device(self, user_code: str, name: str) -> None:
        """A person allows the device with that code to log in as that account; raises KeyError for unknown ones."""
        self.devices.approve(user_code, self.account(name).seat.name)

    def change(self, name: str, change: AccountChange) -> None:
        """Does to an account what happens to accounts."""
        account = self.account(name)
        account.change(change)
        self.issuer.know(account.seat)
        if change.access_tokens is not None:
            self.issuer.end_access(account.seat, Standing(change.access_tokens))
        if change.refresh_tokens is not None:
            self.issuer.end_refresh(account.seat, Standing(change.refresh_tokens))

    def admit(self, headers: Mapping[str, str]) -> Account:
        """The account whose valid credential stands in a request's headers; raises Refusal."""
        account = self.accounts[self.issuer.require_access(bearer(headers)).name]
        if headers.get("chatgpt-account-id") not in (None, account.seat.chatgpt_account_id):
            raise refusals.wrong_workspace()
        account.require_condition()
        return account


def bearer(headers: Mapping[str, str]) -> str:
    """The token in the Authorization header, empty if there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
