"""`codexlb serve`: mitmproxy in this process, with the chain in it and nothing that the chain does not need.

Options go in as on the command line; the proxy runs in the foreground until SIGINT or SIGTERM.
"""

from __future__ import annotations

import asyncio
import difflib
import io
import logging
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from mitmproxy import exceptions, master, version
from mitmproxy.addons import errorcheck, next_layer, proxyserver, save, termlog, tlsconfig
from mitmproxy.options import Options

from codexlb_store.home import home_folder
from codexlb_store.pricing import PriceError
from codexlb_store.schema import StoreError
from codexlb_store.vault import VaultError
from scripts.serve_doors import check_certificate, check_listen, check_port, check_web, has_keys, host_of

DEFAULT_PORT = 2455
"""The port that people's Codex configuration already names."""

DEAD_END = "http://127.0.0.1:9"
"""Where mitmproxy itself would send a request that the chain did not route: nowhere (the discard port)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    listen: str
    port: int
    upstream: str
    issuer: str
    sets: tuple[str, ...]
    flow_file: Path | None
    web_port: int | None
    verbose: bool
    certificate: Path | None = None


class SlimMaster(master.Master):
    """mitmdump without the addons that a Codex proxy has no use for: each of them is asked for every hook."""

    def __init__(self, options: Options) -> None:
        from addons.chain import chain  # only once `check_core` has looked
        from addons.core.dispatch import HookTable

        super().__init__(options)
        self.addons = HookTable(self)
        self._termlog_addon = termlog.TermLog()  # where Master itself keeps it, to end it last of all
        self.addons.add(  # type: ignore[no-untyped-call]
            self._termlog_addon,
            errorcheck.ErrorCheck(repeat_errors_on_stderr=True),
            proxyserver.Proxyserver(),
            tlsconfig.TlsConfig(),
            chain(os.environ),
            next_layer.NextLayer(),
            save.Save(),
        )


def web_master(options: Options) -> master.Master:
    """mitmweb with the chain where scripts stand: before the view, so that it never shows what the chain removes."""
    from mitmproxy.tools.web.master import WebMaster  # 6 MB that the plain proxy does not need

    from addons.chain import chain
    from addons.flows.inspection import inspection

    web = WebMaster(options)
    manager: Any = web.addons
    place = manager.chain.index(manager.get("scriptloader"))
    manager.chain.insert(place, manager.register(chain(os.environ, inspection(web.view))))
    return web


def web_url(web: master.Master) -> str:
    """Where mitmweb is; since it has a password its URL carries a token."""
    found: str = getattr(web, "web_url", f"http://{host_of(web.options.web_host)}:{web.options.web_port}/")
    return found


def settings(wanted: Wanted) -> dict[str, Any]:
    """The mitmproxy options for what was asked for."""
    values: dict[str, Any] = {
        "mode": [f"reverse:{DEAD_END}@{wanted.listen}:{wanted.port}"],  # without brackets, also for IPv6
        "confdir": str(home_folder(os.environ) / "mitmproxy"),
        "codexlb_upstream": wanted.upstream,
        "codexlb_issuer": wanted.issuer,
        "termlog_verbosity": "info" if wanted.verbose else "warn",
    }
    if wanted.flow_file:
        values["save_stream_file"] = str(wanted.flow_file)
    if wanted.certificate:
        values["certs"] = [f"*={wanted.certificate}"]
    if wanted.web_port is not None:
        values |= {"web_port": wanted.web_port, "web_open_browser": False}
    return values


def apply(options: Options, wanted: Wanted) -> None:
    """Set all options; raises OptionsError with a sentence that names the nearest option for an unknown one."""
    values = settings(wanted)
    options.update(mode=values.pop("mode"))  # by itself: what is refused below must not set it back
    options.update(**values)
    for item in wanted.sets:
        name = item.partition("=")[0]
        if name not in options:
            near = difflib.get_close_matches(name, options.keys(), n=1)
            hint = f"did you mean {near[0]}?" if near else "see the options in the README."
            raise exceptions.OptionsError(f"There is no option {name!r}: {hint}")
        set_option(options, item)


def set_option(options: Options, item: str) -> None:
    """Set NAME=VALUE; mitmproxy does not say which option a value does not fit."""
    name = item.partition("=")[0]
    try:
        options.set(item)
    except exceptions.OptionsError as error:
        raise exceptions.OptionsError(str(error) if name in str(error) else f"{name}: {error}") from error


def check_core() -> None:
    """Refuse to start on a mitmproxy of another shape, before our modules fail to load on it."""
    try:
        from addons.core import contract

        problems = contract.problems()
    except (ImportError, AttributeError) as error:
        problems = [str(error)]
    if problems:
        raise click.ClickException(
            f"mitmproxy {version.VERSION} is not one that Codex-LB can be built into "
            f"({'; '.join(problems)}): install mitmproxy 11.0.2 or 12.2."
        )


def quiet_at_the_end(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Python 3.11 reports every connection that ends with the loop as an error; newer ones do not."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


async def run(wanted: Wanted) -> None:
    """Serve until a signal comes."""
    options = Options()
    running = SlimMaster(options) if wanted.web_port is None else web_master(options)
    apply(options, wanted)
    check_listen(options, keys_exist=has_keys(os.environ))
    if wanted.web_port is not None:
        check_web(options)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(quiet_at_the_end)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, running.shutdown)
    scheme = "https" if wanted.certificate else "http"
    click.echo(f"Codex-LB listens on {scheme}://{host_of(wanted.listen)}:{wanted.port}/backend-api/codex", err=True)
    if wanted.web_port is not None:
        click.echo(f"mitmweb shows its traffic on {web_url(running)}", err=True)
    await running.run()


@click.command()
@click.option("--listen", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port to listen on.",
)
@click.option("--upstream", default="https://chatgpt.com", show_default=True, help="Origin that Codex requests go to.")
@click.option("--issuer", default="https://auth.openai.com", show_default=True, help="Origin that refreshes tokens.")
@click.option(
    "--cert",
    "certificate",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Serve over TLS with this certificate (PEM with its private key).",
)
@click.option("--set", "sets", multiple=True, metavar="OPTION=VALUE", help="Set an option; may be repeated.")
@click.option("-w", "flow_file", type=click.Path(path_type=Path, dir_okay=False), help="Save the flows to this file.")
@click.option("--web", is_flag=True, help="Inspect the traffic in a browser (mitmweb).")
@click.option("--web-port", default=8081, show_default=True, type=click.IntRange(1, 65535), help="Port of mitmweb.")
@click.option("--verbose", is_flag=True, help="Log every connection.")
def command(web: bool, web_port: int, **chosen: Any) -> None:
    """Run the proxy in the foreground."""
    wanted = Wanted(web_port=web_port if web else None, **chosen)
    for option, value in (("--upstream", wanted.upstream), ("--listen", wanted.listen)):
        if not value:
            raise click.ClickException(f"{option} is empty: give a value or leave it out.")
    if wanted.certificate:
        check_certificate(wanted.certificate)
    check_core()
    check_port(wanted.listen, wanted.port, "--port")
    if wanted.web_port is not None:
        check_port("127.0.0.1", wanted.web_port, "--web-port")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # the log goes there, and into a file it must go at once too
    logging.getLogger().setLevel(logging.INFO if wanted.verbose else logging.WARNING)
    try:
        asyncio.run(run(wanted))
    except (exceptions.OptionsError, exceptions.AddonManagerError, StoreError, VaultError, PriceError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"The proxy cannot start: {error}.") from error
