"""The files that the dashboard's pages use: read once from the package, known by their names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
"""By the end of a name; a file of another kind is not served."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file with what a browser is told of it."""

    body: bytes
    content_type: str
    etag: str


def read_assets(folder: Path) -> dict[str, Asset]:
    """Every file of a folder that may be served, by its name."""
    return {path.name: _read(path) for path in sorted(folder.iterdir()) if path.suffix in TYPES}


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    return Asset(body, TYPES[path.suffix], f'"{hashlib.sha256(body).hexdigest()[:32]}"')
