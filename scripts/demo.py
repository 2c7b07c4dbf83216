"""`codexlb demo`: Codex-LB at work on this machine alone.

A simulated ChatGPT and the real proxy start as processes of their own, accounts go in, sessions talk, a report comes
out. All of it lives in a temporary folder and is gone afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import time

import click
from rich.console import Console
from rich.live import Live

from codexlb_store.schema import open_store
from scripts.data_folder import DataFolder
from scripts.demo_stage import Stage, StageError, stage
from scripts.demo_traffic import SESSIONS, Traffic
from scripts.demo_view import line, page, report
from scripts.proxy_process import ProxyError
from scripts.real_codex import CodexError, ask_codex
from scripts.simulator.client import SimulatorError
from scripts.terminal import terminal

REFRESH_SECONDS, LINE_SECONDS = 0.25, 2.0
"""How often the page is drawn anew; how often there is a line where nothing can be drawn over."""

PROMPT = "Say in one sentence what you are."

NO_CODEX = "The Codex CLI is not on PATH: install it (npm install -g @openai/codex), or run the demo without --codex."

NEXT = "Yours now: `codexlb accounts login`, then `codexlb serve`."


async def watch(folder: DataFolder, traffic: Traffic, console: Console) -> None:
    """Show the traffic until cancelled: a page that is drawn over, or lines."""
    if not console.is_interactive:
        while True:
            await asyncio.sleep(LINE_SECONDS)
            console.print(line(folder, traffic), soft_wrap=True)
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            live.update(page(folder, traffic, time.time(), console.width), refresh=True)
            await asyncio.sleep(REFRESH_SECONDS)


async def play(played: Stage, traffic: Traffic, console: Console, codex: str | None) -> str | None:
    """Run the traffic and beside it one turn of the real Codex at this path, if any; what that one answered."""
    asking = [ask_codex(codex, traffic.origin, played.folder / "codex", PROMPT)] if codex else []
    with contextlib.closing(open_store(played.home)) as db:
        watching = asyncio.create_task(watch(DataFolder(played.home, db), traffic, console))
        try:
            _, *answers = await asyncio.gather(traffic.run(), *asking)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
    return answers[0] if answers else None


def perform(played: Stage, seconds: float, codex: str | None, console: Console) -> Traffic:
    """The whole demo on a stage that stands: import, proxy, traffic, report."""
    console.print("Codex-LB demo: a simulated ChatGPT and the real proxy, on this machine only.")
    console.print(played.import_accounts().rstrip(), soft_wrap=True)
    began = time.time()
    with played.proxy() as proxy:
        console.print(f"{SESSIONS} Codex sessions talk to {proxy.origin} for {seconds:g} s.")
        traffic = Traffic(proxy.origin, seconds)
        said = asyncio.run(play(played, traffic, console, codex))
    # The proxy has ended and written all it knew.
    with contextlib.closing(open_store(played.home)) as db:
        console.print()
        console.print(report(DataFolder(played.home, db), began, time.time(), console.width))
    console.print()
    if said is not None:
        console.print(f"The real Codex CLI took a turn and heard: {said}", no_wrap=True, overflow="ellipsis")
    return traffic


@click.command()
@click.option("--codex", "with_codex", is_flag=True, help="Let the real Codex CLI take a turn as well.")
@click.option("--seconds", type=click.FloatRange(1, 600), default=10, show_default=True, help="How long sessions talk.")
def command(with_codex: bool, seconds: float) -> None:
    """Show Codex-LB at work; needs no account.

    Simulated accounts, the real proxy and twenty sessions, then the report. Nothing leaves this machine, and nothing
    is left on it.
    """
    codex = shutil.which("codex") if with_codex else None
    if with_codex and codex is None:
        raise click.ClickException(NO_CODEX)
    # As Ctrl-C: everything is cleared away first.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    console = terminal()
    try:
        with stage(seconds) as played:
            tally = perform(played, seconds, codex, console).tally
    except (SimulatorError, StageError, ProxyError, CodexError) as error:
        raise click.ClickException(str(error)) from error
    if tally.failure:
        raise click.ClickException(f"A turn failed after {tally.turns} good ones: {tally.failure}")
    console.print(f"{tally.turns} turns in {tally.sessions} sessions, none failed.", NEXT, sep="\n", soft_wrap=True)
