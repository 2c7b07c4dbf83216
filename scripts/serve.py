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
from pathlib import Path
from typing import Any

import click
from mitmproxy import exceptions, master
from mitmproxy.addons import errorcheck, next_layer, proxyserver, save, termlog, tlsconfig
from mitmproxy.options import Options

from addons.core.refusal import refusal
from addons.own_options import as_option
from addons.settings.catalog import BY_NAME, SERVE_DEFAULTS
from addons.settings.listening import LISTEN_HOST, LISTEN_PORT
from addons.settings.upstream import ISSUER, UPSTREAM
from codexlb_store.home import home_folder
from codexlb_store.pricing import PriceError
from codexlb_store.schema import StoreError
from codexlb_store.vault import VaultError
from scripts.serve_doors import check_certificate, check_listen, check_port, check_web, has_keys, host_of
from scripts.serve_wishes import Wanted, wishes

DEAD_END = "http://127.0.0.1:9"
"""Where mitmproxy itself would send a request that the chain did not route: nowhere (the discard port)."""


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
            chain(os.environ, defaults=SERVE_DEFAULTS),
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
    manager.chain.insert(place, manager.register(chain(os.environ, inspection(web.view), SERVE_DEFAULTS)))
    return web


def web_url(web: master.Master) -> str:
    """Where mitmweb is; since it has a password its URL carries a token."""
    found: str = getattr(web, "web_url", f"http://{host_of(web.options.web_host)}:{web.options.web_port}/")
    return found


def options_for(wanted: Wanted) -> Options:
    """The options that must be there before the chain is: what the command line decides on is left alone then."""
    options = Options()
    given = {name: as_option(name, value) for name, value in wanted.settings.items()}
    options.update_defer(mode=[f"reverse:{DEAD_END}"], **given)
    return options


def own_values(wanted: Wanted) -> dict[str, Any]:
    """The options of mitmproxy's own for what was asked for."""
    values: dict[str, Any] = {
        "confdir": str(home_folder(os.environ) / "mitmproxy"),
        "termlog_verbosity": "info" if wanted.verbose else "warn",
    }
    if wanted.flow_file:
        values["save_stream_file"] = str(wanted.flow_file)
    if wanted.web_port is not None:
        values |= {"web_port": wanted.web_port, "web_open_browser": False}
    return values


def apply(options: Options, wanted: Wanted) -> None:
    """Set all options; raises OptionsError with a sentence that names the nearest option for an unknown one."""
    options.update(**own_values(wanted))
    # The chain was told of none yet: while it was built it was not in its place.
    options.update(**{name: getattr(options, name) for name in BY_NAME if name in options})
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
        raise click.ClickException(refusal(problems))


def quiet_at_the_end(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Python 3.11 reports every connection that ends with the loop as an error; newer ones do not."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


async def run(wanted: Wanted) -> None:
    """Serve until a signal comes."""
    options = options_for(wanted)
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
@click.option("--listen", help=f"Address to listen on.  [default: {LISTEN_HOST.default}]")
@click.option("--port", type=click.IntRange(1, 65535), help=f"Port to listen on.  [default: {LISTEN_PORT.default}]")
@click.option("--upstream", help=f"Origin that Codex requests go to.  [default: {SERVE_DEFAULTS[UPSTREAM.name]}]")
@click.option("--issuer", help=f"Origin that refreshes tokens.  [default: {ISSUER.default}]")
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
def command(
    web: bool, web_port: int, sets: tuple[str, ...], flow_file: Path | None, verbose: bool, **chosen: Any
) -> None:
    """Run the proxy in the foreground.

    What is not given here is as `codexlb config` has it, or the variable of a setting.
    """
    wanted = wishes(chosen, sets, flow_file=flow_file, web_port=web_port if web else None, verbose=verbose)
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
