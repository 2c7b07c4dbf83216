"""An origin: the scheme, host and port requests are sent to, read from the text a person gave."""

from __future__ import annotations

import dataclasses
import ipaddress
import re

_DEFAULT_PORTS = {"http": 80, "https": 443}

# Not urllib.parse: it drops tabs and newlines and overlooks text behind a bracket.
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?::(?P<port>[0-9]{1,5}))?"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Origin:
    """Where requests go; the host of an IPv6 origin stands without brackets."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The Host header's value; the scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The origin as text, without a slash at the end."""
        return f"{self.scheme}://{self.authority}"


def parse_origin(text: str) -> Origin:
    """Read an origin such as https://chatgpt.com or http://[::1]:8080; anything else is a ValueError."""
    if "@" in text:  # what stands before it may be a password, so nothing is repeated here
        raise ValueError("An origin holds no user name or password: write scheme://host:port.")
    match = _ORIGIN.fullmatch(text.lower())
    port = int(match["port"] or _DEFAULT_PORTS[match["scheme"]]) if match else 0
    if match is None or not 0 < port < 65536 or not _is_host(match["host"]):
        raise ValueError(f"{text!r} is not an origin: write http:// or https://, a host, and maybe :port.")
    return Origin(match["scheme"], match["host"].strip("[]"), port)


def _is_host(host: str) -> bool:
    try:
        return not host.startswith("[") or bool(ipaddress.IPv6Address(host[1:-1]))
    except ValueError:
        return False
