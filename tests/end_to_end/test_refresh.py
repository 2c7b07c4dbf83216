"""Tokens that end under load, and several processes that would refresh them at the same time.

Nobody loses: no refresh token is sent twice, no two calls overlap, and every turn is served.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.simulator.account import AccountChange
from scripts.simulator.client import SimulatorProcess
from scripts.simulator.faults import Act, Fault
from tests.conftest import StartProxy
from tests.end_to_end.crowd import until
from tests.end_to_end.gate import Gate
from tests.end_to_end.refreshes import (
    EXPIRED,
    QUIET,
    TOKEN,
    ask,
    calls,
    failures,
    listed,
    log_in,
    overlaps,
    spent,
    standing,
    turns,
)
from tests.processes import run

FIVE = ("ann", "bob", "cleo", "dan", "eve")


@pytest.fixture
def simulator() -> Iterator[SimulatorProcess]:
    """Five accounts, of which a test uses as many as it needs."""
    with SimulatorProcess(",".join(f"{name}:plus" for name in FIVE)) as running:
        yield running


@pytest.fixture
def gate(simulator: SimulatorProcess) -> Iterator[Gate]:
    """The way to the issuer, closed until a test opens it."""
    with Gate(simulator.origin) as closed:
        yield closed


@pytest.mark.parametrize("expires_in", [EXPIRED, None], ids=["by the clock", "by the upstream's word"])
async def test_two_hundred_turns_on_an_account_whose_token_has_ended_make_one_refresh(
    simulator: SimulatorProcess, proxy: StartProxy, gate: Gate, tmp_path: Path, expires_in: float | None
) -> None:
    log_in(simulator, tmp_path / "logins", ["ann"], expires_in)
    if expires_in is None:
        simulator.change("ann", AccountChange(access_tokens="expired"))
    started = proxy(*QUIET, "--verbose", "--issuer", gate.origin)
    before = started.log().count("client connect")

    def all_wait() -> bool:
        have_come = started.log().count("client connect") - before >= 200
        return have_come and (expires_in is not None or len(turns(simulator, 401)) == 200)

    async with asyncio.TaskGroup() as group:
        asked = group.create_task(ask(started, 200, at_a_time=200))
        await until(all_wait, seconds=5)  # no longer: who calls the issuer waits for ten seconds
        gate.open()

    assert asked.result() == [200] * 200
    [call] = calls(simulator)
    assert min(turn.at for turn in turns(simulator)) >= call.at
    assert len(turns(simulator)) == 200
    assert standing("ann") == ("active", None)


async def test_two_proxies_and_the_command_wait_for_one_refresh(
    simulator: SimulatorProcess, proxy: StartProxy, gate: Gate, tmp_path: Path
) -> None:
    """The command asks first, and it alone does: the proxies' turns were refused what it is about to replace."""
    log_in(simulator, tmp_path / "logins", ["ann"])
    both = [proxy(*QUIET, "--issuer", gate.origin) for _ in range(2)]
    simulator.change("ann", AccountChange(access_tokens="expired"))

    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(run, "accounts", "refresh", "ann@example.com", "--issuer", gate.origin))
        assert await until(lambda: gate.arrived == 1)
        asked = [group.create_task(ask(each, 20, at_a_time=20)) for each in both]
        await until(lambda: len(turns(simulator, 401)) == 40, seconds=5)
        gate.open()

    assert [status for each in asked for status in each.result()] == [200] * 40
    assert [await ask(each, 1, at_a_time=1) for each in both] == [[200], [200]]
    assert len(calls(simulator)) == 1
    assert standing("ann") == ("active", None)


async def test_whoever_comes_first_no_refresh_token_is_sent_twice(
    simulator: SimulatorProcess, proxy: StartProxy, tmp_path: Path
) -> None:
    """A command that comes too late for one refresh makes the next: it is there to."""
    log_in(simulator, tmp_path / "logins", ["ann"])
    both = [proxy(*QUIET) for _ in range(2)]
    simulator.change("ann", AccountChange(access_tokens="expired"))
    simulator.script(Fault(path=TOKEN, act=Act.SILENCE, seconds=0.5, times=None))
    origins = ("--issuer", simulator.origin)

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(ask(each, 20, at_a_time=5)) for each in both]
        for _ in range(2):
            group.create_task(asyncio.to_thread(run, "accounts", "refresh", "ann@example.com", *origins))
        group.create_task(asyncio.to_thread(run, "accounts", "check", "--upstream", simulator.origin, *origins))

    assert [status for each in asked for status in each.result()] == [200] * 40
    tokens = spent(calls(simulator))
    assert len(tokens) == len(set(tokens)) <= 3
    assert overlaps(calls(simulator)) == []
    assert standing("ann") == ("active", None)


async def test_five_accounts_that_are_due_at_once_are_refreshed_one_after_the_other(
    simulator: SimulatorProcess, proxy: StartProxy, tmp_path: Path
) -> None:
    log_in(simulator, tmp_path / "logins", FIVE, EXPIRED)
    simulator.script(Fault(path=TOKEN, act=Act.SILENCE, seconds=0.3, times=None))
    both = [proxy(*QUIET) for _ in range(2)]

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(ask(each, 20, at_a_time=20)) for each in both]

    assert [status for each in asked for status in each.result()] == [200] * 40
    assert await until(lambda: len(calls(simulator)) == 5)
    assert await until(lambda: all(call.ended_at for call in calls(simulator)))
    assert sorted(call.account or "" for call in calls(simulator)) == sorted(FIVE)
    assert overlaps(calls(simulator)) == []
    for record in listed().values():
        assert (record["status"], record["reason"], record["last_error"]) == ("active", None, None)
        assert record["token"]["expires_at"] - record["token"]["refreshed_at"] > 86_400


async def test_a_login_that_is_over_is_said_so_and_a_new_one_serves_in_the_running_proxy(
    simulator: SimulatorProcess, proxy: StartProxy, tmp_path: Path
) -> None:
    """Clients notice nothing of either."""
    log_in(simulator, tmp_path / "logins", ["ann", "bob"])
    started = proxy(*QUIET)
    simulator.change("ann", AccountChange(access_tokens="expired", refresh_tokens="revoked"))

    assert await ask(started, 4, at_a_time=1) == [200] * 4
    assert await until(lambda: standing("ann") == ("needs_login", "refresh_token_invalidated"))
    assert {turn.account for turn in turns(simulator)} == {"bob"}
    assert await until(lambda: ["token_expired", "refresh_token_invalidated", None] in failures())

    log_in(simulator, tmp_path / "logins", ["ann"])
    assert standing("ann") == ("active", None)

    async def serves_again() -> bool:
        assert await ask(started, 1, at_a_time=1) == [200]
        return "ann" in {turn.account for turn in turns(simulator)}

    async with asyncio.timeout(20):
        while not await serves_again():
            pass
