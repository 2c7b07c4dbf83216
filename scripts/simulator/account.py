"""One simulated account: its windows, its prompt cache, its condition and its books."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace

from scripts.simulator import refusals, windows
from scripts.simulator.cache import Prefixes, PromptCache
from scripts.simulator.clock import Clock
from scripts.simulator.plans import Seat, capacities, require_plan
from scripts.simulator.usage import Usage, weighted_tokens

NO_CREDITS = {
    "x-codex-credits-has-credits": "False",
    "x-codex-credits-unlimited": "False",
    "x-codex-credits-balance": "",
}


NO_CONSTRAINT = "NO_CONSTRAINT"
"""What the service says of a workspace that may be served anywhere."""


class Condition(enum.StrEnum):
    """Whether the service still serves the account at all."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    WORKSPACE_DEACTIVATED = "workspace_deactivated"


@dataclass(frozen=True, slots=True)
class Books:
    """What an account was asked and what it gave, exactly; tokens of finished answers, and of failed ones that told."""

    requests: int = 0
    completed: int = 0
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowChange:
    """Fill one window to a percentage; `resets_in_seconds` (real seconds) also moves its reset."""

    minutes: int
    used_percent: float
    resets_in_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """What somebody does to an account from outside; None leaves a thing as it is."""

    windows: tuple[WindowChange, ...] = ()
    condition: Condition | None = None
    rejects_foreign_content: bool | None = None
    plan: str | None = None
    """Another plan, with its windows; what was used so far stays used. Tokens made from now on tell it, too."""
    fedramp: bool | None = None
    """Whether it is a FedRAMP workspace: tokens made from now on tell."""
    workspace_backend_origin: str | None = None
    """Where `accounts/check` sends the workspace's requests; NO_CONSTRAINT to no particular place."""
    account_routing_override: str | None = None
    """`us` or `us_cr`, likewise."""
    access_tokens: str | None = None
    """`expired` or `revoked`: every access token handed out so far is answered with 401."""
    refresh_tokens: str | None = None
    """`expired` or `revoked`: likewise for refresh tokens."""


KEPT_AS_SAID = ("condition", "rejects_foreign_content", "workspace_backend_origin", "account_routing_override")
"""What a change sets and the account merely keeps."""


class Account:
    """A seat with everything the service remembers about it."""

    def __init__(self, seat: Seat, clock: Clock, capacity_scale: float, cache_seconds: float) -> None:
        self.seat = seat
        self.condition = Condition.ACTIVE
        self.rejects_foreign_content = False
        self.workspace_backend_origin = NO_CONSTRAINT
        self.account_routing_override = NO_CONSTRAINT
        self.books = Books()
        self._clock = clock
        self._capacity_scale = capacity_scale
        self._cache = PromptCache(cache_seconds)
        self._windows: dict[int, windows.Window] = {}
        self._take_plan(seat.plan)

    def windows(self) -> tuple[windows.Window, ...]:
        """As they stand now, shortest first."""
        now = self._clock.now()
        return tuple(windows.rolled(window, now) for window in self._windows.values())

    def headers(self) -> dict[str, str]:
        """The rate-limit headers of an answer."""
        return {**windows.window_headers(self.windows(), self._clock.now()), **NO_CREDITS}

    def require_condition(self) -> None:
        """Raises Refusal for an account that is not served any more."""
        match self.condition:
            case Condition.ACTIVE:
                return
            case Condition.DEACTIVATED:
                raise refusals.account_deactivated()
            case Condition.WORKSPACE_DEACTIVATED:
                raise refusals.workspace_deactivated()

    def require_room(self) -> None:
        """Raises Refusal 429 while a window is full."""
        until = windows.blocked_until(self.windows())
        if until is not None:
            raise refusals.usage_limit(self.seat.plan, until, self._clock.now(), self.headers())

    def cached_tokens(self, prompt: Prefixes) -> int:
        return self._cache.cached_tokens(prompt, self._clock.now())

    def count_request(self) -> None:
        self.books = replace(self.books, requests=self.books.requests + 1)

    def remember(self, prompt: Prefixes) -> None:
        """The prompt was read: from now on it is cached."""
        self._cache.remember(prompt, self._clock.now())

    def book(self, usage: Usage) -> None:
        """An answer was finished: its tokens are spent."""
        self.spend(usage)
        self.books = replace(self.books, completed=self.books.completed + 1)

    def spend(self, usage: Usage) -> None:
        """Tokens were used, whatever for."""
        now, weight = self._clock.now(), weighted_tokens(usage)
        self._windows = {minutes: windows.spent(w, weight, now) for minutes, w in self._windows.items()}
        self.books = replace(self.books, usage=self.books.usage + usage)

    def change(self, change: AccountChange) -> None:
        """Applies what concerns the account itself; its tokens are the issuer's."""
        if change.plan is not None:
            self._take_plan(change.plan)
        if change.fedramp is not None:
            self.seat = replace(self.seat, fedramp=change.fedramp)
        for new in change.windows:
            self._fill(new)
        for kept in KEPT_AS_SAID:
            if (value := getattr(change, kept)) is not None:
                setattr(self, kept, value)

    def _take_plan(self, plan: str) -> None:
        require_plan(plan)
        self.seat = replace(self.seat, plan=plan)
        old, self._windows = self._windows, {}
        for minutes, capacity in sorted(capacities(plan, self._capacity_scale).items()):
            empty = windows.Window(minutes, self._clock.window_seconds(minutes), capacity)
            self._windows[minutes] = replace(old.get(minutes, empty), capacity=capacity)

    def _fill(self, new: WindowChange) -> None:
        if new.minutes not in self._windows:
            raise ValueError(f"{self.seat.name} has no window of {new.minutes} minutes, only {list(self._windows)}.")
        now = self._clock.now()
        resets_at = None if new.resets_in_seconds is None else now + new.resets_in_seconds
        window = self._windows[new.minutes]
        self._windows[new.minutes] = windows.set_to(window, new.used_percent, now, resets_at)


@dataclass(frozen=True, slots=True)
class WindowView:
    """A window as the control API shows it; `used` and `capacity` are weighted tokens."""

    minutes: int
    used_percent: int
    resets_at: float | None  # unix seconds
    used: float
    capacity: float


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as the control API shows it: no tokens."""

    name: str
    plan: str
    email: str
    user_id: str
    chatgpt_account_id: str
    condition: Condition
    windows: tuple[WindowView, ...]
    books: Books


def view(account: Account) -> AccountView:
    """What there is to see of an account now."""
    seat = account.seat
    shown = tuple(
        WindowView(w.minutes, windows.used_percent(w), w.resets_at, w.used, w.capacity) for w in account.windows()
    )
    who = (seat.name, seat.plan, seat.email, seat.user_id, seat.chatgpt_account_id)
    return AccountView(*who, account.condition, shown, account.books)
