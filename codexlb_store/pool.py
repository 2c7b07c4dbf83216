"""The accounts as one proxy process knows them right now, in memory: a request reads here, never from disk.

A Snapshot is what the store holds; it replaces the pool's own when another process has written. What only this process
knows (leases in flight, when an account was last chosen, fresher window readings, what went wrong lately) stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from sqlite_utils import Database

from codexlb_store.accounts import OUT_OF_ORDER, Account, AccountStatus, load_accounts, status_of
from codexlb_store.credentials import Credential, load_credentials
from codexlb_store.health import Health, not_benched
from codexlb_store.model_lists import ModelLists
from codexlb_store.selection import Candidate
from codexlb_store.sessions import MOST_HOMES, Home, latest, load_homes
from codexlb_store.vault import Vault
from codexlb_store.windows import Window, is_news, load_windows, newest

SERVES_ITS_SESSIONS = frozenset({AccountStatus.ACTIVE, AccountStatus.DRAINING})
"""A draining account takes no new session, but those it has may finish there."""


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


class Pool:
    """Accounts, their windows and sessions, and the leases that are out."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.accounts = snapshot.accounts
        self.credentials = snapshot.credentials
        self.windows = snapshot.windows
        self.homes = snapshot.homes
        self.revision = 0
        """Counts what was decided here: a snapshot that was read before it must not undo it."""
        self.readings = 0
        """Counts what note_windows took over."""
        self.changed: Callable[[], None] = lambda: None
        """Called after each replacement: who waits for an account looks again."""
        self.health = Health()
        self.lists = ModelLists()
        self.in_flight: Counter[str] = Counter()
        self.last_chosen: dict[str, float] = {}
        self.turn_states: dict[str, str] = {}
        self.to_be_read: set[str] = set()
        """Accounts whose windows should be read again at once, because a limit was met."""

    def replace(self, snapshot: Snapshot) -> None:
        """Take over what the store now holds; a reading or session that is newer here stays."""
        for account_id, credential in snapshot.credentials.items():
            known = self.credentials.get(account_id)
            if known and known.access_token != credential.access_token:
                self.health.renew(account_id)
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
        self.readings += len(news)
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

    def fail(self, account_id: str, state: AccountStatus, reason: str) -> bool:
        """Take an account out of order, as `fail_account` does in the store; False when it was so already."""
        account = self.accounts.get(account_id)
        if account is None or account.state is state:
            return False
        is_paused = account.state is AccountStatus.PAUSED
        if is_paused and state is AccountStatus.DEACTIVATED:
            return False
        failed = replace(account, state=account.state if is_paused else state, state_reason=reason)
        self.note_account(failed)
        return failed != account

    def revive(self, account_id: str) -> None:
        """The account is in order again, as `revive` says in the store; who waits for one looks again."""
        if account := self.accounts.get(account_id):
            state = AccountStatus.ACTIVE if account.state in OUT_OF_ORDER else account.state
            self.note_account(replace(account, state=state, state_reason=None))
            self.changed()

    def note_account(self, account: Account) -> None:
        """Take over one account as it is now, or soon will be in the store, if it is still in the pool."""
        if account.id in self.accounts:
            self.accounts[account.id] = account
            self.revision += 1

    def note_plan(self, account_id: str, plan: str) -> None:
        """Take over the plan that the upstream names now."""
        if account := self.accounts.get(account_id):
            self.note_account(replace(account, plan=plan))
            self.health.unbar(account_id)

    def note_residency(self, account_id: str, origin: str | None, routing_override: str | None) -> None:
        """Take over where the account's workspace demands its requests, for those that start from now on."""
        if account := self.accounts.get(account_id):
            self.note_account(replace(account, origin=origin, routing_override=routing_override))
        if credential := self.credentials.get(account_id):
            self.credentials[account_id] = replace(credential, routing_override=routing_override)

    def take(self, account_id: str, now: float) -> None:
        """Count a request as in flight on an account."""
        self.in_flight[account_id] += 1
        self.last_chosen[account_id] = now

    def give_back(self, account_id: str) -> None:
        """Count a request as done."""
        self.in_flight[account_id] -= 1
