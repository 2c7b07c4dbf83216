"""What people are told of a mitmproxy that Codex-LB cannot be built into: the contract may fail to load on it."""

from __future__ import annotations

from collections.abc import Sequence

from mitmproxy import version


def refusal(problems: Sequence[str]) -> str:
    """One sentence with what is wrong, a phrase each, and what to install."""
    return (
        f"mitmproxy {version.VERSION} is not one that Codex-LB can be built into "
        f"({'; '.join(problems)}): install mitmproxy 11.0.2 or 12.2."
    )
