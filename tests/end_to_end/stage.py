"""A proxy before a simulated ChatGPT, with a home of its own: stages may play at the same time in one process."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codexlb_store.account_views import account_views
from codexlb_store.accounts import AccountStatus, account_id
from codexlb_store.exchanges import ExchangeRow, requests
from codexlb_store.schema import open_store
from scripts.benchmark.procfs import PROC, resident_bytes
from scripts.simulator.client import SimulatorProcess
from scripts.simulator.journal import Entry
from tests.end_to_end.codex_cli import CodexHome, provider
from tests.end_to_end.relay import RecordingRelay
from tests.ports import free_port
from tests.processes import ProxyProcess, command

SETTINGS = ("codexlb_strategy=round_robin", "codexlb_poll_seconds=0")
"""The accounts take turns in a known order, and scripted limits are not read away."""

COMMAND_SECONDS = 30


class Serve(ProxyProcess):
    """A proxy that is looked at from outside."""

    def resident_bytes(self) -> int:
        """The memory that it holds."""
        return resident_bytes(self._process.pid)

    def sockets(self) -> int:
        """How many sockets it holds."""
        found = 0
        for link in (PROC / str(self._process.pid) / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                found += str(link.readlink()).startswith("socket:")
        return found


@dataclass(frozen=True, slots=True)
class Stage:
    """All that plays: the recorder `before` stands between client and proxy; accounts are known by their names."""

    folder: Path
    simulator: SimulatorProcess
    proxy: Serve
    before: RecordingRelay
    names: dict[str, str]
    """The simulator's name of each account id, in the order of the ids: so the round robin begins."""

    @property
    def home(self) -> Path:
        return home_in(self.folder)

    @property
    def in_turn(self) -> list[str]:
        """The names of the accounts, the one that is asked first at the head."""
        return list(self.names.values())

    def codex(self, codex: Path, name: str = "OpenAI") -> CodexHome:
        """A real client of this proxy; of all other hosts it reaches none."""
        nowhere = f"http://127.0.0.1:{free_port()}"
        return CodexHome(codex, self.folder / "client", provider(name, self.before.origin), nowhere)

    def calls(self, since: int = 0) -> list[Entry]:
        """What reached the upstream of Codex's own requests, as its journal has it."""
        return [entry for entry in self.simulator.log(since) if entry.path.endswith("/responses")]

    def rows(self) -> list[ExchangeRow]:
        """The ledger, oldest first; only complete after the proxy ended."""
        with contextlib.closing(open_store(self.home)) as db:
            return requests(db, 100_000)[::-1]

    def attempts(self, row: ExchangeRow) -> list[tuple[str | None, str | None]]:
        """The accounts that were tried for a request, and what each failed of."""
        return [(self.names.get(attempt.account_id or ""), attempt.failure) for attempt in row.attempts]

    def status(self, name: str, now: float) -> AccountStatus:
        """How an account stood at `now` (unix seconds)."""
        with contextlib.closing(open_store(self.home)) as db:
            views = account_views(db, now, ())
        return next(view.status for view in views if self.names[view.account.id] == name)

    def listed(self) -> dict[str, dict[str, Any]]:
        """`codexlb accounts list --json`, by name."""
        records = json.loads(codexlb(self.folder, "accounts", "list", "--json"))
        return {self.names[record["id"]]: record for record in records}

    def wait_for(self, count: int, seconds: float = 20) -> list[ExchangeRow]:
        """The ledger once it has so many rows and each is closed, while the proxy goes on."""
        deadline = time.monotonic() + seconds
        while len(rows := self.rows()) < count or any(row.outcome is None for row in rows):
            assert time.monotonic() < deadline, f"{len(rows)} of {count} rows, or some are still open"
            time.sleep(0.1)
        return rows


def home_in(folder: Path) -> Path:
    return folder / "codexlb-home"


def environment(folder: Path, *line: str) -> list[str]:
    """A command line that runs another one with this stage's environment and no other."""
    settings = {"PATH": os.environ["PATH"], "HOME": str(folder), "CODEXLB_HOME": str(home_in(folder))}
    return ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in settings.items()), *line]


def codexlb(folder: Path, *arguments: str) -> str:
    """Runs `codexlb ARGUMENTS` on this stage and returns its stdout."""
    line = environment(folder, command("codexlb"), *arguments)
    done = subprocess.run(line, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def stage(folder: Path, accounts: str = "x:plus,y:plus", *settings: str, **simulated: float) -> Iterator[Stage]:
    """Sets a stage in an empty folder; `settings` are further options of the proxy, `simulated` of the simulator."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as running:
        simulator = running.enter_context(SimulatorProcess(accounts or "x:plus", **simulated))
        seats = simulator.accounts() if accounts else []
        if seats:
            logins = simulator.write_auth(folder / "logins", [seat.name for seat in seats])
            codexlb(folder, "accounts", "import", *map(str, logins))
        options = [word for setting in (*SETTINGS, *settings) for word in ("--set", setting)]
        origins = ("--upstream", simulator.origin, "--issuer", simulator.origin)
        port = free_port()
        line = environment(folder, command("codexlb"), "serve", "--port", str(port), *origins, *options)
        proxy = running.enter_context(Serve(line, port, folder / "serve.log"))
        before = running.enter_context(RecordingRelay(proxy.address))
        names = {account_id(seat.user_id, seat.chatgpt_account_id): seat.name for seat in seats}
        yield Stage(folder, simulator, proxy, before, {known: names[known] for known in sorted(names)})


@contextlib.contextmanager
def another_proxy(setting: Stage) -> Iterator[Serve]:
    """One more process on the same data folder, beside the first or after it."""
    port = free_port()
    options = [word for option in SETTINGS for word in ("--set", option)]
    origins = ("--upstream", setting.simulator.origin, "--issuer", setting.simulator.origin)
    line = environment(setting.folder, command("codexlb"), "serve", "--port", str(port), *origins, *options)
    with Serve(line, port, setting.folder / f"serve-{port}.log") as proxy:
        yield proxy
