"""The simulator as a process of its own, and its control API as plain calls: for tests and the demo."""

from __future__ import annotations

import contextlib
import http.client
import json
import select
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, urlsplit

import msgspec

from scripts.simulator.account import AccountChange, AccountView, Books
from scripts.simulator.auth_files import write_auth_files
from scripts.simulator.faults import Fault
from scripts.simulator.journal import Entry

READY_SECONDS, ANSWER_SECONDS = 30.0, 30.0


class SimulatorError(Exception):
    """The simulator did not start, or did not understand a request."""


class SimulatorProcess:
    """Starts `codexlb simulator`: `with SimulatorProcess("plus,pro", speed=600) as sim: ... sim.origin`.

    Options are those of the command, by name (`delta_ms=5`). The process ends with the `with` block, and also
    if this process dies.
    """

    def __init__(self, accounts: str = "plus,plus,pro", **options: str | float) -> None:
        self.origin = ""
        self._arguments = [f"--accounts={accounts}"]
        self._arguments += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> SimulatorProcess:
        arguments = [sys.executable, "-P", "-m", "scripts.simulator.command", "--until-eof", *self._arguments]
        with tempfile.TemporaryFile("w+") as errors, contextlib.ExitStack() as undo:
            process = subprocess.Popen(  # noqa: S603 - our own command
                arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )
            self._process = process
            undo.callback(self._stop)
            line = _first_line(process)
            if not line:
                errors.seek(0)
                raise SimulatorError(f"The simulator did not start. It said: {errors.read().strip() or 'nothing'}")
            self.origin = json.loads(line)["origin"]
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def log(self, since: int = 0) -> list[Entry]:
        """What was received after entry number `since`, oldest first."""
        return msgspec.json.decode(self._call("GET", f"log?since={since}"), type=list[Entry])

    def accounts(self) -> list[AccountView]:
        """The accounts with their windows and books."""
        return msgspec.json.decode(self._call("GET", "accounts"), type=list[AccountView])

    def books(self) -> dict[str, Books]:
        """What every account was asked and gave."""
        return {account.name: account.books for account in self.accounts()}

    def auth_json(self, name: str, expires_in: float | None = None) -> str:
        """The auth.json of a new login; its access token is good for `expires_in` seconds."""
        query = "" if expires_in is None else f"?expires_in={expires_in}"
        return self._call("GET", f"auth/{quote(name)}{query}").decode()

    def write_auth(self, folder: Path, names: Sequence[str] = ()) -> list[Path]:
        """Writes an auth.json for each account (or those named) into a folder; returns the paths."""
        wanted = names or [account.name for account in self.accounts()]
        return write_auth_files(folder, {name: self.auth_json(name) for name in wanted})

    def script(self, *faults: Fault) -> None:
        """Queues faults for the calls to come."""
        self._call("POST", "faults", msgspec.json.encode(faults))

    def clear_faults(self) -> None:
        self._call("DELETE", "faults")

    def change(self, name: str, change: AccountChange) -> None:
        """Does something to an account: fills a window, expires its tokens, deactivates it."""
        self._call("POST", f"accounts/{quote(name)}", msgspec.json.encode(change))

    def approve_device(self, user_code: str, name: str) -> None:
        """Allows the device that shows this code to log in as that account."""
        self._call("POST", f"device/{quote(user_code)}", msgspec.json.encode({"account": name}))

    def refuse_device(self, user_code: str) -> None:
        """Refuses the login of the device that shows this code."""
        self._call("DELETE", f"device/{quote(user_code)}")

    def _call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        connection = http.client.HTTPConnection(urlsplit(self.origin).netloc, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, f"/_simulator/{path}", body)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise SimulatorError(f"{method} {path}: {content.decode(errors='replace')}")
        return content

    def _stop(self) -> None:
        assert self._process is not None
        with self._process as process:  # closes its pipes and waits for it
            process.kill()  # it keeps nothing that would have to be saved


def _first_line(process: subprocess.Popen[str]) -> str:
    """What it says when it is ready; nothing if it ended instead, or took too long."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], READY_SECONDS)
    return process.stdout.readline() if readable else ""
