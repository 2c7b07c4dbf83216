"""`codexlb accounts login` as a process, a person with a browser in front of it, and what the store holds then."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import select
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urljoin, urlsplit

from codexlb_store.accounts import Account
from codexlb_store.home import home_folder
from codexlb_store.schema import open_store
from scripts.proxy_process import free_port
from scripts.simulator.client import SimulatorProcess
from tests.processes import command
from tests.scripts.accounts.people import stored

PATIENCE_SECONDS = 30

INVITED = r"(?s)https?://\S+/oauth/authorize\S+\n.+paste"
"""What stands on the screen when the browser may come."""

Stdin = IO[bytes] | int | None

WITHOUT_STDIN = ("sh", "-c", 'exec "$@" <&-', "sh")


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command ended, and all that it said."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def last_line(self) -> str:
        return self.stdout.splitlines()[-1]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a browser got; `location` is where it is sent on to."""

    status: int
    location: str | None
    text: str
    policy: str


class LoginProcess:
    """The command in a `with` block: killed at its end, if it still runs then.

    `stdin` None is a closed one; `port` 0 is a free one, None leaves the choice to the command.
    """

    def __init__(
        self, issuer: str, *arguments: str, stdin: Stdin = subprocess.DEVNULL, port: int | None = 0, **more: str
    ) -> None:
        self.port = free_port() if port == 0 else port or 0
        self.line = [command("codexlb"), "accounts", "login", "--issuer", issuer, *arguments]
        if port is not None:
            self.line += ["--port", str(self.port)]
        if stdin is None:
            self.line = [*WITHOUT_STDIN, *self.line]
        self.stdin = stdin
        self.environ = os.environ | more
        self.stdout = ""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self.line, stdin=self.stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environ
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.process:
            self.process.kill()

    def says(self, pattern: str) -> str:
        """All that it has said, as soon as something in it looks like that."""
        assert self.process.stdout
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not re.search(pattern, self.stdout):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(self.process.stdout.fileno(), 4096) if ready else b""
            assert piece, f"it did not say {pattern}, but: {self.stdout}"
            self.stdout += piece.decode()
        return self.stdout

    def address(self) -> str:
        """The address it wants to be opened."""
        found: str = re.findall(r"https?://\S+", self.says(INVITED))[0]
        return found

    def types(self, line: str) -> None:
        """A person types or pastes a line."""
        assert self.process.stdin
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def ended(self) -> Ended:
        """Wait for its end; its standard input stays open."""
        assert self.process.stdout and self.process.stderr
        exit_code = self.process.wait(PATIENCE_SECONDS)
        self.stdout += self.process.stdout.read().decode()
        return Ended(exit_code, self.stdout, self.process.stderr.read().decode())


def visit(url: str, method: str = "GET", host: str | None = None) -> Seen:
    """One request of a browser; `host` is what it believes to talk to."""
    parts = urlsplit(url)
    with contextlib.closing(http.client.HTTPConnection(parts.netloc, timeout=PATIENCE_SECONDS)) as connection:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, headers={"host": host} if host else {})
        answer = connection.getresponse()
        location = answer.headers["location"]
        policy = answer.headers["content-security-policy"] or ""
        return Seen(answer.status, location and urljoin(url, location), answer.read().decode(), policy)


def browse(url: str) -> Seen:
    """The page at the end of all redirects."""
    seen = visit(url)
    while seen.location:
        seen = visit(seen.location)
    return seen


def chosen(address: str, name: str) -> str:
    """Where the browser is sent when its person has logged in as that simulated account."""
    location = visit(f"{address}&login_hint={name}").location
    assert location
    return location


def log_in(sim: SimulatorProcess, name: str, *arguments: str) -> Account:
    """One login that goes well; the account it was for."""
    with LoginProcess(sim.origin, *arguments) as process:
        browse(chosen(process.address(), name))
        ended = process.ended()
    assert ended.exit_code == 0, ended.stderr
    return next(account for account in stored() if account.id in ended.last_line)


def is_free(port: int) -> bool:
    """Whether a program can have the port at once, also one that does not ask to reuse it."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def rows() -> list[list[dict[str, Any]]]:
    """Everything in the store about accounts, and about their tokens."""
    with contextlib.closing(open_store(home_folder(os.environ))) as db:
        return [list(db[name].rows) for name in ("accounts", "tokens")]
