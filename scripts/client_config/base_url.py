"""The address of Codex-LB in Codex's configuration: what a person says goes in, the whole URL comes out."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

PATH = "/backend-api/codex"
DEFAULT = f"http://127.0.0.1:2455{PATH}"
"""Where `codexlb serve` listens unless told otherwise."""


class BaseUrlError(ValueError):
    """The address cannot be Codex-LB's; the message is one sentence."""


def base_url(text: str) -> str:
    """The URL for `base_url`, from an origin (https://lb.example.com) or the whole of it; raises BaseUrlError."""
    parts = _split(text)
    path = parts.path.rstrip("/")
    if not path:
        path = PATH
    if not path.removesuffix("/v1").endswith(PATH):
        raise BaseUrlError(f"{text} leads elsewhere: the path of Codex-LB is {PATH}, as in {_origin(parts)}{PATH}.")
    return f"{_origin(parts)}{path}"


def mended(text: str) -> str | None:
    """The URL that was meant by one which stands in a configuration; None where it is another service's."""
    try:
        return base_url(text)
    except BaseUrlError:
        pass
    try:
        parts = _split(text)
    except BaseUrlError:
        return None
    return f"{_origin(parts)}{PATH}" if is_loopback(text) or parts.path.rstrip("/") == "/backend-api" else None


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_exposed(url: str) -> bool:
    """Whether what is sent there can be read on the way."""
    return urlsplit(url).scheme == "http" and not is_loopback(url)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or any(not character.isprintable() or character.isspace() for character in text):
        raise BaseUrlError(f"{text!r} is no address: give one such as {DEFAULT} or https://lb.example.com.")
    if parts.username is not None or parts.query or parts.fragment:
        raise BaseUrlError("The address may have no user, query or fragment: a key is named with --key-env.")
    return parts


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}"
