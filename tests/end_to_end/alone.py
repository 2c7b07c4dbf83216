"""A network of one's own: command lines run where nothing but a loopback of theirs exists, with every port free."""

from __future__ import annotations

import subprocess

UNSHARE = ("unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child")
"""The processes are in a namespace of their own, too: whatever was started there ends with the first of them."""


def alone(*line: str) -> list[str]:
    """The command line that runs another one with no network but its own loopback."""
    return [*UNSHARE, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *line]


def why_not_alone() -> str | None:
    """Why that cannot be had here, None if it can."""
    try:
        tried = subprocess.run(alone("true"), capture_output=True, text=True, timeout=30, check=False)
    except FileNotFoundError as error:
        return f"no network namespaces here: {error}"
    return None if tried.returncode == 0 else f"no network namespaces here: {tried.stderr.strip()}"
