"""What ends a command on sessions: one whole sentence for the person."""

from __future__ import annotations


class SessionsError(Exception):
    """Sessions cannot be read or changed; the message is one sentence that says what to do."""
