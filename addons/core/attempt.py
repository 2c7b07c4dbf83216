"""One try of a request at one account, and the hook through which the chain says what follows when it failed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from mitmproxy import http
from mitmproxy.proxy import commands

from addons.wire.errors import UpstreamError
from addons.wire.failures import Break
from codexlb_store.ledger import UNKNOWN, Tokens


@dataclass(slots=True, eq=False)
class Attempt:
    """What became of it, for the chain to read; `decided`, `retry` and `reply` are its to write."""

    flow: http.HTTPFlow
    number: int
    started_at: float = field(default_factory=time.time)
    how: Break | None = None
    message: str = ""
    response: http.Response | None = None  # the head, if one came
    body: bytes = b""  # of an error status, as far as it was read
    error: UpstreamError | None = None  # of a stream that failed before its first output
    tokens: Tokens = UNKNOWN  # likewise: what it used all the same
    decided: bool = False  # the last of the chain has spoken; without, nothing of the attempt is passed on
    retry: bool = False  # send the request once more, as it now stands
    reply: http.Response | None = None  # else answer this; else what the upstream answered


@dataclass
class UpstreamAttemptFailedHook(commands.StartHook):
    """An attempt failed and the client has not seen a byte of it."""

    attempt: Attempt
