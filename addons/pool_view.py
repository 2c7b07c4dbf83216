"""The pool's limits as far as each client's key reaches: computed once for all who are told of them meanwhile."""

from __future__ import annotations

from addons.empty_pool import standings_for
from addons.exchange import Exchange
from addons.wire.pool_figures import headers_of_limits
from codexlb_store.pool import Pool
from codexlb_store.pool_limits import PoolLimits, pool_limits

KEPT_SECONDS = 1.0
"""How late it shows that a limit is over; a fresh reading shows at once. Of fifty accounts it costs some 300 us."""

Reach = tuple[str, ...] | None
"""The accounts that a key is bound to, if it is bound to any."""

Fields = tuple[tuple[bytes, bytes], ...]


class PoolView:
    """Looks at the pool again when a second is over, or when a reading or a decision changed it."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.seen: tuple[int, int] | None = None
        self.seen_at = 0.0
        self.found: dict[Reach, tuple[PoolLimits, Fields]] = {}

    def limits(self, exchange: Exchange, now: float) -> PoolLimits:
        """The limits of the accounts that may serve this client, at `now` (unix seconds)."""
        return self.look(exchange, now)[0]

    def look(self, exchange: Exchange, now: float) -> tuple[PoolLimits, Fields]:
        """The same, and as raw header fields; of now or of up to a second ago."""
        state = self.pool.readings, self.pool.revision
        if state != self.seen or not 0 <= now - self.seen_at < KEPT_SECONDS:
            self.found.clear()
            self.seen, self.seen_at = state, now
        key = exchange.client.key if exchange.client else None
        reach = key.accounts if key else None
        if reach not in self.found:
            limits = pool_limits(standings_for(exchange, self.pool, now), self.pool.windows, now)
            fields = tuple((name.encode(), value.encode()) for name, value in headers_of_limits(limits))
            self.found[reach] = limits, fields
        return self.found[reach]
