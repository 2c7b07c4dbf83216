"""`codexlb simulator`: runs the simulated ChatGPT in the foreground until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import click

from scripts.simulator.auth_files import write_auth_files
from scripts.simulator.journal import Entry
from scripts.simulator.server import Simulator
from scripts.simulator.world import Settings

DEFAULTS = Settings()


def log_line(entry: Entry) -> str:
    """One request as a person reads it: no token, no body."""
    seconds = (entry.ended_at or entry.at) - entry.at
    words = [f"{entry.number:>5}", entry.account or "-", entry.method, entry.path, str(entry.status or "-")]
    if entry.usage:
        usage = entry.usage
        words.append(f"in {usage.input_tokens:,} (cached {usage.cached_tokens:,}) out {usage.output_tokens:,}")
    return "  ".join([*words, f"{seconds * 1000:.0f} ms", str(entry.ending)])


def say(entry: Entry) -> None:
    """Tells of a request on standard error."""
    click.echo(log_line(entry), err=True)


def stop_signal(until_eof: bool) -> asyncio.Event:
    """Set by SIGINT or SIGTERM; with `until_eof` also by the end of standard input."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if until_eof:
        loop.add_reader(sys.stdin, stop.set)  # nobody writes to it: readable means that it has ended
    return stop


async def run(port: int, write_auth: Path | None, verbose: bool, until_eof: bool, settings: dict[str, Any]) -> None:
    """Serves until told to stop; the ready line is the only thing on standard output."""
    stop = stop_signal(until_eof)
    async with Simulator(port=port, on_end=say if verbose else None, **settings) as simulator:
        if write_auth is not None:
            write_auth_files(write_auth, {name: simulator.auth_json(name) for name in simulator.world.accounts})
        click.echo(json.dumps({"origin": simulator.origin}))
        await stop.wait()


@click.command()
@click.option("--port", default=0, show_default=True, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option(
    "--accounts",
    default=DEFAULTS.accounts,
    show_default=True,
    help="plan, person:plan or person@workspace:plan, with commas.",
)
@click.option("--seed", default=DEFAULTS.seed, show_default=True, help="Same seed, same answers.")
@click.option("--speed", default=DEFAULTS.speed, show_default=True, help="How much faster usage windows run.")
@click.option("--capacity", default=DEFAULTS.capacity, show_default=True, help="Multiplies the size of the windows.")
@click.option("--deltas", default=DEFAULTS.deltas, show_default=True, help="Pieces of text per answer.")
@click.option("--delta-chars", default=DEFAULTS.delta_chars, show_default=True, help="Characters per piece, at least.")
@click.option("--delta-ms", default=DEFAULTS.delta_ms, show_default=True, help="Milliseconds before each piece.")
@click.option("--token-seconds", default=DEFAULTS.token_seconds, show_default=True, help="Life of an access token.")
@click.option("--cache-seconds", default=DEFAULTS.cache_seconds, show_default=True, help="Life of a cached prompt.")
@click.option("--listed-only", default=DEFAULTS.listed_only, show_default=True, help="Refuse models not in the list.")
@click.option("--device-interval", default=DEFAULTS.device_interval, show_default=True, help="Seconds between polls.")
@click.option("--write-auth", type=click.Path(file_okay=False, path_type=Path), help="Write auth.json files there.")
@click.option("--verbose", is_flag=True, help="Say every request on standard error.")
@click.option("--until-eof", is_flag=True, hidden=True, help="Stop when standard input ends.")
def command(port: int, write_auth: Path | None, verbose: bool, until_eof: bool, **settings: Any) -> None:
    """Run a simulated ChatGPT with accounts, usage windows, tokens and streamed answers.

    Prints one JSON line {"origin": ...} when it is ready and runs until SIGINT or SIGTERM.
    """
    try:
        asyncio.run(run(port, write_auth, verbose, until_eof, settings))
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    command()
