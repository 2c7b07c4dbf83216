"""`codexlb serve --web` is the place to look at traffic: every attempt is there, readable, and no secret is."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.simulator.client import SimulatorProcess
from scripts.simulator.faults import Act, Fault, Moment
from tests.end_to_end.odd_client import BEARER, COOKIE, HEADERS, TURN
from tests.end_to_end.planted import Planted
from tests.end_to_end.web_view import PASSWORD, run_command, shown_flows, watching, web_pages
from tests.ports import free_port
from tests.processes import ProxyProcess, command, run

NAMES = ("ann", "bob", "cleo")
POOL_COOKIE = "__cf_bm=a-cookie-of-the-pool-that-nobody-else-may-have"
LIMIT = {"error": {"type": "usage_limit_reached", "message": "You are over your limit.", "resets_in_seconds": 900}}


@pytest.fixture
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("ann:plus,bob:plus,cleo:plus") as process:
        yield process


@pytest.fixture
def logins(simulator: SimulatorProcess, tmp_path: Path) -> list[dict[str, str]]:
    """The imported logins' tokens."""
    files = simulator.write_auth(tmp_path / "logins")
    run("accounts", "import", *files)
    return [json.loads(file.read_text())["tokens"] for file in files]


def serve(simulator: SimulatorProcess, folder: Path, web_port: int, *arguments: str) -> ProxyProcess:
    """The proxy with mitmweb, not yet started."""
    port = free_port()
    origins = ("--upstream", simulator.origin, "--issuer", simulator.origin)
    web = ("--web", "--web-port", str(web_port), *PASSWORD, "--set", "codexlb_poll_seconds=0")
    line = [command("codexlb"), "serve", "--port", str(port), *origins, *web, *arguments]
    return ProxyProcess(line, port, folder / "serve.log")


def turn(proxy: ProxyProcess, key: str = BEARER) -> int:
    """One turn of a client that shows a key; its status."""
    with contextlib.closing(http.client.HTTPConnection(*proxy.address, timeout=60)) as connection:
        connection.request(TURN.method, TURN.path, TURN.body, HEADERS | {"authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status


def quoting(logins: list[dict[str, str]]) -> dict[str, Any]:
    said = " and ".join(token for login in logins for token in login.values())
    return {"error": {"code": "rate_limit_exceeded", "message": f"Not {said}."}}


def test_flows_tell_what_happened_and_accounts_can_be_decided_on(
    simulator: SimulatorProcess, logins: list[dict[str, str]], tmp_path: Path
) -> None:
    assert len(logins) == len(NAMES)
    web_port = free_port()
    with serve(simulator, tmp_path, web_port) as proxy:
        simulator.script(Fault(path="/responses", status=429, body=LIMIT))
        assert turn(proxy) == 200
        main, attempt = shown_flows(web_port)
        assert "completed" in main["comment"]
        assert main["marked"] == "\N{LARGE GREEN CIRCLE}"
        assert main["response"]["contentLength"] > 1000
        assert ": 429 usage_limit_reached on " in attempt["comment"]
        assert (attempt["marked"], attempt["response"]["status_code"]) == ("\N{LARGE ORANGE CIRCLE}", 429)

        explained = json.loads(run_command(web_port, "codexlb.explain", f"@{attempt['id']}"))["value"]
        assert "429 usage_limit_reached" in explained
        name = main["comment"].partition(" ")[0]
        assert json.loads(run_command(web_port, "codexlb.account.pause", name)) == {"value": f"Paused {name}."}
        assert "There is no account" in json.loads(run_command(web_port, "codexlb.account.pause", "eve"))["error"]
        assert turn(proxy) == 200
        assert name not in shown_flows(web_port)[-1]["comment"]
        proxy.stop()
    paused = [each["email"] for each in json.loads(run("accounts", "list", "--json")) if each["status"] == "paused"]
    assert paused == [name]


def test_a_bound_keeps_the_newest(simulator: SimulatorProcess, logins: list[dict[str, str]], tmp_path: Path) -> None:
    assert logins
    web_port = free_port()
    with serve(simulator, tmp_path, web_port, "--set", "codexlb_web_flows=4") as proxy:
        assert {turn(proxy) for _ in range(12)} == {200}
        assert len(shown_flows(web_port)) <= 5


async def test_no_secret_is_shown_exported_or_saved(
    simulator: SimulatorProcess, logins: list[dict[str, str]], tmp_path: Path
) -> None:
    """Whatever the upstream quotes, in failed attempts and in answers that pass; client keys and account ids too."""
    web_port, saved = free_port(), tmp_path / "flows"
    key = json.loads(run("keys", "create", "laptop", "--json"))["key"]
    quoted, cookie = quoting(logins), {"set-cookie": POOL_COOKIE}
    with serve(simulator, tmp_path, web_port, "-w", str(saved)) as proxy:
        async with watching(web_port) as pushed:
            simulator.script(
                Fault(path="/responses", status=429, body=quoted, headers=cookie),
                Fault(path="/responses", act=Act.FAILED, at=Moment.CREATED, error=quoted["error"]),
                Fault(path="/responses", headers=cookie),
            )
            assert await asyncio.to_thread(turn, proxy, key) == 200
            assert await asyncio.to_thread(turn, proxy, "sk-clb-" + "w" * 43) == 401
            simulator.script(Fault(path="/responses", status=400, body={"error": quoted["error"] | {"code": "x"}}))
            assert await asyncio.to_thread(turn, proxy, key) == 400
            simulator.script(Fault(path="/responses", status=503, body=quoted, times=9))
            assert await asyncio.to_thread(turn, proxy, key) >= 400
        pages = await asyncio.to_thread(web_pages, web_port)
        flows = await asyncio.to_thread(shown_flows, web_port)
        proxy.stop()

    comments = [flow["comment"] for flow in flows]
    assert sum("attempt " in comment and " of " in comment for comment in comments) >= 3
    assert any("key laptop" in comment for comment in comments)
    planted = Planted(
        {
            "a token": [token for login in logins for token in login.values()],
            "a client's key": [key, "sk-clb-" + "w" * 43, BEARER],
            "a cookie": [COOKIE, POOL_COOKIE],
            "an account id": [login["account_id"] for login in logins],
        }
    )
    assert planted.found_in(json.dumps(quoted).encode())
    shown = {"pages": b"\n".join(pages), "pushed": b"\n".join(pushed), "saved": saved.read_bytes()}
    shown["log"] = proxy.log().encode()
    assert {name: found for name, data in shown.items() if (found := planted.found_in(data))} == {}
    assert all(b"rate_limit_exceeded" in shown[name] for name in ("pages", "pushed", "saved"))
