"""A simulator inside the test's own event loop, with two plus accounts and a pro one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from scripts.simulator.server import Simulator


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(accounts="plus,plus,pro") as running:
        yield running
