"""Whether the proxy can serve a request now, and if not, why, since when and until when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec

from addons.wire.answers import JSON, Answer
from codexlb_store.accounts import AccountStatus
from codexlb_store.pool import Pool, Standing
from codexlb_store.writer import Writer

NO_STORE = ("cache-control", "no-store")


@dataclass(frozen=True, slots=True)
class Readiness:
    """Why nothing can be served (None: it can), and until when if that is known (unix seconds)."""

    reason: str | None
    message: str
    until: float | None = None


READY = Readiness(None, "An account can serve.")

TEXTS = {
    AccountStatus.LIMITED: ("usage_limit_reached", "Every account has used up its quota."),
    AccountStatus.COOLING: ("cooling", "Every account rests after an error."),
    AccountStatus.PAUSED: ("paused", "Every account is paused: see `codexlb accounts list`."),
    AccountStatus.DRAINING: ("draining", "Every account takes no new session: see `codexlb accounts list`."),
    AccountStatus.NEEDS_LOGIN: ("needs_login", "Every account needs a new login: see `codexlb accounts list`."),
    AccountStatus.DEACTIVATED: ("deactivated", "Every account is deactivated: see `codexlb accounts list`."),
}


def readiness(standings: Sequence[Standing], candidates: Collection[object], is_writable: bool) -> Readiness:
    """The pool's accounts as they stand, those the balancer could take, and whether rows get written, in one word."""
    if not is_writable:
        return Readiness("store_unavailable", "The usage database cannot be written: check its disk.")
    if not standings:
        return Readiness("no_accounts", "There is no account yet: add one with `codexlb accounts login`.")
    if candidates:
        return READY
    until = min((standing.until for standing in standings if standing.until is not None), default=None)
    statuses = {standing.status for standing in standings}
    if len(statuses) == 1 and (text := TEXTS.get(min(statuses))):
        return Readiness(*text, until)
    counts = ", ".join(f"{sum(s.status is status for s in standings)} {status}" for status in sorted(statuses))
    return Readiness("no_account_free", f"No account can serve: {counts}.", until)


class Watch:
    """Looks at the pool, and knows since when it has been as it is."""

    def __init__(self, pool: Pool, writer: Writer) -> None:
        self.pool = pool
        self.writer = writer
        self.last = READY
        self.since: float | None = None

    def look(self, now: float) -> Readiness:
        """How it stands at `now` (unix seconds)."""
        found = readiness(self.pool.standings(now), self.pool.candidates(None, (), now), self.writer.healthy)
        if self.since is None or found.reason != self.last.reason:
            self.since = now
        self.last = found
        return found

    def answer(self, now: float) -> Answer:
        """200 or 503, with the reason as JSON; times are unix seconds, null where unknown."""
        found = self.look(now)
        times = {"since": self.since, "until": found.until}
        if found.reason is None:
            return Answer(200, (JSON, NO_STORE), msgspec.json.encode({"status": "ready", "since": self.since}))
        body = {"status": "unavailable", "reason": found.reason, "message": found.message, **times}
        wait = () if found.until is None else (("retry-after", str(max(1, round(found.until - now)))),)
        return Answer(503, (JSON, NO_STORE, *wait), msgspec.json.encode(body))
