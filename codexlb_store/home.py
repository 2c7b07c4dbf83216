"""Where Codex-LB keeps its data: the environment goes in, a folder comes out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def home_folder(environ: Mapping[str, str]) -> Path:
    """The folder of the database, the key and the process marks: $CODEXLB_HOME, else ~/.codex-lb."""
    return Path(environ.get("CODEXLB_HOME") or "~/.codex-lb").expanduser()
