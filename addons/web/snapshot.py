"""What a page shows at a moment: the HTML of its live parts goes in, what a browser lacks of it comes out. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

RETRY_MILLISECONDS = 300
"""Each answer is one event, after which browsers ask again so soon."""

NOTHING_NEW = f"retry: {RETRY_MILLISECONDS}\n: nothing new\n\n".encode()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The live parts of a page by id with a short digest of each, and when the oldest figure in them was read."""

    parts: Mapping[str, str]
    digests: tuple[str, ...]
    read_at: float

    @classmethod
    def of(cls, parts: Mapping[str, str], read_at: float = 0.0) -> Snapshot:
        """These parts; `read_at` in monotonic seconds."""
        return cls(parts, tuple(map(_digest, parts.values())), read_at)

    @property
    def version(self) -> str:
        """What each part holds."""
        return ".".join(self.digests)

    def changed(self, known: str) -> dict[str, str]:
        """The parts that a browser lacks which has the version `known`; all of them for a version of another page."""
        versions = known.split(".")
        if len(versions) != len(self.parts):
            return dict(self.parts)
        pairs = zip(self.parts.items(), self.digests, versions, strict=True)
        return {name: html for (name, html), digest, version in pairs if digest != version}

    def event(self, known: str) -> bytes | None:
        """What to tell such a browser, as a server-sent event; None when it lacks nothing."""
        changed = self.changed(known)
        if not changed:
            return None
        data = json.dumps(changed, separators=(",", ":"))  # one line: JSON writes line ends as \n
        return f"retry: {RETRY_MILLISECONDS}\nid: {self.version}\ndata: {data}\n\n".encode()


def _digest(html: str) -> str:
    return hashlib.blake2s(html.encode("utf-8", "replace"), digest_size=6).hexdigest()
