"""A simulated issuer with one account, whose access token has expired, and a worker over the store that holds it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from scripts.simulator.server import Simulator
from tests.addons.upkeep.refresh_lab import EXPIRED, Lab, Worker, a_lab


@pytest.fixture
def on_end() -> Iterator[list[Callable[[], object]]]:
    """What is to happen when the issuer has dealt with a request and its answer is not read yet."""
    happenings: list[Callable[[], object]] = []
    yield happenings
    assert not happenings


@pytest.fixture
async def lab(tmp_path: Path, on_end: list[Callable[[], object]], request: pytest.FixtureRequest) -> AsyncIterator[Lab]:
    """The account is plus-1; `indirect` says in how many seconds its access token expires."""

    def happen(_: object) -> None:
        if on_end:
            on_end.pop()()

    async with Simulator(accounts="plus", on_end=happen) as sim:
        yield a_lab(tmp_path, sim, getattr(request, "param", EXPIRED))


@pytest.fixture
async def worker(lab: Lab) -> AsyncIterator[Worker]:
    async with lab.worker() as worker:
        yield worker
