"""A scene in which secrets come by everywhere: what is said and shown in it is kept in files, to be searched later."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from resource import RLIMIT_CORE, prlimit
from typing import Any
from urllib.parse import parse_qs, urlsplit

from codexlb_store.home import home_folder
from codexlb_store.vault import KEY_NAME
from scripts.simulator.client import SimulatorProcess
from scripts.simulator.journal import Entry
from tests.end_to_end.odd_client import BEARER, COOKIE
from tests.end_to_end.planted import Planted, tokens_in
from tests.end_to_end.relay import RecordingRelay
from tests.ports import free_port
from tests.processes import ProxyProcess, command
from tests.scripts.accounts.login_process import LoginProcess

PATIENCE_SECONDS = 20

TEMPORARY, SAID, LOG, FLOWS, FILES = "tmp", "said", "serve.log", "flows", "files"
SEARCHED = (TEMPORARY, SAID, LOG, FLOWS)
"""Not the files of others: the logins that people import."""


def wait(holds: Callable[[], object], seen: Callable[[], object]) -> None:
    """Look until it is so; fail with what is to be seen when it takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, seen()
        time.sleep(0.05)


@dataclass
class Scene:
    """Everybody who plays: issuer and upstream are one simulator, and all that passes to it goes over `wire`."""

    folder: Path
    simulator: SimulatorProcess
    wire: RecordingRelay
    logins: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    """The auth.json files, and further secrets, that may never have passed there."""

    @property
    def home(self) -> Path:
        return home_folder(os.environ)

    @property
    def key_file(self) -> Path:
        return self.home / KEY_NAME

    @property
    def origins(self) -> list[str]:
        return ["--upstream", self.wire.origin, *self.issuer]

    @property
    def issuer(self) -> list[str]:
        return ["--issuer", self.wire.origin]

    def keep(self, name: str, data: bytes) -> None:
        """Put something that was said or shown where it will be searched."""
        said = self.folder / SAID
        said.mkdir(exist_ok=True)
        (said / f"{len(list(said.iterdir()))}-{name}").write_bytes(data)

    def codexlb(self, *arguments: str | Path, stdin: str = "") -> int:
        """Run a command to its end; its exit code."""
        done = self._run(*arguments, stdin=stdin)
        self.keep("-".join(map(str, arguments[:2])), done.stdout + done.stderr)
        return done.returncode

    def export(self, name: str) -> dict[str, str]:
        """The tokens of an account, from the one command that may say them."""
        done = self._run("accounts", "export", name, "--yes")
        self.keep("export", done.stderr)
        tokens: dict[str, str] = json.loads(done.stdout)["tokens"]
        assert self.planted().found_in(done.stdout)
        return tokens

    def mistyped(self, *arguments: str) -> int:
        """Likewise for a line with secrets in it; who typed them may see them again, so what is said is not kept."""
        return self._run(*arguments).returncode

    def _run(self, *arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[bytes]:
        line = [command("codexlb"), *arguments]
        done = subprocess.run(line, input=stdin.encode(), capture_output=True, timeout=60, check=False)
        assert b"Traceback" not in done.stderr
        return done

    def ended(self, login: LoginProcess) -> int:
        """Wait for a login's end; its exit code."""
        ended = login.ended()
        self.keep("login", (ended.stdout + ended.stderr).encode())
        return ended.exit_code

    def came_back(self, location: str) -> str:
        """Note the code in the address that a browser was sent to."""
        self.others += parse_qs(urlsplit(location).query)["code"]
        return location

    def accounts(self) -> dict[str, Any]:
        """`codexlb accounts list --json`, by e-mail."""
        return {record["email"]: record for record in json.loads(self._run("accounts", "list", "--json").stdout)}

    def faults_met(self) -> list[Entry]:
        """The calls that were answered as scripted."""
        return [entry for entry in self.simulator.log() if entry.fault.status is not None]

    def file(self, name: str, content: str | bytes) -> Path:
        """A file that somebody else keeps: it may hold what it likes."""
        folder = self.folder / FILES
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def login(self, name: str, expires_in: float | None = None) -> str:
        """The auth.json of a new login."""
        self.logins.append(self.simulator.auth_json(name, expires_in))
        return self.logins[-1]

    def serve(self, *arguments: str) -> Crashing:
        """The proxy, not yet started, saying as much as it can."""
        port = free_port()
        line = [command("codexlb"), "serve", "--port", str(port), *self.origins, "--verbose", *arguments]
        return Crashing(line, port, self.folder / LOG)

    def leaks(self) -> dict[Path, list[str]]:
        """Where secrets show: in the data folder, in temporary files, in anything that was said, logged or saved."""
        return self.planted().leaks([self.home, *(self.folder / name for name in SEARCHED)])

    def flows(self) -> bytes:
        """What the proxy saved of its traffic."""
        return (self.folder / FLOWS).read_bytes()

    def planted(self) -> Planted:
        """All secrets that have come by so far."""
        passed = [bytes(data) for each in self.wire.recordings for data in (each.sent, each.received)]
        return Planted(
            {
                "a token": {token for data in (*passed, *map(str.encode, self.logins)) for token in tokens_in(data)},
                "another secret": self.others,
                "the client's bearer": [BEARER],
                "the client's cookie": [COOKIE],
                "the key": [self.key_file.read_text().strip()],
            }
        )


class Crashing(ProxyProcess):
    """A proxy whose log may tell of a crash, because somebody makes it crash."""

    def __exit__(self, *error: object) -> None:
        self.kill()

    def abort(self) -> None:
        """Let it end as by a bug in C code; it leaves its last words, and no core file."""
        prlimit(self._process.pid, RLIMIT_CORE, (0, 0))
        self._process.send_signal(signal.SIGABRT)
        self._process.wait()
