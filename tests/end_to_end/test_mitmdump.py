"""mitmproxy's own command with our script serves like `codexlb serve`."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.proxy_process import free_port
from scripts.simulator.client import SimulatorProcess
from tests.captures import captured
from tests.end_to_end.test_replay import send
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


def test_mitmdump_serves_a_turn_as_serve_does(mitmdump: ProxyProcess, simulator: SimulatorProcess) -> None:
    [turn] = captured("turn1_chatgpt_login")

    with mitmdump:
        status, answer = send(mitmdump.address, turn)

    assert status == 200
    assert b"event: response.completed" in answer
    [entry] = [entry for entry in simulator.log() if entry.path.endswith("/responses")]
    assert entry.body == turn.body
    assert entry.account
    assert "fake" not in (entry.header("authorization") or "")
