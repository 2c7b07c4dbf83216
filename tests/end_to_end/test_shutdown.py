"""The proxy ends while clients are connected: without a crash, and without a request missing from the ledger."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.simulator.client import SimulatorProcess
from scripts.simulator.faults import Act, Fault, Moment
from tests.captures import captured
from tests.conftest import StartProxy
from tests.processes import ProxyProcess, run

Connect = Callable[[ProxyProcess], http.client.HTTPConnection]
End = Callable[[ProxyProcess], None]

STALLS = Fault(path="/responses", act=Act.SILENCE, at=Moment.OUTPUT)
"""Begins to answer, and then says nothing more."""


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes connections to a proxy; they are closed after the test."""
    with contextlib.ExitStack() as made:
        yield lambda proxy: made.enter_context(
            contextlib.closing(http.client.HTTPConnection(*proxy.address, timeout=30))
        )


def test_the_proxy_ends_quietly_while_a_client_keeps_its_connection(proxy: StartProxy, connect: Connect) -> None:
    started = proxy()
    connection = connect(started)
    connection.request("GET", "/health")
    assert connection.getresponse().read()

    started.stop()

    no_account, listens = started.log().splitlines()
    assert "listens on" in listens
    assert "There is no account yet" in no_account


def ledger() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(run("report", "requests", "--json"))["rows"]
    return rows


def wait_for_a_row(seconds: float = 10) -> None:
    """Rows are written in batches, within a twentieth of a second of the request."""
    deadline = time.monotonic() + seconds
    while not ledger():
        assert time.monotonic() < deadline, "the request has no row"


@pytest.mark.parametrize("end", [ProxyProcess.stop, ProxyProcess.kill], ids=["told to end", "killed"])
def test_a_turn_that_the_proxy_did_not_survive_is_in_the_ledger_once(
    proxy: StartProxy, connect: Connect, accounts: list[Path], simulator: SimulatorProcess, end: End
) -> None:
    """A row that could not be closed at the end is closed at the next start."""
    assert accounts
    simulator.script(STALLS)
    [turn] = captured("turn1_full")
    first = proxy()
    connection = connect(first)
    connection.request(turn.method, turn.path, turn.body, {"content-type": "application/json"})
    with connection.getresponse() as answer:
        assert answer.read1(10)
        wait_for_a_row()
        end(first)
    proxy().stop()

    [row] = ledger()
    assert row["outcome"] in ("lost", "cancelled")
    assert row["account"]
    assert row["input_tokens"] is None
