"""The chain: the addons in the order in which they see a request. The only place that wires them together."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence

from addons.api import Api
from addons.balancer import Balancer
from addons.body import Body
from addons.cache_ledger import CacheLedger
from addons.clearance import Clearance
from addons.client_keys import ClientKeys
from addons.consequences import Consequences
from addons.core.codex_core import CodexCore
from addons.credentials import Credentials
from addons.dashboard import Dashboard
from addons.exchange import Exchanges
from addons.gate import Gate
from addons.key_rules import KeyRules
from addons.ledger import Ledger
from addons.limits import Limits
from addons.login_desk import LoginDesk
from addons.meter import Meter
from addons.metrics import Metrics
from addons.model_list import ModelList
from addons.pages import Pages
from addons.poller import Poller
from addons.readiness import Watch
from addons.retention import Retention
from addons.safe_options import SafeOptions
from addons.shared import Shared, nothing_more
from addons.sticky import Sticky
from addons.store_keeper import HOMES_SECONDS, StoreKeeper
from addons.store_reader import StoreReader
from addons.upkeep.checkup import Checkup
from addons.upkeep.issuer import Issuer
from addons.upkeep.lane import Lane
from addons.upkeep.refresher import Refresher
from addons.upkeep.token_store import TokenStore
from addons.upstream import Upstream
from addons.verdict import Verdict
from addons.web.renderer import Renderer
from codexlb_store.dashboard_password import load_password
from codexlb_store.home import home_folder
from codexlb_store.keyring import Keyring
from codexlb_store.keys import load_keys
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


def chain(environ: Mapping[str, str], more: Callable[[Shared], Sequence[object]] = nothing_more) -> Chain:
    """The chain over the store in `CODEXLB_HOME`, and `more` behind it; raises StoreError, VaultError or PriceError."""
    home = home_folder(environ)
    db = open_store(home)
    vault = Vault.open(home, environ)
    pool = Pool(load_snapshot(db, vault, time.time() - HOMES_SECONDS))
    keyring = Keyring(load_keys(db))
    password = load_password(db)
    db.close()
    exchanges = Exchanges()
    keeper = StoreKeeper(home, pool, keyring, vault, ProcessMark.take(home))
    keeper.sessions.take_over(password)
    writer = keeper.writer
    prices = load_prices(home)
    rng = random.Random()
    tokens = TokenStore(pool, writer, vault)
    refresher = Refresher(tokens, Lane(tokens, home, keeper.mark.id), Issuer(), rng)
    balancer = Balancer(exchanges, pool, prices, rng)
    reader = StoreReader(home)
    watch = Watch(pool, writer)
    metrics = Metrics(exchanges, watch, lambda: len(balancer.line), reader)
    return Chain(
        [
            SafeOptions(),
            CodexCore(exchanges),
            Gate(exchanges),
            ClientKeys(exchanges, keyring, keeper.sessions, writer),
            Pages(exchanges, reader, watch, metrics.answer),
            Api(exchanges, home, reader),
            Dashboard(exchanges, LoginDesk(keeper.sessions, reader), Renderer(home, prices), reader),
            Body(exchanges),
            KeyRules(exchanges),
            Meter(exchanges, pool, writer),
            ModelList(exchanges),
            Verdict(exchanges, pool, Consequences(pool, writer, rng)),
            Limits(exchanges, keeper.budgets, prices),
            Sticky(exchanges, pool, writer),
            balancer,
            Credentials(exchanges, pool, refresher),
            Upstream(exchanges, pool),
            CacheLedger(exchanges),
            Ledger(exchanges, writer, prices, keeper.budgets),
            metrics,  # behind Ledger, whose rows it counts
            Poller(pool, writer, refresher, Checkup(pool, writer, refresher), rng),
            Retention(writer),
            keeper,  # after all who write: at the end it flushes what they put in
            Clearance(exchanges, keyring),
            *more(Shared(home, exchanges, pool, writer)),  # nothing here keeps a request from leaving
        ]
    )
