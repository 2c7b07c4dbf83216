"""The laboratory of the end-to-end tests: recorders before and behind a real proxy, and the real client."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import pytest

from scripts.simulator.client import SimulatorProcess
from tests.conftest import StartProxy
from tests.end_to_end.codex_cli import CodexHome
from tests.end_to_end.codex_versions import VERSIONS, CodexVersion
from tests.end_to_end.lab import Lab
from tests.end_to_end.relay import RecordingRelay
from tests.ports import free_port


class BuildLab(Protocol):
    """Builds the laboratory around `codexlb serve` with these further arguments."""

    def __call__(self, *arguments: str) -> Lab: ...


@pytest.fixture
def lab(simulator: SimulatorProcess, accounts: list[Path], proxy: StartProxy) -> Iterator[BuildLab]:
    """Recorders before and behind the proxy; all of them end with the test."""
    where = urlsplit(simulator.origin)
    assert accounts and where.hostname and where.port
    upstream = (where.hostname, where.port)
    with contextlib.ExitStack() as running:

        def build(*arguments: str) -> Lab:
            behind = running.enter_context(RecordingRelay(upstream))
            started = proxy(*arguments, upstream=behind.origin)
            before = running.enter_context(RecordingRelay(started.address))
            return Lab(simulator, started, before, behind)

        yield build


@pytest.fixture
def client(codex: Path, tmp_path: Path) -> Callable[[str], CodexHome]:
    """Makes a real Codex CLI with this configuration; the only hosts it reaches are on loopback."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    return lambda config: CodexHome(codex, tmp_path / "client", config, nowhere)


OLDER = [pytest.param(version, id=str(version), marks=pytest.mark.older_codex) for version in VERSIONS[1:]]


@pytest.fixture(params=[pytest.param(VERSIONS[0], id=str(VERSIONS[0])), *OLDER])
def version(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> CodexVersion:
    """Each Codex CLI in turn; it is the first `codex` on PATH, where `client-config` asks for its version."""
    wanted: CodexVersion = request.param
    if reason := wanted.why_not_here():
        (pytest.fail if os.environ.get("CODEXLB_REQUIRE_CODEX") else pytest.skip)(reason)
    monkeypatch.setenv("PATH", os.pathsep.join((str(wanted.program.parent), os.environ["PATH"])))
    return wanted
