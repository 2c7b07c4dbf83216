"""Where Codex-LB keeps its data: the environment goes in, a folder comes out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from codexlb_store.store_error import StoreError

DATABASE_NAME = "codexlb.db"


def home_folder(environ: Mapping[str, str]) -> Path:
    """The folder of the database, the key and the process marks: $CODEXLB_HOME, else ~/.codex-lb.

    Raises StoreError where a home is meant that nobody has.
    """
    folder = Path(environ.get("CODEXLB_HOME") or "~/.codex-lb")
    try:
        return folder.expanduser()
    except RuntimeError as error:
        raise StoreError(
            f"Nobody knows what the ~ of {folder} stands for: set CODEXLB_HOME to a whole path."
        ) from error
