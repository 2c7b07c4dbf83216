"""mitmproxy's own command with our script serves like `codexlb serve`."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from scripts.simulator.client import SimulatorProcess
from tests.captures import captured
from tests.end_to_end.test_replay import send
from tests.ports import free_port
from tests.processes import ProxyProcess, command
from tests.sources import ROOT


@pytest.fixture
def mitmdump(simulator: SimulatorProcess, accounts: list[Path], tmp_path: Path) -> ProxyProcess:
    """`mitmdump -s addons/codexlb.py` in reverse mode of the simulator, not yet started."""
    assert accounts
    port = free_port()
    mode = f"reverse:{simulator.origin}@127.0.0.1:{port}"
    options = ("--set", f"confdir={tmp_path / 'mitmproxy'}", "--set", f"codexlb_issuer={simulator.origin}")
    line = [command("mitmdump"), "--mode", mode, "-s", str(ROOT / "addons" / "codexlb.py"), *options]
    return ProxyProcess(line, port, tmp_path / "mitmdump.log")


def wait_for_all_to_leave(proxy: ProxyProcess, seconds: float = 10) -> None:
    """Python 3.11 prints a traceback for every connection that is still open when mitmproxy itself ends."""
    deadline = time.monotonic() + seconds
    while (log := proxy.log()).count("client connect") > log.count("client disconnect"):
        assert time.monotonic() < deadline, log
        time.sleep(0.02)


def test_mitmdump_serves_a_turn_as_serve_does(mitmdump: ProxyProcess, simulator: SimulatorProcess) -> None:
    [turn] = captured("turn1_chatgpt_login")

    with mitmdump:
        status, answer = send(mitmdump.address, turn)
        wait_for_all_to_leave(mitmdump)

    assert status == 200
    assert b"event: response.completed" in answer
    [entry] = [entry for entry in simulator.log() if entry.path.endswith("/responses")]
    assert entry.body == turn.body
    assert entry.account
    assert "fake" not in (entry.header("authorization") or "")


def test_a_price_list_that_cannot_be_used_is_one_sentence_and_nothing_is_served(tmp_path: Path) -> None:
    home = Path(os.environ["CODEXLB_HOME"])
    home.mkdir()
    (home / "prices.toml").write_text("as_of = 5")
    mode = f"reverse:http://127.0.0.1:1@127.0.0.1:{free_port()}"
    line = [command("mitmdump"), "--mode", mode, "-s", str(ROOT / "addons" / "codexlb.py")]

    ended = subprocess.run(
        [*line, "--set", f"confdir={tmp_path / 'mitmproxy'}"], capture_output=True, text=True, timeout=60, check=False
    )

    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert f"The price list {home / 'prices.toml'} cannot be used: as_of must be" in said
    assert "Traceback" not in said
