"""The roads to the upstream: a folder to work in goes in, ready proxies come out, and are ended in the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from codexlb_store.ledger import Outcome
from codexlb_store.schema import open_store
from codexlb_store.usage import Dimension, usage
from scripts.benchmark.figures import Target
from scripts.benchmark.logins import auth_json
from scripts.benchmark.processes import BenchmarkError, Cores, output_of, running, wait_until_ready
from scripts.proxy_process import free_port

ACCOUNTS = 4
IMPORT_SECONDS = 30.0
STREAM_SCRIPT = """\
def responseheaders(flow):
    flow.response.stream = True
"""
"""All a person needs so that plain mitmdump passes an answer on while it comes."""


@dataclass(frozen=True, slots=True)
class Road:
    """Where to send turns, and the proxy process they pass through (None for the direct road)."""

    target: Target
    port: int
    pid: int | None


def beside_python(name: str) -> Path:
    """A command that was installed with this package; BenchmarkError when it is missing."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        raise BenchmarkError(f"{name} is not installed beside this Python: install Codex-LB with its dependencies.")
    return path


def mitmdump_command(folder: Path, port: int, upstream: int) -> list[str | Path]:
    """Plain mitmdump, streaming and silent, everything else as it comes."""
    script = folder / "stream.py"
    script.write_text(STREAM_SCRIPT)
    mode = ["--mode", f"reverse:http://127.0.0.1:{upstream}"]
    listen = ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
    quiet = ["-q", "--set", "flow_detail=0", "--set", f"confdir={folder}"]
    return [beside_python("mitmdump"), *mode, *listen, *quiet, "-s", script]


def upstream_command(port: int) -> list[str | Path]:
    """The upstream that all roads lead to."""
    return [sys.executable, "-P", "-m", "scripts.benchmark.upstream", str(port)]


def codexlb_command(port: int, upstream: int, *settings: str) -> list[str | Path]:
    """The whole chain, ledger on; usage polls off, since the upstream has no usage to tell."""
    origin = f"http://127.0.0.1:{upstream}"
    listen = ["--listen", "127.0.0.1", "--port", str(port)]
    options = [word for setting in ("codexlb_poll_seconds=0", *settings) for word in ("--set", setting)]
    return [beside_python("codexlb"), "serve", *listen, "--upstream", origin, "--issuer", origin, *options]


def make_home(home: Path, cores: Cores) -> None:
    """Make a data folder with made-up accounts, by the command people use."""
    home.mkdir(parents=True)
    paths = [home / f"auth-{number}.json" for number in range(ACCOUNTS)]
    for number, path in enumerate(paths):
        path.write_text(auth_json(number))
    output_of([beside_python("codexlb"), "accounts", "import", *paths], cores.proxies, IMPORT_SECONDS, at_home(home))


def at_home(home: Path) -> dict[str, str]:
    """This process's environment with another data folder."""
    return {**os.environ, "CODEXLB_HOME": str(home), "CODEXLB_KEY_FILE": str(home / "codexlb.key")}


@contextmanager
def open_roads(folder: Path, cores: Cores) -> Iterator[list[Road]]:
    """Start upstream and proxies and yield every road; all processes are ended on the way out."""
    make_home(folder, cores)
    upstream, mitmdump, codexlb = free_port(), free_port(), free_port()
    started: list[tuple[Target, int, list[str | Path]]] = [
        (Target.DIRECT, upstream, upstream_command(upstream)),
        (Target.MITMDUMP, mitmdump, mitmdump_command(folder, mitmdump, upstream)),
        (Target.CODEXLB, codexlb, codexlb_command(codexlb, upstream)),
    ]
    with ExitStack() as stack:
        processes = []
        for target, _, argv in started:
            pinned = cores.upstream if target is Target.DIRECT else cores.proxies
            processes.append(stack.enter_context(running(argv, folder / f"{target}.log", pinned, at_home(folder))))
        for (target, port, _), process in zip(started, processes, strict=True):
            wait_until_ready(process, target, port, folder / f"{target}.log")
        pids = [None, *(process.pid for process in processes[1:])]
        yield [Road(target, port, pid) for (target, port, _), pid in zip(started, pids, strict=True)]


@contextmanager
def open_proxies(homes: Mapping[Target, Path], cores: Cores, *settings: str) -> Iterator[dict[Target, Road]]:
    """Start an upstream and a codexlb on each of these data folders; all processes are ended on the way out."""
    with ExitStack() as stack:
        upstream, roads = free_port(), {}
        stack.enter_context(running(upstream_command(upstream), Path(os.devnull), cores.upstream))
        for target, home in homes.items():
            port, log = free_port(), home / "serve.log"
            argv = codexlb_command(port, upstream, *settings)
            process = stack.enter_context(running(argv, log, cores.proxies, at_home(home)))
            wait_until_ready(process, target, port, log)
            roads[target] = Road(target, port, process.pid)
        yield roads


def completed_rows(folder: Path) -> int:
    """How many turns the ledger of a data folder has as completed."""
    with closing(open_store(folder)) as db:
        rows = usage(db, (Dimension.OUTCOME,))
        return sum(row.sums.requests for row in rows if row.groups == (Outcome.COMPLETED,))
