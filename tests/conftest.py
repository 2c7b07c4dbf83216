"""What every test stands on: an environment of its own, the real Codex CLI, and the programs run for real."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from addons.settings.catalog import BY_VARIABLE
from scripts.simulator.client import SimulatorProcess
from tests.ports import free_port
from tests.processes import ProxyProcess, command, run

NOT_OURS_TO_MEND = ("ldap3", "mitmproxy", "passlib", "pyparsing")
"""mitmproxy 11 and 12 and what they import use names that newer releases of their dependencies deprecate."""

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
OTHER_SETTINGS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "CODEX_API_KEY", "CODEXLB_KEY_FILE")


def pytest_configure(config: pytest.Config) -> None:
    for module in NOT_OURS_TO_MEND:
        config.addinivalue_line("filterwarnings", f"ignore::DeprecationWarning:{module}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that take long begin first, and the many short ones fill what time is left beside them."""
    items.sort(key=lambda item: "end_to_end" not in item.path.parts)


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a test starts sees this user's folders, logins or proxies."""
    for variable in (*PROXIES, *map(str.upper, PROXIES), *OTHER_SETTINGS, *BY_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    for variable, folder in (
        ("HOME", "home"),
        ("CODEX_HOME", "codex-home"),
        ("CODEXLB_HOME", "codexlb-home"),
    ):
        monkeypatch.setenv(variable, str(tmp_path / folder))


MISSING = {
    "codex": "the Codex CLI is not on PATH: npm install -g @openai/codex",
    "chromium": "Chromium is not on PATH: apt-get install chromium",
}
"""Programs that tests run, by the marker of those tests."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests of a program are skipped without it, but fail where CODEXLB_REQUIRE_CODEX (or ..._CHROMIUM) is set."""
    for program, reason in MISSING.items():
        if item.get_closest_marker(program) is None or shutil.which(program):
            continue
        if os.environ.get(f"CODEXLB_REQUIRE_{program.upper()}"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def codex() -> Path:
    """The real Codex CLI, for tests marked `codex`."""
    found = shutil.which("codex")
    assert found, "a test that takes `codex` must be marked `codex`"
    return Path(found)


@pytest.fixture
def simulator() -> Iterator[SimulatorProcess]:
    """A simulated ChatGPT with three accounts, as a process of its own."""
    with SimulatorProcess(accounts="plus,plus,pro") as running:
        yield running


@pytest.fixture
def accounts(simulator: SimulatorProcess, tmp_path: Path) -> list[Path]:
    """The auth.json files of all simulated accounts, imported as a person would."""
    paths = simulator.write_auth(tmp_path / "logins")
    run("accounts", "import", *paths)
    return paths


class StartProxy(Protocol):
    """Starts a proxy before `upstream` (the simulator by default) with any further arguments of `serve`."""

    def __call__(self, *arguments: str, upstream: str = "") -> ProxyProcess: ...


@pytest.fixture
def proxy(simulator: SimulatorProcess, tmp_path: Path) -> Iterator[StartProxy]:
    """Starts `codexlb serve` as a process of its own; it ends with the test and must not have crashed."""
    with contextlib.ExitStack() as running:

        def start(*arguments: str, upstream: str = "") -> ProxyProcess:
            port = free_port()
            origins = ("--upstream", upstream or simulator.origin, "--issuer", simulator.origin)
            line = [command("codexlb"), "serve", "--port", str(port), *origins, *arguments]
            return running.enter_context(ProxyProcess(line, port, tmp_path / f"serve-{port}.log"))

        yield start
