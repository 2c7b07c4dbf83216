"""Where the dashboard's password is tried: a guess goes in, a token for a browser comes out, or why not."""

from __future__ import annotations

import time
import urllib.parse
from functools import partial

from addons.browser_sessions import BrowserSessions
from addons.failed_tries import FailedTries
from addons.store_reader import StoreReader
from codexlb_store.dashboard_password import is_password

MOST_TRIES = 10
"""In a minute from one address: a person mistypes twice or thrice."""

MOST_FORM_BYTES = 8 * 1024
"""A password of the longest kind, each of its characters spelled with twelve."""


class LoginError(Exception):
    """A password was not taken; the message is one sentence for who gave it."""

    def __init__(self, message: str, status: int = 403, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.wait_seconds = wait_seconds


def password_in(form: bytes) -> str:
    """What a browser's form says; "" for a form without a password."""
    try:
        fields = urllib.parse.parse_qs(form.decode("ascii", "replace"), max_num_fields=8)
    except ValueError:
        return ""
    return fields.get("password", [""])[0]


class LoginDesk:
    """Tries one password at a time, and not too many from one address."""

    def __init__(self, sessions: BrowserSessions, reader: StoreReader) -> None:
        self.sessions = sessions
        self.reader = reader
        self.tries = FailedTries(MOST_TRIES)

    async def log_in(self, guess: str, household: str) -> str:
        """The token of a new login; raises LoginError, or ReadError when too many try at once."""
        stored = self.sessions.password
        if stored is None:
            raise LoginError("The dashboard has no password: set one with `codexlb dashboard password`.")
        wait_seconds = self.tries.add(household, time.time())  # also the good one, until it is known to be good
        if wait_seconds is not None:
            message = f"Too many tries from your address: try again in {max(1, round(wait_seconds))} s."
            raise LoginError(message, 429, wait_seconds)
        is_right = await self.reader.work("login", partial(is_password, guess, stored))
        if not is_right or stored is not self.sessions.password:  # it may have been changed meanwhile
            raise LoginError("That is not the password.")
        self.tries.forget(household)
        return self.sessions.begin(time.time())
