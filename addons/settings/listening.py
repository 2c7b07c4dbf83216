"""What mitmproxy itself decides and people need: where it listens, with which certificate, how large a body may be."""

from __future__ import annotations

import re
from pathlib import PurePath

from addons.settings.setting import text, whole_number

DEFAULT_PORT = 2455
"""The port that people's Codex configuration already names."""

SIZE = re.compile(r"[0-9]{1,12}[bkmgt]?", re.IGNORECASE)
HIGHEST_PORT = 65_535


def parse_listen_host(text: str) -> str:
    """An address or name to listen on; empty would be every address, which nobody should get by an oversight."""
    if not text or not set(" []").isdisjoint(text):
        raise ValueError(f"{text!r} is no address: give one like 127.0.0.1, or 0.0.0.0 for all.")
    return text


def parse_size(text: str) -> str:
    """A number of bytes as mitmproxy reads it."""
    if SIZE.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no size: give a number of bytes, perhaps with k, m or g, like 64m.")
    return text


def parse_certificate(text: str) -> str:
    """[DOMAIN=]PATH as mitmproxy reads it; nobody knows from where a relative path would lead."""
    path = text.rpartition("=")[2]
    if text and not (PurePath(path).is_absolute() or path.startswith("~")):
        raise ValueError(f"{text!r} is no place of a file: give a path that begins with / or ~.")
    return text


LISTEN_HOST = text("listen_host", "127.0.0.1", "Address to listen on.", parse_listen_host, is_live=False)
LISTEN_PORT = whole_number(
    "listen_port",
    DEFAULT_PORT,
    "Port to listen on.",
    least=1,
    wanted="1 or more",
    most=HIGHEST_PORT,
    is_live=False,
)
CERTS = text(
    "certs",
    "",
    "Serve over TLS with this certificate: a PEM file with its chain and its private key.",
    parse_certificate,
    is_live=False,
)
BODY_SIZE_LIMIT = text(
    "body_size_limit",
    "64m",
    "Largest body of a request or an answer, in bytes on the wire; with k, m or g for more.",
    parse_size,
)
