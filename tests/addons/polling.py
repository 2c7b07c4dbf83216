"""A proxy that looks after two simulated accounts: what it asks, and what it knows."""

from __future__ import annotations

import logging
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from addons.poller import Poller
from codexlb_store.pool import Pool
from scripts.simulator.server import Simulator
from tests.addons.proxy import Proxy, running

USAGE, WORKSPACES = "/backend-api/wham/usage", "/backend-api/wham/accounts/check"
ANN, BOB = "ann@example.com", "bob@example.com"


def before(sim: Simulator, home: Path, every_seconds: int = 300) -> AbstractAsyncContextManager[Proxy]:
    """The chain, with the simulator as its upstream and its issuer; requests go to the accounts in turn."""
    return running(
        home,
        codexlb_upstream=sim.origin,
        codexlb_issuer=sim.origin,
        codexlb_poll_seconds=every_seconds,
        codexlb_strategy="round_robin",
    )


def poller_of(proxy: Proxy) -> Poller:
    (poller,) = (addon for addon in proxy.chain.addons if isinstance(addon, Poller))
    return poller


def pool_of(proxy: Proxy) -> Pool:
    return poller_of(proxy).pool


def account_id(proxy: Proxy, email: str) -> str:
    (found,) = (account.id for account in pool_of(proxy).accounts.values() if account.email == email)
    return found


def used(pool: Pool) -> dict[str, list[tuple[int, float]]]:
    """What the pool knows of each account, by e-mail."""
    return {
        account.email: [(window.minutes, window.used_percent) for window in pool.windows.get(account.id, ())]
        for account in pool.accounts.values()
    }


def asked(sim: Simulator, path: str = USAGE) -> list[str | None]:
    """Who was asked about, in order."""
    return [entry.account for entry in sim.log if entry.path == path]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    records = [record for record in caplog.records if record.name == "addons.poller"]
    return [record.getMessage() for record in records if record.levelno == logging.WARNING]
