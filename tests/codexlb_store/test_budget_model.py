from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from codexlb_store.grants import Need, top_up
from tests.codexlb_store.budget_model import Model
from tests.codexlb_store.key_rows import make_key

STEPS = 4000
HAPPENS = (
    *("Reservation", "Shortage", "Refused", "given back"),
    *("request", "write", "tell", "end", "listen", "wait", "die", "change"),
)
"""What must occur in such a run, or it shows little."""

LIMITS = {
    "minutes": ["12req/min", "300-tokens/min"],
    "a long one": ["40k-tokens/7d", "5 concurrent"],
    "all kinds": ["3k-tokens/hour", "100req/min", "1k-input/hour", "200-output/hour", "0.008usd/hour", "5 concurrent"],
}


@pytest.fixture(params=[True, False], ids=["as expected", "more than expected"])
def honest(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=[1, 2], ids="seed {}".format)
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=list(LIMITS))
def model(request: pytest.FixtureRequest, home: Path, db: Database, seed: int, honest: bool) -> Iterator[Model]:
    with closing(Model(home, make_key(db, *LIMITS[request.param]), seed, honest=honest)) as model:
        yield model


def test_limits_are_exact_whatever_processes_do(model: Model) -> None:
    """After every step: what is used is what was settled, nothing is sold twice, who is refused is refused rightly.

    At the end nothing stays locked up with the dead.
    """
    for _ in range(STEPS):
        model.step()
    model.finish_all()
    assert all(model.seen[name] for name in HAPPENS), model.seen

    for process in list(model.processes):
        model.die(process)
    left = {place: max(0, amount - used) for place, (amount, used) in model.rows().items()}
    needs = [Need(limit_id, 1, 1, starts_at, None, is_rolling=False) for limit_id, starts_at in left]
    grants = top_up(model.db, "last", needs, model.now, lambda: {"last"})
    assert {(grant.limit_id, grant.starts_at): grant.amount for grant in grants} == left
