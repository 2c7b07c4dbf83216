"""Who may use the proxy, and under which names it is called."""

from __future__ import annotations

import enum
import re

from addons.settings.setting import one_of, text
from addons.wire.peers import parse_networks

HOST_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")


class Auth(enum.StrEnum):
    """From whom a key is asked."""

    AUTO = "auto"  # from everybody as soon as one exists; until then this machine is served without
    REQUIRED = "required"  # from everybody, always
    LOCAL = "local"  # from other machines; this one is served without


def parse_hosts(text: str) -> frozenset[str]:
    """The host names, in lower case, of a list like `codex.example.com, pool`; raises ValueError with one sentence."""
    names = [name for part in text.split(",") if (name := part.strip())]
    for name in names:
        if HOST_NAME.fullmatch(name.lower()) is None:
            raise ValueError(f"{name!r} is no host name: give names like codex.example.com, without scheme or port.")
    return frozenset(name.lower() for name in names)


AUTH = one_of(
    "codexlb_auth",
    Auth.AUTO,
    "Who needs a client key: everybody as soon as one exists (auto), everybody (required), or everybody but this "
    "machine (local).",
)
TRUSTED_PROXIES = text(
    "codexlb_trusted_proxies",
    "",
    "Networks of reverse proxies whose X-Forwarded-For says who asks, as CIDRs, comma separated.",
    parse_networks,
)
ALLOW = text(
    "codexlb_allow", "", "Networks that may use this proxy, as CIDRs, comma separated. Empty: all.", parse_networks
)
HOSTS = text(
    "codexlb_hosts",
    "",
    "Host names by which clients call this proxy, comma separated, beside IP addresses, localhost and this machine's "
    "own name.",
    parse_hosts,
)
