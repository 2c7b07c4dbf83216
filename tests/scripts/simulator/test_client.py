from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scripts.simulator.account import AccountChange, WindowChange
from scripts.simulator.client import SimulatorError, SimulatorProcess
from scripts.simulator.faults import Act, Fault, Moment
from scripts.simulator.journal import Ending
from scripts.simulator.tokens import CLIENT_ID
from scripts.simulator.usage import Usage
from tests.scripts.simulator.caller import RESPONSES, credentials, turn

DEVICES = "/api/accounts/deviceauth"


@pytest.fixture(scope="module")
def running() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("plus,pro", deltas=3, seed=7) as process:
        yield process


def send(sim: SimulatorProcess, path: str, value: object, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Status and body of the answer to a POST."""
    connection = http.client.HTTPConnection(urlsplit(sim.origin).netloc, timeout=10)
    try:
        connection.request("POST", path, json.dumps(value), dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def post(sim: SimulatorProcess, name: str) -> int:
    return send(sim, RESPONSES, turn(), credentials(sim.auth_json(name)))[0]


def is_alive(pid: int) -> bool:
    """Whether the process still runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_real_process_serves_and_tells(running: SimulatorProcess) -> None:
    before = len(running.log())
    assert post(running, "plus-1") == 200

    received = running.log(since=before)[-1]
    assert (received.account, received.path, received.ending) == ("plus-1", RESPONSES, Ending.WHOLE)
    assert json.loads(received.body or b"") == turn()
    assert received.usage is not None
    assert running.books()["plus-1"].usage == received.usage != Usage()
    assert [account.plan for account in running.accounts()] == ["plus", "pro"]


def test_trouble_and_changes_reach_it(running: SimulatorProcess) -> None:
    running.script(Fault(account="pro-1", status=503, body="x"), Fault(status=500))
    assert [post(running, "pro-1"), post(running, "pro-1"), post(running, "pro-1")] == [503, 500, 200]

    running.script(Fault(act=Act.CLOSE, at=Moment.OUTPUT))
    with pytest.raises(http.client.IncompleteRead):
        post(running, "pro-1")

    running.script(Fault(status=500, times=None))
    running.clear_faults()
    assert post(running, "pro-1") == 200

    running.change("pro-1", AccountChange(windows=(WindowChange(minutes=300, used_percent=100),)))
    assert post(running, "pro-1") == 429


def test_devices_are_approved_and_refused_through_it(running: SimulatorProcess) -> None:
    approved, refused = (
        json.loads(send(running, f"{DEVICES}/usercode", {"client_id": CLIENT_ID}, {})[1]) for _ in range(2)
    )
    running.approve_device(approved["user_code"], "pro-1")
    running.refuse_device(refused["user_code"])

    assert [send(running, f"{DEVICES}/token", device, {})[0] for device in (approved, refused)] == [200, 400]
    assert [entry.account for entry in running.log()[-2:]] == ["pro-1", None]


def test_it_writes_auth_files(running: SimulatorProcess, tmp_path: Path) -> None:
    assert [path.name for path in running.write_auth(tmp_path)] == ["plus-1.json", "pro-1.json"]
    assert [path.name for path in running.write_auth(tmp_path / "one", ["pro-1"])] == ["pro-1.json"]
    assert json.loads((tmp_path / "pro-1.json").read_text())["tokens"]["account_id"] == "acct-pro-1"


def test_a_mistake_is_told(running: SimulatorProcess) -> None:
    with pytest.raises(SimulatorError, match="there is no account 'nobody'"):
        running.auth_json("nobody")


def test_no_process_is_left_behind() -> None:
    with SimulatorProcess("plus") as process:
        pid = process.pid
        assert is_alive(pid)

    assert not is_alive(pid)


def test_it_ends_when_its_starter_is_killed() -> None:
    code = (
        "import time; from scripts.simulator.client import SimulatorProcess; s = SimulatorProcess('plus').__enter__();"
        "print(s.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        starter.send_signal(signal.SIGKILL)

    deadline = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"accounts": "gold"}, "unknown plan 'gold'"),
        ({"nonsense": "1"}, "No such option"),
        ({"speed": 0}, "speed must"),
    ],
)
def test_a_start_that_fails_says_why(options: dict[str, str], why: str) -> None:
    with pytest.raises(SimulatorError, match=why), SimulatorProcess(**options):
        pytest.fail("it must not start")
