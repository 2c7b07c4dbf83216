"""Where `codexlb serve` may be reached, and by whom: addresses, ports and certificates are judged before it listens."""

from __future__ import annotations

import errno
import ipaddress
import logging
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import click
from mitmproxy import exceptions, version
from mitmproxy.options import Options
from mitmproxy.proxy.mode_specs import ProxyMode

from codexlb_store.home import home_folder
from codexlb_store.keys import load_keys
from codexlb_store.schema import open_store

logger = logging.getLogger(__name__)

MITMWEB_HAS_PASSWORD_SINCE = (11, 1)


def host_of(address: str) -> str:
    """An address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address; a name is not trusted to be one."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_port(host: str, port: int, option: str) -> None:
    """Say in one sentence that a port cannot be had, before mitmproxy says it in many."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:
        raise click.ClickException(
            f"Cannot listen on {host_of(host)}:{port} ({_reason(error)}): {_way_out(error, option)}."
        ) from error


def _reason(error: OSError | UnicodeError) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else "No such name"


def _way_out(error: OSError | UnicodeError, option: str) -> str:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return f"end what holds it or choose another {option}"
        case errno.EACCES:
            return f"choose another {option}, from 1024 on"
        case _:
            return "give an address of this machine"


def is_here(host: str) -> bool:
    """Whether only this machine reaches what listens on an address or name."""
    try:
        found = socket.getaddrinfo(host, None) if host else []
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(is_loopback(str(address[0])) for *_, address in found)


def has_keys(environ: Mapping[str, str]) -> bool:
    """Whether any client key was made; raises StoreError."""
    with closing(open_store(home_folder(environ))) as db:
        return bool(load_keys(db))


def check_listen(options: Options, *, keys_exist: bool) -> None:
    """Without a key nobody on another machine can be served: then there is no door for them either."""
    addresses = [ProxyMode.parse(mode).listen_host(options.listen_host) or "" for mode in options.mode]
    open_to_others = [address for address in addresses if not is_here(address)]
    if not open_to_others:
        return
    if not keys_exist:
        raise exceptions.OptionsError(
            f"Other machines reach {open_to_others[0] or 'every address'} and are served only with a client key: make "
            "one first with `codexlb keys create NAME`, or listen on 127.0.0.1."
        )
    if options.codexlb_auth == "local":
        logger.warning(
            "codexlb_auth is local: who connects from this machine needs no client key, and so does nobody who comes "
            "through a tunnel or a reverse proxy on it that is not in codexlb_trusted_proxies."
        )


def check_web(options: Options) -> None:
    """Older mitmwebs have no password: they must not be reachable from another machine."""
    numbers = tuple(int(part) for part in version.VERSION.split(".")[:2])
    if numbers < MITMWEB_HAS_PASSWORD_SINCE and not is_loopback(options.web_host):
        raise exceptions.OptionsError(
            f"mitmweb {version.VERSION} has no password, so web_host must be 127.0.0.1, not {options.web_host!r}."
        )


def check_certificate(file: Path) -> None:
    """Say in one sentence what is wrong with a certificate; mitmproxy would say it to the first client."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file)
    except OSError as error:
        reason = error.strerror if not isinstance(error, ssl.SSLError) else error.reason or "not PEM"
        raise click.ClickException(
            f"The certificate {file} cannot be used ({reason}): give a PEM file with the certificate, its chain "
            "and its private key without a password."
        ) from error
