"""Where the demo plays: a temporary folder, a simulated ChatGPT with accounts, and our own commands between them.

All of it is gone when the stage is left.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.proxy_process import CODEXLB, ProxyProcess
from scripts.simulator.account import AccountChange, WindowChange
from scripts.simulator.client import SimulatorProcess

ACCOUNTS = "ann:plus,bob:pro,carol:team"

FIVE_HOURS, WEEK = 300, 10_080
"""Window lengths in minutes."""

PAST = {
    "ann": ((FIVE_HOURS, 31, 8_100), (WEEK, 12, 276_000)),
    "bob": ((FIVE_HOURS, 18, 3_300), (WEEK, 64, 442_000)),
    "carol": ((FIVE_HOURS, 4, 15_200), (WEEK, 37, 91_000)),
}
"""People come with windows that are partly used: length, percent used and seconds to the reset of each."""

CAPACITY_PER_SECOND = 0.012
"""Makes windows so small that the traffic can be seen in them, and so large that it does not fill them."""

PIECES, PIECE_MS = 24, 12
"""An answer streams for a third of a second."""

IMPORT_SECONDS = 20


class StageError(Exception):
    """The stage could not be set; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A folder of its own, the simulated ChatGPT, and the environment that puts our commands into that folder."""

    folder: Path
    simulator: SimulatorProcess
    environ: dict[str, str]

    @property
    def home(self) -> Path:
        """The data folder of Codex-LB."""
        return self.folder / "home"

    def proxy(self) -> ProxyProcess:
        """A proxy in front of the simulated ChatGPT, to be started."""
        return ProxyProcess(self.simulator.origin, self.environ, self.folder / "proxy.log")

    def import_accounts(self) -> str:
        """Import the simulated logins as a person would; what the command said. Raises StageError."""
        logins = self.simulator.write_auth(self.folder / "logins")
        done = subprocess.run(  # noqa: S603 - our own command
            [*CODEXLB, "accounts", "import", *map(str, logins)],
            capture_output=True,
            text=True,
            check=False,
            timeout=IMPORT_SECONDS,
            env=self.environ,
        )
        if done.returncode:
            raise StageError(f"The simulated accounts could not be imported: {done.stderr.strip()}")
        return done.stdout


@contextlib.contextmanager
def stage(seconds: float) -> Iterator[Stage]:
    """Set the stage for so many seconds of traffic, and clear it in the end; raises SimulatorError."""
    capacity = CAPACITY_PER_SECOND * seconds
    with (
        tempfile.TemporaryDirectory(prefix="codexlb-demo-") as name,
        SimulatorProcess(ACCOUNTS, deltas=PIECES, delta_ms=PIECE_MS, capacity=capacity) as simulator,
    ):
        for account, windows in PAST.items():
            simulator.change(account, AccountChange(windows=tuple(_change(*window) for window in windows)))
        folder = Path(name)
        environ = {key: value for key, value in os.environ.items() if key != "CODEXLB_KEY_FILE"}
        yield Stage(folder, simulator, {**environ, "CODEXLB_HOME": str(folder / "home")})


def _change(minutes: int, used_percent: float, resets_in_seconds: float) -> WindowChange:
    return WindowChange(minutes=minutes, used_percent=used_percent, resets_in_seconds=resets_in_seconds)
