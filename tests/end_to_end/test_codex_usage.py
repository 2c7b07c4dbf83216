"""The usage that the real Codex CLI shows is the pool's: on its status screen, and beside each turn."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.simulator.account import AccountChange, WindowChange
from scripts.simulator.client import SimulatorProcess
from tests.end_to_end.codex_cli import CodexHome, provider
from tests.end_to_end.conftest import BuildLab
from tests.end_to_end.lab import own_login
from tests.end_to_end.session_server import SessionServer
from tests.processes import run

pytestmark = pytest.mark.codex

Client = Callable[[str], CodexHome]

PATIENCE_SECONDS = 30
HOUR = 3600

USED = {"plus-1": (80, 10, 2 * HOUR), "plus-2": (50, 20, HOUR), "pro-1": (20, 30, 3 * HOUR)}
"""Percent of five hours and of the week, and when the five hours are over."""
# Credits: plus 7,560 a week, pro 50,400. (7560 * (80 + 50) + 50400 * 20) / 65520, likewise the week; rounded down.
OF_THE_POOL = {300: 30, 10_080: 26}


@pytest.fixture(autouse=True)
def used(simulator: SimulatorProcess) -> None:
    """Nobody has asked for it yet."""
    for name, (short, week, seconds) in USED.items():
        of_five_hours = WindowChange(minutes=300, used_percent=short, resets_in_seconds=seconds)
        of_the_week = WindowChange(minutes=10_080, used_percent=week)
        simulator.change(name, AccountChange(windows=(of_five_hours, of_the_week)))


def wait_until_read() -> list[dict[str, Any]]:
    """The accounts, once the proxy has asked for the usage of each."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        accounts: list[dict[str, Any]] = json.loads(run("accounts", "list", "--json"))
        if all(len(account["windows"]) == 2 for account in accounts):
            return accounts
        assert time.monotonic() < deadline, accounts
        time.sleep(0.05)


def soonest(accounts: list[dict[str, Any]]) -> float:
    """When the first five hours are over."""
    return min(float(w["resets_at"]) for account in accounts for w in account["windows"] if w["minutes"] == 300)


@pytest.mark.parametrize("base", ["/backend-api", ""], ids=["wham", "api"])
def test_the_status_screen_tells_of_the_pool(lab: BuildLab, client: Client, base: str) -> None:
    """A ChatGPT login of the client's own, and `chatgpt_base_url` is the proxy's: what an IDE extension asks for."""
    stage = lab()
    accounts = wait_until_read()
    codex = client(f'chatgpt_base_url = "{stage.before.origin}{base}"\n' + provider("OpenAI", stage.before.origin))
    codex.log_in(own_login())

    with SessionServer(codex) as server:
        found = server.call("account/rateLimits/read")

    asked = "/backend-api/wham/usage" if base else "/api/codex/usage"
    assert [x.status for x in stage.sent() if x.target == asked] == [200]
    limits = found["rateLimits"]
    windows = [limits["primary"], limits["secondary"]]
    assert {window["windowDurationMins"]: window["usedPercent"] for window in windows} == OF_THE_POOL
    assert abs(limits["primary"]["resetsAt"] - soonest(accounts)) <= 1
    assert (limits["planType"], limits["rateLimitReachedType"]) == ("pro", None)
    assert found["accountId"] == "codex-lb"


def rate_limits(folder: Path) -> list[dict[str, Any]]:
    """What the sessions of a Codex say of limits, beside the tokens of each turn."""
    lines = (line for file in folder.rglob("rollout-*.jsonl") for line in file.read_text().splitlines())
    payloads = (json.loads(line)["payload"] for line in lines)
    return [found for payload in payloads if payload.get("type") == "token_count" and (found := payload["rate_limits"])]


@pytest.mark.parametrize("whose", ["pool", "account"])
def test_a_turn_tells_of_the_pool_or_of_its_account(lab: BuildLab, client: Client, whose: str) -> None:
    """Without any login: the headers of the answer say it."""
    stage = lab("--set", f"codexlb_rate_limit_headers={whose}")
    wait_until_read()
    codex = client(provider("OpenAI", stage.before.origin))

    turn = codex.turn("say one word")
    stage.proxy.stop()

    assert (turn.exit_code, turn.complaints) == (0, [])
    found = rate_limits(codex.folder / ".codex" / "sessions")[-1]
    told = {found[place]["window_minutes"]: found[place]["used_percent"] for place in ("primary", "secondary")}
    own = [{300: short, 10_080: week} for short, week, _ in USED.values()]
    assert told in ([OF_THE_POOL] if whose == "pool" else own)
