"""Which programs are here: their versions go in, whether they fit together comes out."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass

from scripts.client_config.profile import Version
from scripts.doctor.finding import Finding, Trouble, Verdict

OLDEST_PYTHON = (3, 11)

OLDEST_CODEX = (0, 105)
"""The oldest that was tried."""

FITTING_MITMPROXY = {True: "12.2.3", False: "11.0.2"}
"""A mitmproxy that was tried, by whether this Python is new enough for the newer one (3.12)."""


@dataclass(frozen=True, slots=True)
class Versions:
    """What is installed; None is not there, or does not say.

    `drift` is what mitmproxy's core lacks that ours builds on, None where that could not be found out.
    """

    python: tuple[int, int, int]
    codexlb: str | None
    mitmproxy: str | None
    drift: tuple[str, ...] | None
    codex: Version | None
    has_codex: bool


def check_versions(seen: Versions) -> list[Finding]:
    """Python, Codex-LB, mitmproxy and the Codex CLI."""
    return [_python(seen), _codexlb(seen), _mitmproxy(seen), _codex(seen)]


def _python(seen: Versions) -> Finding:
    version = ".".join(map(str, seen.python))
    if seen.python[:2] < OLDEST_PYTHON:
        return Finding("python", Verdict.ERROR, f"Python {version} is too old: Codex-LB needs 3.11.")
    return Finding("python", Verdict.OK, f"Python {version}.")


def _codexlb(seen: Versions) -> Finding:
    if seen.codexlb is None:
        return Finding("codex-lb", Verdict.WARNING, "Codex-LB runs without being installed: its version is not known.")
    return Finding("codex-lb", Verdict.OK, f"Codex-LB {seen.codexlb}.")


def _mitmproxy(seen: Versions) -> Finding:
    fitting = FITTING_MITMPROXY[seen.python >= (3, 12)]
    mend = f"{shlex.quote(sys.executable)} -m pip install mitmproxy=={fitting}"
    if seen.mitmproxy is None or seen.drift is None:
        what = "is not there" if seen.mitmproxy is None else f"{seen.mitmproxy} cannot be loaded"
        return Finding("mitmproxy", Verdict.ERROR, f"mitmproxy {what}: the proxy cannot start.", mend)
    if seen.drift:
        lacks = "; ".join(seen.drift[:3])
        sentence = f"mitmproxy {seen.mitmproxy} is not one that Codex-LB can be built into ({lacks})."
        return Finding("mitmproxy", Verdict.ERROR, sentence, mend)
    return Finding("mitmproxy", Verdict.OK, f"mitmproxy {seen.mitmproxy}, with the core that Codex-LB builds on.")


def _codex(seen: Versions) -> Finding:
    if not seen.has_codex:
        sentence = "There is no `codex` on PATH; the IDE extensions bring their own."
        return Finding("codex cli", Verdict.NOTE, sentence, covers=Trouble.WIRE)
    if seen.codex is None:
        sentence = "The `codex` on PATH does not say its version."
        return Finding("codex cli", Verdict.WARNING, sentence, "codex --version", Trouble.WIRE)
    version = ".".join(map(str, seen.codex))
    if seen.codex < OLDEST_CODEX:
        sentence = f"Codex CLI {version} is older than any that was tried with Codex-LB: its wire format may not fit."
        return Finding("codex cli", Verdict.WARNING, sentence, "npm install -g @openai/codex@latest", Trouble.WIRE)
    return Finding("codex cli", Verdict.OK, f"Codex CLI {version}.", covers=Trouble.WIRE)
