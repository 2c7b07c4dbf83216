"""A process is killed in the middle of a refresh: what the issuer would still accept works, and at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from scripts.simulator.client import SimulatorProcess
from scripts.simulator.faults import Act, Fault, Moment
from scripts.simulator.journal import Ending
from tests.conftest import StartProxy
from tests.end_to_end.crowd import until
from tests.end_to_end.gate import Gate
from tests.end_to_end.refreshes import (
    DUE,
    EXPIRED,
    GOOD,
    QUIET,
    TOKEN,
    ask,
    calls,
    claim_ends_at,
    is_fresh,
    locked_store,
    log_in,
    standing,
    turns,
)


@pytest.fixture
def simulator() -> Iterator[SimulatorProcess]:
    """One account whose refresh is killed, and another one."""
    with SimulatorProcess("ann:plus,bob:plus") as running:
        yield running


async def kill_before_it_is_sent(proxy: StartProxy, simulator: SimulatorProcess) -> None:
    """The claim is in the store, and the issuer knows nothing."""
    with Gate(simulator.origin) as gate:
        started = proxy(*QUIET, "--issuer", gate.origin)
        assert await until(lambda: gate.arrived == 1)
        started.kill()


async def kill_before_the_answer(proxy: StartProxy, simulator: SimulatorProcess) -> None:
    """The issuer has the request, and has done nothing yet."""
    simulator.script(Fault(path=TOKEN, act=Act.SILENCE))
    started = proxy(*QUIET)
    assert await until(lambda: len(calls(simulator)) == 1)
    started.kill()


async def kill_before_the_answer_has_come(proxy: StartProxy, simulator: SimulatorProcess) -> None:
    """The issuer has given new tokens, and nobody has them."""
    simulator.script(Fault(path=TOKEN, act=Act.SILENCE, at=Moment.HEAD))
    started = proxy(*QUIET)
    assert await until(lambda: [call.status for call in calls(simulator)] == [200])
    started.kill()


async def kill_before_the_commit(proxy: StartProxy, simulator: SimulatorProcess) -> None:
    """Likewise, but they had come."""
    with Gate(simulator.origin) as gate:
        started = proxy(*QUIET, "--issuer", gate.origin)
        assert await until(lambda: gate.arrived == 1)
        with locked_store():
            gate.open()
            assert await until(lambda: [call.ending for call in calls(simulator)] == [Ending.WHOLE])
            started.kill()


Kill = Callable[[StartProxy, SimulatorProcess], Awaitable[None]]

NOTHING_LOST = {"before it is sent": kill_before_it_is_sent, "before the answer": kill_before_the_answer}
TOKENS_LOST = {
    "before the answer has come": kill_before_the_answer_has_come,
    "before the commit": kill_before_the_commit,
}


@pytest.mark.parametrize("expires_in", [EXPIRED, DUE, GOOD], ids=["expired", "due", "good"])
@pytest.mark.parametrize("kill", NOTHING_LOST.values(), ids=NOTHING_LOST)
async def test_a_refresh_that_a_killed_process_left_undone_is_made_at_once(
    simulator: SimulatorProcess, proxy: StartProxy, tmp_path: Path, kill: Kill, expires_in: float
) -> None:
    """Not only when the claim of the dead has run out."""
    log_in(simulator, tmp_path / "logins", ["ann"], expires_in)
    await kill(proxy, simulator)
    tried, claimed_until = len(calls(simulator)), claim_ends_at()

    assert await ask(proxy(*QUIET), 1, at_a_time=1) == [200]

    assert await until(lambda: is_fresh("ann"))
    [again] = calls(simulator)[tried:]
    assert again.at < claimed_until
    assert standing("ann") == ("active", None)


async def test_who_waits_for_a_process_that_is_killed_goes_on_at_once(
    simulator: SimulatorProcess, proxy: StartProxy, tmp_path: Path
) -> None:
    log_in(simulator, tmp_path / "logins", ["ann"], EXPIRED)
    simulator.script(Fault(path=TOKEN, act=Act.SILENCE))
    first = proxy(*QUIET)
    assert await until(lambda: len(calls(simulator)) == 1)
    claimed_until = claim_ends_at()
    second = proxy(*QUIET)

    async with asyncio.TaskGroup() as group:
        asked = group.create_task(ask(second, 5, at_a_time=5))
        first.kill()

    assert asked.result() == [200] * 5
    [_, again] = calls(simulator)
    assert again.at < claimed_until
    assert standing("ann") == ("active", None)


@pytest.mark.parametrize(
    "trouble",
    [Fault(path=TOKEN, status=503, times=None), Fault(path=TOKEN, act=Act.RESET, times=None)],
    ids=["503", "broken off"],
)
async def test_a_token_that_is_due_serves_after_a_killed_refresh_while_the_issuer_is_in_trouble(
    simulator: SimulatorProcess, proxy: StartProxy, tmp_path: Path, trouble: Fault
) -> None:
    """It is not over before the issuer says so."""
    log_in(simulator, tmp_path / "logins", ["ann"], DUE)
    await kill_before_the_answer(proxy, simulator)
    simulator.script(trouble)
    successor = proxy(*QUIET)

    assert await ask(successor, 5, at_a_time=5) == [200] * 5
    assert standing("ann") == ("active", None)


@pytest.mark.parametrize("kill", TOKENS_LOST.values(), ids=TOKENS_LOST)
async def test_new_tokens_that_died_with_a_process_cost_nothing_while_the_old_one_is_good(
    simulator: SimulatorProcess, proxy: StartProxy, tmp_path: Path, kill: Kill
) -> None:
    """A person is told in time."""
    log_in(simulator, tmp_path / "logins", ["ann"], GOOD)
    await kill(proxy, simulator)
    successor = proxy(*QUIET)

    assert await until(lambda: standing("ann") == ("active", "refresh_token_reused"))
    assert await ask(successor, 2, at_a_time=1) == [200, 200]
    assert standing("ann") == ("active", "refresh_token_reused")
    assert len(calls(simulator)) == 2


@pytest.mark.parametrize("kill", TOKENS_LOST.values(), ids=TOKENS_LOST)
async def test_new_tokens_that_died_with_a_process_cost_an_account_whose_old_one_has_expired(
    simulator: SimulatorProcess, proxy: StartProxy, tmp_path: Path, kill: Kill
) -> None:
    """The issuer accepts nothing that anybody has; until a person logs in the other account serves."""
    log_in(simulator, tmp_path / "logins", ["ann"], EXPIRED)
    await kill(proxy, simulator)
    log_in(simulator, tmp_path / "logins", ["bob"])
    successor = proxy(*QUIET)

    assert await ask(successor, 4, at_a_time=1) == [200] * 4
    assert await until(lambda: standing("ann") == ("needs_login", "refresh_token_reused"))
    assert {turn.account for turn in turns(simulator)} == {"bob"}
    assert len(calls(simulator)) == 2
