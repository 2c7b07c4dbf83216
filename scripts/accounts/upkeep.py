"""Upkeep on request: accounts go in, the issuer and the upstream are asked, what came of it is said or comes out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Awaitable, Iterator, Sequence
from pathlib import Path

import click

from addons.settings.catalog import SERVE_DEFAULTS
from addons.settings.upstream import UPSTREAM
from addons.upkeep.checkup import CheckResult
from addons.upkeep.household import household
from addons.wire.origins import Origin, parse_origin
from addons.wire.tokens import RefreshProblem
from codexlb_store.accounts import Account
from codexlb_store.credentials import Credential
from codexlb_store.quantity import moment
from scripts.accounts.naming import introduced, typed
from scripts.accounts.problems import in_words

AT_A_TIME = 4
"""Accounts that are checked at once: as many as the proxy does."""

LOGS = ("addons.upkeep.refresher", "codexlb_store.writer")
"""What these write into the proxy's log is said here in sentences."""


def refresh_accounts(
    home: Path, chosen: Sequence[Account], accounts: Sequence[Account], issuer: Origin
) -> list[Account]:
    """Refresh the tokens of the chosen of all accounts one by one and say what came of each; returns the refreshed."""
    with unlogged():
        return asyncio.run(_refresh(home, chosen, accounts, issuer))


async def _refresh(home: Path, chosen: Sequence[Account], accounts: Sequence[Account], issuer: Origin) -> list[Account]:
    refreshed = []
    upstream = parse_origin(str(SERVE_DEFAULTS[UPSTREAM.name]))  # it is not asked
    async with household(home, os.environ, issuer, upstream) as keeper:
        for account in chosen:
            result = await patiently(keeper.refresh(account.id))
            if isinstance(result, RefreshProblem):
                click.echo(f"Error: {refusal(account, result, accounts)}", err=True)
            else:
                refreshed.append(account)
                click.echo(f"Refreshed {introduced(account)}{goodness(result.expires_at, time.time())}.")
    return refreshed


async def patiently(refresh: Awaitable[Credential | RefreshProblem]) -> Credential | RefreshProblem:
    """The refresh's result; who interrupts it is told why that takes a while: leaving the household waits for it."""
    try:
        return await refresh
    except asyncio.CancelledError:
        click.echo("Waiting for the issuer's answer: without it the account might need a login.", err=True)
        raise


def refusal(account: Account, problem: RefreshProblem, accounts: Sequence[Account]) -> str:
    """Why an account has no new tokens, and what helps, in one sentence."""
    remedy = "try again later"
    if problem.permanent:
        remedy = f"run `codexlb accounts login --account {typed(account, accounts)}`"
    return f"{account.name} could not be refreshed, {in_words(problem.code)}: {remedy}."


def goodness(expires_at: float | None, now: float) -> str:
    """Until when a new token is good, if that is known."""
    return "" if expires_at is None else f", good until {moment(expires_at, now, None)}"


def check_accounts(home: Path, chosen: Sequence[Account], issuer: Origin, upstream: Origin) -> list[CheckResult]:
    """Ask the upstream about each of the chosen accounts; what it said is in the store then, too."""
    with unlogged():
        return asyncio.run(_check(home, chosen, issuer, upstream))


async def _check(home: Path, chosen: Sequence[Account], issuer: Origin, upstream: Origin) -> list[CheckResult]:
    slots = asyncio.Semaphore(AT_A_TIME)
    async with household(home, os.environ, issuer, upstream) as keeper:

        async def check(account: Account) -> CheckResult:
            async with slots:
                return await keeper.check(account.id)

        return await asyncio.gather(*map(check, chosen))


@contextlib.contextmanager
def unlogged() -> Iterator[None]:
    """Keep what is said here anyway from being logged, too."""
    levels = {logger: logger.level for logger in map(logging.getLogger, LOGS)}
    for logger in levels:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)
