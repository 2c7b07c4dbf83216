"""The scenes: a plan goes in, codexlb is measured alone and beside those who take much of it, readings come out.

Both halves alternate in one run, so that other work on the machine hits them alike.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path

from codexlb_store.key_changes import create_key
from codexlb_store.keys import Key
from codexlb_store.pricing import load_prices
from codexlb_store.schema import open_store
from codexlb_store.spends import estimate
from scripts.benchmark.figures import SCENES, Figure, Target
from scripts.benchmark.findings import Findings
from scripts.benchmark.load import Load, Sample
from scripts.benchmark.plan import EVENTS, SMALL_BYTES, Measurement, Plan
from scripts.benchmark.processes import READY_SECONDS, BenchmarkError, Cores, last_line, output_of, running
from scripts.benchmark.request import MODEL
from scripts.benchmark.roads import Road, at_home, make_home, open_proxies
from scripts.benchmark.rounds import CLIENT_SECONDS, WARM_UP, Report, send
from scripts.benchmark.sharing import SETTLE_SECONDS, SMALL_EVENTS, Crowd, Sharing
from scripts.benchmark.slow_clients import READY

SMALL_KEYS = 9
SMALL_TURNS = 12
"""Of each small key, running or waiting: alone they wait for the slots too, or there would be nothing to compare.

Ten keys instead of nine share them then, so the fairest line there can be makes the small ones wait an eighth longer.
"""

GREEDY_TURNS = 100
GREEDY_BYTES = 300_000
SLOTS_OF_AN_ACCOUNT = 4
BUSY = Crowd([""], 16, SMALL_BYTES, SMALL_EVENTS)
"""Without a key some 40 turns and 400 events a second: a proxy with much to do, and no line before it."""

FOREVER = 3600.0
"""Longer than any run, in seconds."""

SLOW_CLIENTS = 200
SLICE_SECONDS = 0.8
"""The good client is measured alone and beside in turn, so long each: some hundred turns."""


def greedy_events() -> int:
    """How long the greedy key's turns last, in events: as much longer than a small one as they are dearer.

    Shares are of what turns cost; a key whose turns take longer than they cost would have more of the slots' time.
    """
    prices = load_prices()
    dear, cheap = (estimate(prices, MODEL, None, size).micro_usd for size in (GREEDY_BYTES, SMALL_BYTES))
    return round(SMALL_EVENTS * dear / cheap)


def make_keys(home: Path, count: int) -> list[str]:
    """New client keys in a data folder, as clients show them."""
    with closing(open_store(home)) as db:
        return [create_key(db, Key(f"key-{number}", time.time()))[1] for number in range(count)]


def sharing_command(sharing: Sharing) -> list[str | Path]:
    """The clients of all keys, as a process of their own."""
    return [sys.executable, "-P", "-m", "scripts.benchmark.sharing", json.dumps(asdict(sharing))]


def send_shared(sharing: Sharing, cores: Cores) -> Sample:
    """Let the clients of all keys ask."""
    output = output_of(sharing_command(sharing), cores.client, sharing.seconds + SETTLE_SECONDS + CLIENT_SECONDS)
    return Sample(**json.loads(output))


def note(findings: Findings, figure: Figure, target: Target, sample: Sample) -> None:
    """Keep the 95th percentile of the times to the first token."""
    findings.count(target, sample)
    if sample.first_ms_p95 is not None:
        findings.add({(figure, target): sample.first_ms_p95})


def fair_share(plan: Plan, folder: Path, cores: Cores, findings: Findings, report: Report) -> None:
    """Nine small keys, and the same beside a greedy one, round after round through one proxy."""
    home = folder / "fair-share"
    make_home(home, cores)
    greedy_key, *small_keys = make_keys(home, SMALL_KEYS + 1)
    small = Crowd(small_keys, SMALL_TURNS, SMALL_BYTES, SMALL_EVENTS)
    greedy = Crowd([greedy_key], GREEDY_TURNS, GREEDY_BYTES, greedy_events())
    setting = f"codexlb_account_concurrency={SLOTS_OF_AN_ACCOUNT}"
    with open_proxies({Target.CODEXLB: home}, cores, setting) as roads:
        port = roads[Target.CODEXLB].port
        for number in range(plan.rounds):
            report(f"round {number + 1} of {plan.rounds}: {Measurement.FAIR_SHARE}")
            for target in in_turn(number):
                beside = greedy if target is Target.BESIDE else None
                sample = send_shared(Sharing(port, plan.share_seconds, small, beside), cores)
                note(findings, Figure.SMALL_KEYS_P95, target, sample)


def slow_clients(plan: Plan, folder: Path, cores: Cores, findings: Findings, report: Report) -> None:
    """A good client of two proxies in turn, one of which has hundreds of slow clients all the while."""
    report("warming up")
    homes = {target: folder / "slow-clients" / target for target in SCENES}
    for home in homes.values():
        make_home(home, cores)
    with open_proxies(homes, cores) as roads:
        for road in roads.values():
            findings.count(road.target, send(WARM_UP, road, cores))
        log = folder / "slow-clients" / "log"
        argv = [sys.executable, "-P", "-m", "scripts.benchmark.slow_clients", str(roads[Target.BESIDE].port)]
        with running([*argv, str(SLOW_CLIENTS)], log, cores.upstream) as slow:
            wait_for_all(slow, log)
            report(f"{SLOW_CLIENTS} slow clients for {plan.slow_clients_seconds:g} seconds")
            good_client(plan.slow_clients_seconds, Figure.GOOD_CLIENT_P95, roads, cores, findings)
            if slow.poll() is not None:
                raise BenchmarkError(f"The slow clients have left: {log.read_text()}")


def good_client(seconds: float, figure: Figure, roads: dict[Target, Road], cores: Cores, findings: Findings) -> None:
    """Measure both proxies, one after the other, until the time is up."""
    load = Load(1, SMALL_BYTES, EVENTS, SLICE_SECONDS)
    until, number = time.monotonic() + seconds, 0
    while number == 0 or time.monotonic() < until:
        for target in in_turn(number):
            note(findings, figure, target, send(load, roads[target], cores))
        number += 1


def viewers(plan: Plan, folder: Path, cores: Cores, findings: Findings, report: Report) -> None:
    """A good client of two busy proxies in turn, at one of which everybody looks all the while."""
    report("warming up")
    homes = {target: folder / "viewers" / target for target in SCENES}
    for home in homes.values():
        make_home(home, cores)
    with open_proxies(homes, cores) as roads, ExitStack() as beside:
        others = []
        for target, road in roads.items():
            findings.count(target, send(WARM_UP, road, cores))
            argv = sharing_command(Sharing(road.port, FOREVER, BUSY, None))
            others.append(beside.enter_context(running(argv, homes[target] / "busy.log", cores.upstream)))
        log = folder / "viewers" / "log"
        argv = [sys.executable, "-P", "-m", "scripts.benchmark.viewers", str(roads[Target.BESIDE].port)]
        others.append(beside.enter_context(running(argv, log, cores.upstream, at_home(homes[Target.BESIDE]))))
        wait_for_all(others[-1], log)
        report(f"a dashboard, /metrics and report --watch for {plan.viewers_seconds:g} seconds")
        good_client(plan.viewers_seconds, Figure.LOOKED_AT_P95, roads, cores, findings)
        if any(other.poll() is not None for other in others):
            raise BenchmarkError(
                f"Those who keep the proxies busy, or look on, have left: {last_line(log.read_text())}"
            )


def in_turn(number: int) -> tuple[Target, ...]:
    """Both halves of a scene, beginning with the other one each round."""
    return SCENES if number % 2 == 0 else SCENES[::-1]


def wait_for_all(others: subprocess.Popen[str], log: Path) -> None:
    """Return once all others are connected; BenchmarkError when they end or take too long."""
    deadline = time.monotonic() + READY_SECONDS
    while READY not in log.read_text():
        if others.poll() is not None or time.monotonic() > deadline:
            raise BenchmarkError(f"The others could not connect: {last_line(log.read_text())}")
        time.sleep(0.05)


Scene = Callable[[Plan, Path, Cores, Findings, Report], None]
PLAYED: dict[Measurement, Scene] = {
    Measurement.FAIR_SHARE: fair_share,
    Measurement.SLOW_CLIENTS: slow_clients,
    Measurement.VIEWERS: viewers,
}


def play(
    plan: Plan, wanted: Collection[Measurement], folder: Path, cores: Cores, findings: Findings, report: Report
) -> None:
    """Play the scenes that are wanted. Raises BenchmarkError."""
    for measurement, scene in PLAYED.items():
        if measurement in wanted:
            scene(plan, folder, cores, findings, report)
