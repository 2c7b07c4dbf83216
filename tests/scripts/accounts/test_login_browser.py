"""A login in the browser from the terminal's side: what is opened, what may be pasted, when it is given up."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from addons.upkeep.login_calls import LoginCalls, LoginError
from addons.wire.origins import parse_origin
from addons.wire.tokens import NewTokens
from scripts.accounts.login_browser import BrowserLogin, may_open, taken
from scripts.proxy_process import free_port
from scripts.simulator.client import SimulatorProcess
from tests.end_to_end.alone import alone, why_not_alone
from tests.scripts.accounts.login_process import LoginProcess, Stdin, browse, chosen, is_free
from tests.scripts.accounts.people import stored
from tests.sources import ROOT


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("ann:plus") as running:
        yield running


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        pytest.param({"DISPLAY": ":0"}, "linux", True, id="X"),
        pytest.param({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True, id="Wayland"),
        pytest.param({}, "darwin", True, id="macOS"),
        pytest.param({}, "linux", False, id="no screen"),
        pytest.param({"DISPLAY": ""}, "linux", False, id="an empty name is none"),
        pytest.param({"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "1 2 3 4"}, "linux", False, id="SSH with X"),
        pytest.param({"SSH_TTY": "/dev/pts/1"}, "darwin", False, id="SSH to macOS"),
        pytest.param({"BROWSER": "remote-open", "SSH_CONNECTION": "1 2 3 4"}, "linux", True, id="one was named"),
    ],
)
def test_a_browser_is_opened_only_where_its_person_sits(environ: dict[str, str], platform: str, expected: bool) -> None:
    assert may_open(environ, platform) is expected


def test_ports_are_named() -> None:
    assert taken([1455]) == "Port 1455 is taken"
    assert taken([1455, 1457]) == "Ports 1455 and 1457 are taken"


def test_the_browser_is_opened_where_there_is_one(simulator: SimulatorProcess, tmp_path: Path) -> None:
    browser = tmp_path / "browser.py"
    browser.write_text("import sys, urllib.request\nurllib.request.urlopen(sys.argv[1] + '&login_hint=ann').read()\n")
    with LoginProcess(simulator.origin, BROWSER=f"{sys.executable} {browser} %s") as process:
        ended = process.ended()

    assert (ended.exit_code, len(stored())) == (0, 1)
    assert ended.stdout.startswith("A browser opens for you to log in; if none does, open this:\n\nhttp")


def test_a_browser_that_stays_open_does_not_keep_the_login_from_ending(simulator: SimulatorProcess) -> None:
    with LoginProcess(simulator.origin, BROWSER="sh -c 'exec sleep 60 >&- 2>&-' %s") as process:
        browse(chosen(process.address(), "ann"))

        assert process.ended().exit_code == 0


def test_the_browser_is_not_opened_when_that_is_not_wanted(simulator: SimulatorProcess, tmp_path: Path) -> None:
    with LoginProcess(simulator.origin, "--no-browser", BROWSER=f"touch {tmp_path / 'opened'} %s") as process:
        browse(chosen(process.address(), "ann"))
        ended = process.ended()

    assert ended.stdout.startswith("Open this and log in:\n\nhttp")
    assert not (tmp_path / "opened").exists()


def test_who_refuses_ends_the_login(simulator: SimulatorProcess) -> None:
    with LoginProcess(simulator.origin) as process:
        seen = browse(process.address() + "&refused=yes")
        ended = process.ended()

    assert ended.exit_code == 1
    assert ended.stderr == "Error: The login was refused (access_denied: The login was refused): nothing was changed.\n"
    assert (seen.status, stored(), is_free(process.port)) == (400, [], True)


@pytest.mark.parametrize("whole", [True, False], ids=["address", "query"])
def test_the_address_may_be_pasted(simulator: SimulatorProcess, whole: bool) -> None:
    """A browser on another machine ends on an address that leads nowhere there."""
    with LoginProcess(simulator.origin, stdin=subprocess.PIPE) as process:
        right = chosen(process.address(), "ann")
        for line in ("what now?", "", f"{right}x", right if whole else right.partition("?")[2]):
            process.types(line)
        ended = process.ended()

    assert (ended.exit_code, len(stored()), is_free(process.port)) == (0, 1, True)
    assert ended.stderr.count("That is not the address of this login") == 2


def test_the_address_may_be_pasted_into_a_terminal(simulator: SimulatorProcess) -> None:
    keyboard, terminal = pty.openpty()
    try:
        with LoginProcess(simulator.origin, stdin=terminal) as process:
            os.write(keyboard, chosen(process.address(), "ann").encode() + b"\n")
            ended = process.ended()
    finally:
        os.close(keyboard)
        os.close(terminal)

    assert (ended.exit_code, ended.stderr, len(stored())) == (0, "", 1)


@pytest.fixture(params=["closed", "at its end", "a file", "open"])
def stdin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stdin]:
    match request.param:
        case "closed":
            yield None
        case "at its end":
            yield subprocess.DEVNULL
        case "open":
            yield subprocess.PIPE
        case "a file":
            (tmp_path / "notes").write_text("milk\nbread")
            with (tmp_path / "notes").open("rb") as file:
                yield file


def test_a_login_needs_nobody_at_the_keyboard(simulator: SimulatorProcess, stdin: Stdin) -> None:
    """And one that could still type does not keep it from ending."""
    with LoginProcess(simulator.origin, stdin=stdin) as process:
        browse(chosen(process.address(), "ann"))
        ended = process.ended()

    assert (ended.exit_code, len(stored())) == (0, 1)


def test_a_port_that_is_taken_leaves_pasting(simulator: SimulatorProcess) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as holder,
        LoginProcess(simulator.origin, port=holder.getsockname()[1], stdin=subprocess.PIPE) as process,
    ):
        process.types(chosen(process.address(), "ann"))
        ended = process.ended()

    assert f"Port {process.port} is taken, so the browser cannot come back here: paste the address" in ended.stdout
    assert "codexlb accounts login --device" in ended.stdout
    assert (ended.exit_code, len(stored())) == (0, 1)


def test_a_port_that_is_taken_and_nobody_to_paste_is_one_sentence(simulator: SimulatorProcess) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as holder,
        LoginProcess(simulator.origin, port=holder.getsockname()[1]) as process,
    ):
        ended = process.ended()

    assert ended.exit_code == 1
    assert ended.stderr == (
        f"Error: Port {process.port} is taken, and no address was pasted: end what holds the port, or log in with "
        "`codexlb accounts login --device`.\n"
    )


async def test_nobody_is_waited_for_longer_than_the_limit() -> None:
    def keep(tokens: NewTokens) -> str:
        raise AssertionError(tokens)

    port = free_port()
    async with LoginCalls(parse_origin("http://127.0.0.1:9")) as calls:
        with pytest.raises(LoginError, match=r"^Nobody logged in within 0\.003 minutes: run `codexlb accounts login`"):
            await BrowserLogin(calls, keep, [port], limit_seconds=0.18).run(opens_browser=False)

    assert is_free(port)


def test_the_two_ports_that_the_issuer_knows() -> None:
    """Where every port is free: 1455, else 1457, else the address is pasted."""
    if reason := why_not_alone():
        pytest.skip(reason)
    scene = alone(sys.executable, "-m", "tests.scripts.accounts.login_ports")
    done = subprocess.run(scene, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1455", "1457", "pasted"]
