"""Simulated processes on one store: writes wait in a queue, grants arrive late, processes die with all they hold.

Beside them stands a plain account of what was truly used, and rules that must hold after every step.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sqlite_utils import Database

from codexlb_store.batches import Operation, write_batch
from codexlb_store.budget import Hold
from codexlb_store.budgets import Budgets, Refused, Reservation, Shortage
from codexlb_store.grants import Move, TopUp, asked, drop_dead, give_back, settle
from codexlb_store.key_changes import set_limits
from codexlb_store.keys import Key
from codexlb_store.limits import LimitKind
from codexlb_store.schema import open_store
from codexlb_store.spends import NOTHING, Spend, used_of

Place = tuple[int, float]
"""A window: the id of its limit, and when it begins."""


def break_down(_: Database) -> None:
    raise ValueError("broken: the batch is rolled back and runs again")


@dataclass(eq=False)
class Process:
    """One process: its queue to the store, what comes back from there, and its running requests."""

    db: Database
    id: str
    budgets: Budgets = field(default_factory=Budgets)
    queue: deque[Operation] = field(default_factory=deque)
    told: deque[TopUp] = field(default_factory=deque)
    running: list[Reservation] = field(default_factory=list)
    changes_seen: int = 0

    def underway(self, place: Place) -> int:
        """What the store will count as outstanding of a window once all that is queued is written and told."""
        budget = self.budgets._budgets.get(place[0])
        free = budget.free if budget and budget.starts_at == place[1] else 0
        held = sum(hold.amount for request in self.running for hold in request.holds if place_of(hold) == place)
        return free + held

    def queued(self, place: Place) -> int:
        """By how much the store counts more: moves that wait in the queue, grants that were not told yet."""
        moves = [move for operation in self.queue for move in moves_of(operation)]
        grants = [grant for top_up in self.told for grant in top_up.grants]
        leaving = sum(move.amount for move in moves if (move.limit_id, move.starts_at) == place)
        return leaving + sum(grant.amount for grant in grants if (grant.limit_id, grant.starts_at) == place)


def moves_of(operation: Operation) -> list[Move]:
    return operation.keywords["moves"] if isinstance(operation, partial) else []


def place_of(hold: Hold) -> Place:
    return hold.limit_id, hold.starts_at


class Model:
    """Processes that do random things to a key's limits; `honest` requests never use more than they hold."""

    def __init__(self, home: Path, key: Key, seed: int, *, honest: bool) -> None:
        self.home = home
        self.key = key
        self.rng = random.Random(seed)
        self.honest = honest
        self.now = 1_000_000.0
        self.db = open_store(home)
        self.processes: list[Process] = []
        self.used: Counter[Place] = Counter()
        self.over: Counter[Place] = Counter()
        """By how much requests used more than they held."""
        self.most = {limit.id: limit.amount for limit in key.limits}
        """The largest amount each limit has had."""
        self.changes = 0
        self.seen: Counter[str] = Counter()
        self.starts = 0
        for _ in range(2):
            self.start()

    # ---- what happens

    @property
    def living(self) -> set[str]:
        return {process.id for process in self.processes}

    def start(self) -> Process:
        self.starts += 1
        process = Process(open_store(self.home), f"p{self.starts}", changes_seen=self.changes)
        self.processes.append(process)
        process.queue.append(partial(drop_dead, living=lambda: self.living))
        return process

    def step(self) -> None:
        process = self.rng.choice(self.processes)
        actions: list[tuple[int, Callable[[Process], None]]] = [
            (30, self.request),
            (30, self.write),
            (20, self.tell),
            (25, self.end),
            (20, self.listen),
            (6, self.wait),
            (1, self.die),
            (1, self.change),
        ]
        (action,) = self.rng.choices([action for _, action in actions], [weight for weight, _ in actions])
        self.seen[action.__name__] += 1
        action(process)
        self.check()

    def request(self, process: Process) -> None:
        tokens = self.rng.choice([1, 5, 20, 80])
        expected = Spend(1, tokens, self.rng.randint(0, 10), tokens * 3)
        outcome = process.budgets.reserve(self.key, expected, None, self.now)
        self.seen[type(outcome).__name__] += 1
        match outcome:
            case Reservation():
                assert all(hold.amount > 0 for hold in outcome.holds)
                process.running.append(outcome)
            case Shortage(needs=needs) if needs:
                process.queue.append(TopUp(process.id, needs, self.now, lambda: self.living))
            case Refused(again_at=None, limit=limit) if process.changes_seen == self.changes:
                self.check_nothing_is_left(limit.id, process)

    def write(self, process: Process) -> None:
        """A batch, sometimes one that runs twice."""
        batch = [process.queue.popleft() for _ in range(min(len(process.queue), self.rng.randint(1, 4)))]
        spoilt: list[Operation] = [break_down] if self.rng.random() < 0.2 else []
        before = self.sold()
        write_batch(process.db, batch + spoilt)
        if all(isinstance(operation, TopUp) for operation in batch):
            amounts = {place: amount for place, (amount, _) in self.rows().items()}
            for place, sold in self.sold().items():
                assert sold <= max(amounts[place], before[place]), "nothing is handed out that is not left"
        for operation in batch:
            if isinstance(operation, TopUp):
                process.told.append(operation)
            elif isinstance(operation, partial) and operation.func is settle:
                self.used.update({(move.limit_id, move.starts_at): move.amount for move in moves_of(operation)})

    def tell(self, process: Process) -> None:
        if process.told:
            top_up = process.told.popleft()
            self.put_back(process, process.budgets.granted(top_up.needs, top_up.grants, self.now))

    def end(self, process: Process) -> None:
        if process.running:
            self.finish(process, process.running.pop(self.rng.randrange(len(process.running))))

    def finish(self, process: Process, reservation: Reservation) -> None:
        """It used nothing, less than expected, just that or, unless all are honest, more."""
        actual = self.actual(reservation)
        amounts = {place_of(hold): used_of(hold.kind, actual) for hold in reservation.holds}
        for hold in reservation.holds:
            self.over[place_of(hold)] += max(0, amounts[place_of(hold)] - hold.amount)
        moves = process.budgets.settle(reservation, actual)
        assert {(move.limit_id, move.starts_at): move.amount for move in moves} == +Counter(amounts)
        assert process.budgets.settle(reservation, actual) == ()
        process.queue.append(partial(settle, process=process.id, moves=moves))

    def actual(self, reservation: Reservation) -> Spend:
        expected, held = reservation.expected, {hold.kind: hold.amount for hold in reservation.holds}
        share = self.rng.choice([0.0, 0.3, 1.0] if self.honest else [0.0, 0.3, 1.0, 2.5])
        if not share:
            return NOTHING
        tokens, micro_usd = round(expected.input_tokens * share), round(expected.micro_usd * share)
        if self.honest:
            tokens = min(tokens, held.get(LimitKind.TOKENS, tokens), held.get(LimitKind.INPUT, tokens))
            micro_usd = min(micro_usd, held.get(LimitKind.USD, micro_usd))
        return Spend(1, tokens, 0, micro_usd)

    def listen(self, process: Process) -> None:
        """As at a reload, when another process has written."""
        process.changes_seen = self.changes
        self.put_back(process, process.budgets.replace([self.key]))
        self.put_back(process, process.budgets.give_back(asked(process.db, process.id, self.now), self.now))

    def put_back(self, process: Process, moves: tuple[Move, ...]) -> None:
        self.seen["given back"] += len(moves)
        if moves:
            process.queue.append(partial(give_back, process=process.id, moves=moves))

    def wait(self, _: Process) -> None:
        self.now += self.rng.choice([0.01, 0.05, 0.1, 0.25, 1.0, 15.0])

    def die(self, process: Process) -> None:
        """All it holds, and what it has not written, is lost."""
        self.processes.remove(process)
        process.db.close()
        self.start()

    def change(self, _: Process) -> None:
        """A person gives every limit another amount; processes hear of it when they listen."""
        factor = self.rng.choice([0.5, 1.5])
        amounts = {limit.id: max(2, min(round(limit.amount * factor), 10_000)) for limit in self.key.limits}
        limits = tuple(replace(limit, amount=amounts[limit.id]) for limit in self.key.limits)
        set_limits(self.db, self.key.id, limits, self.now)
        self.key = replace(self.key, limits=limits)
        self.most = {limit.id: max(self.most[limit.id], limit.amount) for limit in limits}
        self.changes += 1

    # ---- what must be so

    def rows(self) -> dict[Place, tuple[int, int]]:
        """Of each window the amount of its limit, and what is used."""
        sql = "SELECT limit_id, starts_at, amount, used FROM budgets JOIN limits ON limits.id = limit_id"
        return {(row[0], row[1]): (row[2], row[3]) for row in self.db.execute(sql)}

    def outstanding(self) -> dict[Place, dict[str, int]]:
        """What each living process holds of each window."""
        found: dict[Place, dict[str, int]] = {}
        for limit_id, starts_at, process, held in self.db.execute(
            "SELECT limit_id, starts_at, process, outstanding FROM grants"
        ):
            if process in self.living:
                found.setdefault((limit_id, starts_at), {})[process] = held
        return found

    def sold(self) -> Counter[Place]:
        """Of each window what is used and what living processes hold."""
        held = self.outstanding()
        return Counter(
            {
                place: used + sum(max(0, each) for each in held.get(place, {}).values())
                for place, (_, used) in self.rows().items()
            }
        )

    def check(self) -> None:
        outstanding, sold = self.outstanding(), self.sold()
        for place, (_, used) in self.rows().items():
            assert used == self.used[place], "used is what was settled, to the unit"
            held = outstanding.get(place, {})
            assert sold[place] <= self.most[place[0]] + self.over[place], "nothing is sold twice"
            assert not self.honest or self.over[place] == 0
            for process in self.processes:
                budget = process.budgets._budgets.get(place[0])
                if budget and budget.starts_at == place[1] and (budget.ends_at or self.now + 1) > self.now:
                    assert held.get(process.id, 0) == process.underway(place) + process.queued(place)

    def check_nothing_is_left(self, limit_id: int, process: Process) -> None:
        """Whoever is refused for good is refused rightly: no process could give anything back."""
        starts_at = process.budgets._budgets[limit_id].starts_at
        assert starts_at is not None
        amount, used = self.rows()[limit_id, starts_at]
        held = self.outstanding()[limit_id, starts_at]
        assert amount - used - max(0, held[process.id]) <= 0
        assert all(held[other] <= 0 for other in held if other != process.id)

    def finish_all(self) -> None:
        """Every request ends, and everything is written and told."""
        for process in self.processes:
            while process.running:
                self.end(process)
            while process.queue or process.told:
                self.write(process)
                self.tell(process)
                self.check()

    def close(self) -> None:
        for db in (self.db, *(process.db for process in self.processes)):
            db.close()
