"""Which programs are here: asks Python's own records, a second Python that may load mitmproxy, and `codex` itself."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys

from scripts.client_config.profile import codex_version
from scripts.doctor.versions import Versions

LOAD_SECONDS = 30
"""mitmproxy loads in one or two; on a busy machine it takes ten."""

ASK_THE_CONTRACT = "import json; from addons.core import contract; print(json.dumps(contract.problems()))"


def see_versions() -> Versions:
    """What is installed here."""
    mitmproxy = installed("mitmproxy")
    return Versions(
        python=sys.version_info[:3],
        codexlb=installed("codexlb"),
        mitmproxy=mitmproxy,
        drift=core_drift() if mitmproxy else None,
        codex=codex_version(),
        has_codex=shutil.which("codex") is not None,
    )


def installed(package: str) -> str | None:
    """The version of a Python package; None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def core_drift() -> tuple[str, ...] | None:
    """What this mitmproxy's core lacks of what ours builds on; None where that could not be found out."""
    # In a process of its own: the command line must not wait for mitmproxy, nor end with what it may raise.
    line = [sys.executable, "-P", "-c", ASK_THE_CONTRACT]
    try:
        done = subprocess.run(  # noqa: S603 - this very Python
            line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LOAD_SECONDS, check=False
        )
        return tuple(json.loads(done.stdout)) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
