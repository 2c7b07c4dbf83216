"""A login from another device: the code is shown and counted down, the issuer asked, the tokens kept."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Iterator

import pytest
from rich.console import Console

from addons.upkeep.login_calls import LoginCalls, LoginError
from addons.wire.device_logins import DEVICE_CODE_PATH, DEVICE_TOKEN_PATH, Wait
from addons.wire.origins import parse_origin
from addons.wire.tokens import NewTokens
from scripts.accounts.login_device import DeviceLogin, left, longer
from scripts.simulator.client import SimulatorProcess
from scripts.simulator.faults import Act, Fault
from scripts.simulator.server import Simulator
from tests.addons.waiting import until
from tests.codexlb_store.rows import wait_until
from tests.scripts.accounts.login_process import LoginProcess, log_in, rows
from tests.scripts.accounts.people import stored

SHOW_CURSOR, ERASE_LINE = "\x1b[?25h", "\x1b[2K"

CODE = r"[A-Z0-9]{4}-[A-Z0-9]{5}"


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("ann:plus,bob:pro", device_interval=1) as running:
        yield running


@pytest.fixture
def since(simulator: SimulatorProcess) -> int:
    """The number of the last entry in the simulator's log before the test."""
    return len(simulator.log())


@pytest.fixture
def login(simulator: SimulatorProcess, since: int) -> Iterator[LoginProcess]:
    with LoginProcess(simulator.origin, "--device") as process:
        yield process


def polls(simulator: SimulatorProcess, since: int) -> list[int | None]:
    """The statuses with which the device was answered."""
    return [entry.status for entry in simulator.log(since) if entry.path == DEVICE_TOKEN_PATH]


def user_code(login: LoginProcess) -> str:
    found = re.search(CODE, login.says(CODE + r"(?s:.)+Waiting"))
    assert found
    return found[0]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(900, "15:00"), (899.2, "15:00"), (61, "1:01"), (9, "0:09"), (0, "0:00"), (-3, "0:00")]
)
def test_a_countdown_reads_like_a_clock(seconds: float, shown: str) -> None:
    assert left(seconds) == shown


@pytest.mark.parametrize(("answer", "seconds"), [(Wait.PENDING, 5), (Wait.SLOW_DOWN, 10)])
def test_who_asks_too_often_waits_longer(answer: Wait, seconds: float) -> None:
    assert longer(5, answer) == seconds


def test_a_device_is_waited_for_until_it_is_approved(
    simulator: SimulatorProcess, since: int, login: LoginProcess
) -> None:
    code = user_code(login)
    wait_until(lambda: polls(simulator, since) == [403], "the issuer was asked")
    simulator.approve_device(code, "ann")
    ended = login.ended()

    [account] = stored()
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert re.sub(r"\d+:\d\d left", "(time) left", ended.stdout) == (
        f"Open this on any device and log in:\n\n{simulator.origin}/codex/device\n\n"
        f"Type this code there, and give it to nobody:\n\n{code}\n\nWaiting, (time) left.\n"
        f"Added ann@example.com (plus, {account.id}).\n"
    )
    assert polls(simulator, since)[-1] == 200


def test_trouble_on_the_way_passes(simulator: SimulatorProcess, since: int) -> None:
    simulator.script(Fault(path=DEVICE_TOKEN_PATH, act=Act.RESET), Fault(path=DEVICE_TOKEN_PATH, status=502))
    with LoginProcess(simulator.origin, "--device") as login:
        simulator.approve_device(user_code(login), "ann")

        assert login.ended().exit_code == 0
    assert polls(simulator, since) == [None, 502, 200]


def test_a_device_that_is_refused_ends_the_login(simulator: SimulatorProcess, login: LoginProcess) -> None:
    simulator.refuse_device(user_code(login))
    ended = login.ended()

    assert (ended.exit_code, stored()) == (1, [])
    assert ended.stderr == "Error: The login was refused (access_denied: The login was refused): nothing was changed.\n"


def test_a_code_that_expires_ends_the_login(simulator: SimulatorProcess) -> None:
    expired = {"error": {"message": "Device authorization code has expired. Please request a new code."}}
    simulator.script(Fault(path=DEVICE_TOKEN_PATH, status=403, body=expired))
    with LoginProcess(simulator.origin, "--device") as login:
        ended = login.ended()

    assert (ended.exit_code, stored()) == (1, [])
    assert "Device authorization code has expired." in ended.stderr


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault(path=DEVICE_CODE_PATH, status=404), "gives no code for a device (http_404): log in with a browser"),
        (Fault(path=DEVICE_CODE_PATH, act=Act.RESET), "could not be reached"),
    ],
    ids=["not offered", "unreachable"],
)
def test_an_issuer_that_gives_no_code_is_one_sentence(simulator: SimulatorProcess, fault: Fault, why: str) -> None:
    simulator.script(fault)
    with LoginProcess(simulator.origin, "--device") as login:
        ended = login.ended()

    assert (ended.exit_code, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert why in ended.stderr


def test_the_login_of_another_seat_is_refused(simulator: SimulatorProcess) -> None:
    log_in(simulator, "ann")
    before = rows()
    with LoginProcess(simulator.origin, "--device", "--account", "ann") as login:
        simulator.approve_device(user_code(login), "bob")
        ended = login.ended()

    assert ended.exit_code == 1
    assert "Error: You logged in as bob@example.com (workspace acct-bob), not as ann@example.com" in ended.stderr
    assert rows() == before


def test_ctrl_c_ends_it_quietly(login: LoginProcess) -> None:
    user_code(login)
    login.interrupt()
    ended = login.ended()

    assert (ended.exit_code, ended.stderr, stored()) == (130, "", [])


async def log_in_here(sim: Simulator, console: Console, limit_seconds: float) -> NewTokens:
    async with LoginCalls(parse_origin(sim.origin)) as calls:
        return await DeviceLogin(calls, console, limit_seconds).run()


async def test_nobody_is_waited_for_longer_than_the_limit() -> None:
    async with Simulator(accounts="ann:plus") as sim:
        with pytest.raises(LoginError, match=r"^Nobody typed the code within 0\.005 minutes: run `codexlb accounts"):
            await log_in_here(sim, Console(file=io.StringIO()), limit_seconds=0.3)


async def test_a_terminal_shows_a_countdown_and_takes_it_away() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80)
    async with Simulator(accounts="ann:plus", device_interval=1) as sim:

        async def approve() -> None:
            await until(lambda: "left" in screen.getvalue())
            found = re.search(CODE, screen.getvalue())
            assert found
            sim.approve_device(found[0], "ann")

        await asyncio.gather(log_in_here(sim, console, 900), approve())

    assert re.search(r"Waiting for you to log in there, 1\d:\d\d left", screen.getvalue())
    assert ERASE_LINE in screen.getvalue().partition(SHOW_CURSOR)[2]
