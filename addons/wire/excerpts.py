"""A stream too long to be kept: its pieces in, its beginning and its end out, with a remark of what lies between."""

from __future__ import annotations

MOST_HEAD_BYTES = 1536 * 1024
MOST_TAIL_BYTES = 512 * 1024
"""The last event repeats the whole answer, with its usage; 2 MB are more than a turn has, and a screen shows less."""


class Excerpt:
    """Keeps both ends of what it is fed; it never raises."""

    def __init__(self, head_bytes: int = MOST_HEAD_BYTES, tail_bytes: int = MOST_TAIL_BYTES) -> None:
        self.bytes = 0
        self._head_bytes = head_bytes
        self._tail_bytes = tail_bytes
        self._head = bytearray()
        self._tail = bytearray()

    def feed(self, data: bytes) -> None:
        """Look at the next piece."""
        self.bytes += len(data)
        if room := self._head_bytes - len(self._head):
            self._head += data[:room]
            data = data[room:]
        if data:
            self._tail += data[-self._tail_bytes :]
            if len(self._tail) > 2 * self._tail_bytes:  # not at each piece: that would move the whole tail each time
                del self._tail[: -self._tail_bytes]

    @property
    def content(self) -> bytes:
        """What was kept; the remark reads as a comment in a stream of events."""
        tail = bytes(self._tail[-self._tail_bytes :])
        left_out = self.bytes - len(self._head) - len(tail)
        remark = b"\n\n: %d bytes left out here\n\n" % left_out if left_out else b""
        return bytes(self._head) + remark + tail
