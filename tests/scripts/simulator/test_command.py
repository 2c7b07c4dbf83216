from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from scripts.simulator.command import command, log_line
from scripts.simulator.journal import Ending, Entry
from scripts.simulator.usage import Usage


@pytest.fixture
def started(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The command as a person starts it, with its standard input closed."""
    arguments = ["--accounts=free,plus", f"--write-auth={tmp_path / 'logins'}", "--verbose"]
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.simulator.command", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_stops_when_told(
    started: subprocess.Popen[str], number: signal.Signals, tmp_path: Path
) -> None:
    assert started.stdout is not None
    origin = json.loads(started.stdout.readline())["origin"]
    connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=10)
    connection.request("GET", "/elsewhere", headers={"authorization": "Bearer secret"})
    assert connection.getresponse().status == 404
    connection.close()
    started.send_signal(number)
    out, errors = started.communicate(timeout=10)

    assert (started.returncode, out) == (0, "")
    assert "GET  /elsewhere  404" in errors
    assert "secret" not in errors
    assert sorted(path.name for path in (tmp_path / "logins").iterdir()) == ["free-1.json", "plus-1.json"]


def test_a_log_line_tells_account_tokens_and_time() -> None:
    entry = Entry(7, 1_000.0, "POST", "/p", "", (), b"", account="plus-1", status=200)
    entry.usage, entry.ending, entry.ended_at = Usage(1200, 1024, 20, 8), Ending.WHOLE, 1_000.25

    assert log_line(entry) == "    7  plus-1  POST  /p  200  in 1,200 (cached 1,024) out 20  250 ms  whole"


def test_a_log_line_of_a_request_that_spent_nothing() -> None:
    entry = Entry(8, 1_000.0, "GET", "/p", "", (), b"", ending=Ending.LEFT, ended_at=1_001.0)

    assert log_line(entry) == "    8  -  GET  /p  -  1000 ms  left"


@pytest.mark.parametrize(
    ("arguments", "why"), [(["--accounts=gold"], "unknown plan 'gold'"), (["--speed=-1"], "speed must be greater")]
)
def test_a_mistake_is_one_sentence(arguments: list[str], why: str) -> None:
    result = CliRunner().invoke(command, arguments)

    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert why in result.output


def test_a_port_in_use_is_one_sentence() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = CliRunner().invoke(command, [f"--port={taken.getsockname()[1]}"])

    assert result.exit_code == 1
    assert "address already in use" in result.output
