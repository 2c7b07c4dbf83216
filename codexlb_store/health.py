"""Which accounts are better left alone for a while, for reasons other than quota; all in memory, all with an end.

An account *rests* when the upstream asked it to slow down, and *ails* when it failed by itself; a model it does not
have is *barred*. Times are unix seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

STRIKES_TO_AIL = 3
FIRST_AILING_SECONDS = 30.0
LONGEST_AILING_SECONDS = 300.0
"""Three failures in a row, then half a minute, doubling to five."""

FIRST_REST_SECONDS = 2.0
LONGEST_REST_SECONDS = 30.0
"""A burst limit passes in seconds; to bench an account for minutes on one has cost others most of their pool."""

ANY_MODEL = ""


def rest_seconds(bursts: int, jitter: float) -> float:
    """How long to rest after so many bursts in a row when the upstream did not say; `jitter` from 0 to 1."""
    longest = min(LONGEST_REST_SECONDS, FIRST_REST_SECONDS * 2.0 ** min(bursts, 10))
    return max(FIRST_REST_SECONDS, longest * (0.5 + jitter / 2))


def ailing_seconds(strikes: int) -> float:
    """How long to leave an account alone after so many failures in a row; 0 for the first few."""
    if strikes < STRIKES_TO_AIL:
        return 0.0
    return min(LONGEST_AILING_SECONDS, FIRST_AILING_SECONDS * 2.0 ** min(strikes - STRIKES_TO_AIL, 10))


def not_benched(ailing: Mapping[str, float | None]) -> list[str]:
    """The accounts to use: the well ones, and the least ailing too when more than half would be left out."""
    in_order = sorted(ailing, key=lambda account_id: ailing[account_id] or 0.0)
    fewest = len(in_order) - len(in_order) // 2
    return [account_id for place, account_id in enumerate(in_order) if place < fewest or ailing[account_id] is None]


class Health:
    """What this process has seen go wrong lately."""

    def __init__(self) -> None:
        self.resting: dict[str, float] = {}
        self.ailing: dict[tuple[str, str], float] = {}
        self.barred: dict[tuple[str, str], float] = {}
        self.bursts: Counter[str] = Counter()
        self.strikes: Counter[str] = Counter()

    def rest(self, account_id: str, until: float) -> None:
        """The upstream asked this account to slow down."""
        self.bursts[account_id] += 1
        self.resting[account_id] = max(until, self.resting.get(account_id, 0.0))

    def ail(self, account_id: str, until: float, model: str = ANY_MODEL) -> None:
        """The account failed, by itself or for one model."""
        key = (account_id, model)
        self.ailing[key] = max(until, self.ailing.get(key, 0.0))

    def strike(self, account_id: str, now: float) -> None:
        """One more failure in a row; the third one makes it ail."""
        self.strikes[account_id] += 1
        if seconds := ailing_seconds(self.strikes[account_id]):
            self.ail(account_id, now + seconds)

    def bar(self, account_id: str, model: str, until: float) -> None:
        """The account does not have this model."""
        self.barred[account_id, model] = until

    def unbar(self, account_id: str, models: Collection[str] | None = None) -> None:
        """The account may have these models now, or any: the next request that wants one finds out."""
        for key in [key for key in self.barred if key[0] == account_id and (models is None or key[1] in models)]:
            del self.barred[key]

    def recover(self, account_id: str) -> None:
        """The account has just served well."""
        self.bursts.pop(account_id, None)
        self.strikes.pop(account_id, None)

    def renew(self, account_id: str) -> None:
        """The account has new tokens: that it failed with the old ones says nothing of it any more."""
        self.ailing.pop((account_id, ANY_MODEL), None)
        self.strikes.pop(account_id, None)

    def rests_until(self, account_id: str, now: float) -> float | None:
        """When the account may be asked again; None when it may now."""
        until = self.resting.get(account_id, 0.0)
        return until if until > now else None

    def ails_until(self, account_id: str, model: str | None, now: float) -> float | None:
        """When the account is likely well again; None when it is."""
        until = max(self.ailing.get((account_id, name), 0.0) for name in {ANY_MODEL, model or ANY_MODEL})
        return until if until > now else None

    def lacks(self, account_id: str, model: str | None, now: float) -> bool:
        """Whether the account is known not to have this model."""
        return model is not None and self.barred.get((account_id, model), 0.0) > now
