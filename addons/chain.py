"""The chain: the addons in the order in which they see a request. The only place that wires them together."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence

from addons.balancer import Balancer
from addons.body import Body
from addons.clearance import Clearance
from addons.client_keys import ClientKeys
from addons.consequences import Consequences
from addons.core.codex_core import CodexCore
from addons.credentials import Credentials
from addons.exchange import Exchanges
from addons.gate import Gate
from addons.ledger import Ledger
from addons.meter import Meter
from addons.pages import Pages
from addons.poller import Poller
from addons.safe_options import SafeOptions
from addons.sticky import Sticky
from addons.store_keeper import HOMES_SECONDS, StoreKeeper
from addons.upstream import Upstream
from addons.verdict import Verdict
from codexlb_store.home import home_folder
from codexlb_store.pool import Pool, load_snapshot
from codexlb_store.pricing import load_prices
from codexlb_store.processes import ProcessMark
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault


class Chain:
    """One addon that holds the others: when one of them raises, mitmproxy skips the rest, and what they did not write
    keeps the request from leaving."""

    def __init__(self, addons: Sequence[object]) -> None:
        self.addons = list(addons)


def chain(environ: Mapping[str, str]) -> Chain:
    """The chain over the store in `CODEXLB_HOME`; raises StoreError or VaultError with one sentence."""
    home = home_folder(environ)
    db = open_store(home)
    vault = Vault.open(home, environ)
    pool = Pool(load_snapshot(db, vault, time.time() - HOMES_SECONDS))
    db.close()
    exchanges = Exchanges()
    keeper = StoreKeeper(home, pool, vault, ProcessMark.take(home))
    writer = keeper.writer
    rng = random.Random()
    return Chain(
        [
            SafeOptions(),
            CodexCore(exchanges),
            Gate(exchanges),
            ClientKeys(exchanges),
            Pages(exchanges),
            Body(exchanges),
            Meter(exchanges, pool, writer),
            Verdict(exchanges, pool, Consequences(pool, writer, rng)),
            Sticky(exchanges, pool, writer),
            Balancer(exchanges, pool, rng),
            Credentials(exchanges, pool, writer, vault),
            Upstream(exchanges, pool),
            Ledger(exchanges, writer, load_prices(), keeper.mark.id),
            Poller(pool, writer),
            keeper,  # after all who write: at the end it flushes what they put in
            Clearance(exchanges),
        ]
    )
