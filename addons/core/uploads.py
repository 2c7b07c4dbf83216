"""The bodies of all requests that a process holds: so many bytes together, however many clients send at a time."""

from __future__ import annotations

MOST_BYTES = 1024 * 1024 * 1024
"""As they came: of sixteen at the limit of one body, or of ten thousand of Codex's turns. What is made of a body to
read it comes and goes in one step, so there is one of those at a time."""


class Uploads:
    """Counts the bytes of each request's body from its first piece to the request's end."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self.total = 0
        self._sizes: dict[str, int] = {}

    def add(self, request_id: str, size: int) -> bool:
        """Count one more piece; False, and it does not count, when there is no room for it."""
        if self.total + size > self.most_bytes:
            return False
        self.total += size
        self._sizes[request_id] = self._sizes.get(request_id, 0) + size
        return True

    def size_of(self, request_id: str) -> int:
        """How much of a request's body is there."""
        return self._sizes.get(request_id, 0)

    def end(self, request_id: str) -> None:
        """The request is done; once is enough."""
        self.total -= self._sizes.pop(request_id, 0)
