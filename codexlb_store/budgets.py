"""Budget in a process's memory: a request goes in before it starts, what it holds or why it must wait comes out.

Nothing here waits or touches a disk. What is short here is a Need for the store (see grants.py); what the store then
handed out comes back in. Times are unix seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from codexlb_store.budget import Budget, Hold
from codexlb_store.grants import Grant, Move, Need
from codexlb_store.keys import Key
from codexlb_store.limits import Limit, applies
from codexlb_store.spends import Spend, to_reserve, used_of


@dataclass(frozen=True, slots=True, eq=False)
class Reservation:
    """A request may start: what it holds of each limit, and what it was expected to use."""

    expected: Spend
    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class Shortage:
    """The store must be asked first: for these needs, or, if there are none, it is being asked already."""

    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is left of this limit until it starts afresh (None: until a request ends).

    At `again_at` it may be worth to try again, because another process may give something back; None: it is not.
    """

    limit: Limit
    resets_at: float | None
    again_at: float | None


def refusal(empty: Iterable[Budget]) -> Refused:
    """Of the limits with nothing left the one that is in the way longest: first those that nobody can give back to."""
    last = max(empty, key=lambda budget: (budget.is_exhausted, budget.ends_at or 0.0))
    return Refused(last.limit, last.ends_at, None if last.is_exhausted else last.dry_until)


def _some(moves: Iterable[Move | None]) -> tuple[Move, ...]:
    return tuple(move for move in moves if move)


class Budgets:
    """The budgets of all limits in use, and the reservations that are not settled."""

    def __init__(self) -> None:
        self._budgets: dict[int, Budget] = {}
        self._open: set[Reservation] = set()

    def reserve(self, key: Key, expected: Spend, model: str | None, now: float) -> Reservation | Shortage | Refused:
        """Hold something of every limit of the key for a request that asks for this model, or of none.

        Needs of a Shortage must be put to the store, and `granted` or `failed` told of them; then try again.
        """
        if not key.limits:
            return Reservation(expected, ())
        wanted = [
            (budget, to_reserve(limit.kind, expected))
            for limit in key.limits
            if applies(limit, model) and not (budget := self._budget(limit, key)).is_gone
        ]
        offers = [(budget, amount, budget.offer(amount, now)) for budget, amount in wanted]
        if empty := [budget for budget, _, offer in offers if offer == 0]:
            return refusal(empty)
        if short := [(budget, amount) for budget, amount, offer in offers if offer is None]:
            return Shortage(tuple(budget.need(amount, now) for budget, amount in short if not budget.is_asked))
        reservation = Reservation(expected, tuple(budget.hold(offer) for budget, _, offer in offers if offer))
        self._open.add(reservation)
        return reservation

    def settle(self, reservation: Reservation, actual: Spend) -> tuple[Move, ...]:
        """The request has ended and used this: what the store must settle; nothing the second time."""
        if reservation not in self._open:
            return ()
        self._open.remove(reservation)
        moves = [self._settle(hold, used_of(hold.kind, actual)) for hold in reservation.holds]
        return tuple(move for move in moves if move.amount)

    def _settle(self, hold: Hold, used: int) -> Move:
        """What was not used is free again for the next request here; the store need not know."""
        budget = self._budgets.get(hold.limit_id)
        if budget and budget.starts_at == hold.starts_at:
            budget.free += hold.amount - used
        return Move(hold.limit_id, hold.starts_at, used)

    def granted(self, needs: Iterable[Need], grants: Iterable[Grant], now: float) -> tuple[Move, ...]:
        """Take over what the store handed out for these needs, once for each time it did; returned is what goes back.

        A limit without a grant is gone.
        """
        handed = {grant.limit_id: grant for grant in grants}
        budgets = self._asked(needs)
        for budget in budgets:
            budget.is_asked, budget.is_gone = False, budget.limit.id not in handed
        return _some(budget.take(handed[budget.limit.id], now) for budget in budgets if not budget.is_gone)

    def failed(self, needs: Iterable[Need]) -> None:
        """The store did not get these needs, or left them out: they may be put again."""
        for budget in self._asked(needs):
            budget.is_asked = budget.is_outdated = False

    def give_back(self, asked: Collection[tuple[int, float]], now: float) -> tuple[Move, ...]:
        """Other processes got nothing of these windows (limit id, start): what goes back to the store for them."""
        budgets = [self._budgets[limit_id] for limit_id, _ in asked if limit_id in self._budgets]
        return _some(budget.give_back(now) for budget in budgets if (budget.limit.id, budget.starts_at) in asked)

    def replace(self, keys: Iterable[Key]) -> tuple[Move, ...]:
        """Take over the limits the store now holds; returned is what goes back because they changed."""
        limits = {limit.id: (limit, key.time_zone) for key in keys for limit in key.limits}
        self._budgets = {limit_id: budget for limit_id, budget in self._budgets.items() if limit_id in limits}
        return _some(budget.change(*limits[limit_id]) for limit_id, budget in self._budgets.items())

    def _budget(self, limit: Limit, key: Key) -> Budget:
        if limit.id not in self._budgets:
            self._budgets[limit.id] = Budget(limit, key.time_zone)
        return self._budgets[limit.id]

    def _asked(self, needs: Iterable[Need]) -> list[Budget]:
        """The budgets these needs are of, but for those that are gone meanwhile."""
        return [self._budgets[need.limit_id] for need in needs if need.limit_id in self._budgets]
