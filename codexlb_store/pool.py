"""The accounts as one proxy process knows them right now, in memory: a request reads here, never from disk.

A Snapshot is what the store holds; it replaces the pool's own when another process has written. What only this process
knows (leases in flight, when an account was last chosen, fresher window readings, what went wrong lately) stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from sqlite_utils import Database

from codexlb_store.accounts import (
    Account,
    AccountStatus,
    Credential,
    load_accounts,
    load_credentials,
    status_of,
)
from codexlb_store.health import Health
from codexlb_store.selection import Candidate
from codexlb_store.sessions import Home, load_homes
from codexlb_store.vault import Vault
from codexlb_store.windows import Window, load_windows

SERVES_ITS_SESSIONS = frozenset({AccountStatus.ACTIVE, AccountStatus.DRAINING})
"""A draining account takes no new session, but those it has may finish there."""

MOST_HOMES = 20_000
"""Sessions held in memory, about 10 MB; far more than are warm at one time."""

SAME_READING_SECONDS = 60
"""Every answer carries the windows, mostly unchanged; how old a reading is must be right to the minute."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the store holds of the accounts at one moment."""

    accounts: dict[str, Account]
    credentials: dict[str, Credential]
    windows: dict[str, tuple[Window, ...]]
    homes: dict[str, Home]


@dataclass(frozen=True, slots=True)
class Standing:
    """One account's plan and status, and until when it stands so (unix seconds; None: no end known)."""

    account_id: str
    plan: str
    status: AccountStatus
    until: float | None


def load_snapshot(db: Database, vault: Vault, homes_since: float) -> Snapshot:
    """Read everything the pool holds; sessions only as far back as they may still be warm."""
    return Snapshot(
        accounts={account.id: account for account in load_accounts(db)},
        credentials=load_credentials(db, vault),
        windows=load_windows(db),
        homes=load_homes(db, homes_since),
    )


def newest(known: Iterable[Window], read: Iterable[Window]) -> tuple[Window, ...]:
    """Of each window length the latest reading, shortest window first."""
    latest: dict[int, Window] = {}
    for window in (*known, *read):
        held = latest.get(window.minutes)
        if held is None or window.read_at >= held.read_at:
            latest[window.minutes] = window
    return tuple(latest[minutes] for minutes in sorted(latest))


def latest(stored: Mapping[str, Home], held: Mapping[str, Home]) -> dict[str, Home]:
    """Of each session the later use, the longest unused sessions first; not more of them than are held."""
    later = {s: h for s, h in held.items() if s not in stored or h.last_used_at > stored[s].last_used_at}
    in_order = sorted({**stored, **later}.values(), key=lambda home: home.last_used_at)
    return {home.session: home for home in in_order[-MOST_HOMES:]}


def is_news(known: Iterable[Window], read: Window) -> bool:
    """Whether a reading says anything that is not known already; an equal one is only taken over now and then."""
    for window in known:
        if window.minutes == read.minutes:
            is_same = (window.used_percent, window.resets_at) == (read.used_percent, read.resets_at)
            return not is_same or read.read_at - window.read_at >= SAME_READING_SECONDS
    return True


def not_benched(ailing: Mapping[str, float | None]) -> list[str]:
    """The accounts to use: the well ones, and the least ailing too when more than half would be left out."""
    in_order = sorted(ailing, key=lambda account_id: ailing[account_id] or 0.0)
    fewest = len(in_order) - len(in_order) // 2
    return [account_id for place, account_id in enumerate(in_order) if place < fewest or ailing[account_id] is None]


class Pool:
    """Accounts, their windows and sessions, and the leases that are out."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.accounts = snapshot.accounts
        self.credentials = snapshot.credentials
        self.windows = snapshot.windows
        self.homes = snapshot.homes
        self.changed: Callable[[], None] = lambda: None
        """Called after each replacement: who waits for an account looks again."""
        self.health = Health()
        self.in_flight: Counter[str] = Counter()
        self.last_chosen: dict[str, float] = {}
        self.turn_states: dict[str, str] = {}
        self.to_be_read: set[str] = set()
        """Accounts whose windows should be read again at once, because a limit was met."""

    def replace(self, snapshot: Snapshot) -> None:
        """Take over what the store now holds; a reading or session that is newer here stays."""
        self.accounts = snapshot.accounts
        self.credentials = snapshot.credentials
        self.windows = {
            account_id: newest(snapshot.windows.get(account_id, ()), self.windows.get(account_id, ()))
            for account_id in snapshot.accounts
        }
        self.homes = latest(snapshot.homes, self.homes)
        self.changed()

    def note_windows(self, windows: Iterable[Window]) -> list[Window]:
        """Take over fresh readings; returns those that are worth writing down."""
        news = [window for window in windows if is_news(self.windows.get(window.account_id, ()), window)]
        for window in news:
            self.windows[window.account_id] = newest(self.windows.get(window.account_id, ()), [window])
        return news

    def remember(self, home: Home) -> None:
        """Note where a session lives; the longest unused one is forgotten when there are too many."""
        self.homes.pop(home.session, None)
        self.homes[home.session] = home
        if len(self.homes) > MOST_HOMES:
            del self.homes[next(iter(self.homes))]

    def note_turn_state(self, turn_state: str, account_id: str) -> None:
        """Remember who issued a turn state; the longest unused ones are forgotten."""
        self.turn_states[turn_state] = account_id
        if len(self.turn_states) > MOST_HOMES:
            del self.turn_states[next(iter(self.turn_states))]

    def standing(self, account_id: str, now: float) -> Standing:
        """How an account stands; KeyError when it is not in the pool."""
        account = self.accounts[account_id]
        status, until = status_of(account, self.windows.get(account_id, ()), now)
        rests_until = self.health.rests_until(account_id, now)
        if status in SERVES_ITS_SESSIONS and rests_until:
            status, until = AccountStatus.COOLING, rests_until
        return Standing(account_id, account.plan, status, until)

    def standings(self, now: float) -> list[Standing]:
        """How every account stands, to explain why none can serve."""
        return [self.standing(account_id, now) for account_id in self.accounts]

    def serves_its_sessions(self, account_id: str, model: str | None, now: float) -> bool:
        """Whether a session may stay on this account."""
        if account_id not in self.accounts or self.health.lacks(account_id, model, now):
            return False
        is_well = self.health.ails_until(account_id, model, now) is None
        return is_well and self.standing(account_id, now).status in SERVES_ITS_SESSIONS

    def candidates(self, model: str | None, tried: Collection[str], now: float) -> list[Candidate]:
        """The accounts that may take a request for this model now, but for those it was tried on."""
        able = [
            account_id
            for account_id in self.accounts
            if self.standing(account_id, now).status is AccountStatus.ACTIVE
            and not self.health.lacks(account_id, model, now)
        ]
        ailing = {account_id: self.health.ails_until(account_id, model, now) for account_id in able}
        chosen = [account_id for account_id in not_benched(ailing) if account_id not in tried]
        if not chosen:  # all are out by health only: the least bad one is better than none
            chosen = sorted((a for a in able if a not in tried), key=lambda a: ailing[a] or 0.0)[:1]
        return [self.candidate(account_id) for account_id in chosen]

    def candidate(self, account_id: str) -> Candidate:
        """An account as the selector sees it."""
        account = self.accounts[account_id]
        return Candidate(
            account_id=account_id,
            plan=account.plan,
            windows=self.windows.get(account_id, ()),
            in_flight=self.in_flight[account_id],
            last_chosen_at=self.last_chosen.get(account_id, 0.0),
            weight=account.weight,
        )

    def mark(self, account_id: str, state: AccountStatus, reason: str | None) -> None:
        """Take over a state that somebody decided."""
        if account := self.accounts.get(account_id):
            self.accounts[account_id] = replace(account, state=state, state_reason=reason)

    def take(self, account_id: str, now: float) -> None:
        """Count a request as in flight on an account."""
        self.in_flight[account_id] += 1
        self.last_chosen[account_id] = now

    def give_back(self, account_id: str) -> None:
        """Count a request as done."""
        self.in_flight[account_id] -= 1
