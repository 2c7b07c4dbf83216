"""auth.json files of simulated accounts, written where `codexlb accounts import` can read them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def write_auth_files(folder: Path, logins: Mapping[str, str]) -> list[Path]:
    """Writes each account's auth.json as `<name>.json`, readable by its owner only; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.json" for name in logins]
    for path, text in zip(paths, logins.values(), strict=True):
        path.touch(mode=0o600)
        path.write_text(text)
    return paths
