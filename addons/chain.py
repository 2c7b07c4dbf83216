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
from addons.config_file import ConfigFile
from addons.consequences import Consequences
from addons.core.codex_core import CodexCore
from addons.credentials import Credentials
from addons.dashboard import Dashboard
from addons.doors import Doors
from addons.exchange import Exchanges
from addons.file_pins import FilePins
from addons.gate import Gate
from addons.key_rules import KeyRules
from addons.ledger import Ledger
from addons.limits import Limits
from addons.lineage import Lineage
from addons.login_desk import LoginDesk
from addons.meter import Meter
from addons.metrics import Metrics
from addons.model_list import ModelList
from addons.pages import Pages
from addons.poller import Poller
from addons.pool_headers import PoolHeaders
from addons.pool_view import PoolView
from addons.readiness import Watch
from addons.retention import Retention
from addons.safe_options import SafeOptions
from addons.settings.catalog import DEFAULTS
from addons.settings.setting import Value
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
from codexlb_store.model_lists import ModelLists, load_lists
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


def keeper_of(environ: Mapping[str, str]) -> StoreKeeper:
    """What the store in `CODEXLB_HOME` holds, in memory, with who keeps it; raises StoreError or VaultError."""
    home = home_folder(environ)
    db = open_store(home)
    vault = Vault.open(home, environ)
    pool = Pool(load_snapshot(db, vault, time.time() - HOMES_SECONDS))
    pool.lists = ModelLists(load_lists(db))
    keyring = Keyring(load_keys(db))
    password = load_password(db)
    db.close()
    keeper = StoreKeeper(home, pool, keyring, vault, ProcessMark.take(home))
    keeper.sessions.take_over(password)
    return keeper


def refresher_of(keeper: StoreKeeper, rng: random.Random) -> Refresher:
    """Who keeps the tokens of the accounts fresh."""
    tokens = TokenStore(keeper.pool, keeper.writer, keeper.vault)
    return Refresher(tokens, Lane(tokens, keeper.home, keeper.mark.id), Issuer(), rng)


def chain(
    environ: Mapping[str, str],
    more: Callable[[Shared], Sequence[object]] = nothing_more,
    defaults: Mapping[str, Value] = DEFAULTS,
) -> Chain:
    """The chain over the store in `CODEXLB_HOME`, and `more` behind it; `defaults` are the settings that nobody decides
    on. Raises StoreError, VaultError or PriceError."""
    keeper = keeper_of(environ)
    home, pool, keyring, writer = keeper.home, keeper.pool, keeper.keyring, keeper.writer
    exchanges, prices, rng = Exchanges(), load_prices(home), random.Random()
    refresher = refresher_of(keeper, rng)
    balancer = Balancer(exchanges, pool, prices, rng)
    cache_ledger = CacheLedger(exchanges)
    reader = StoreReader(home)
    watch, view = Watch(pool, writer), PoolView(pool)
    metrics = Metrics(exchanges, watch, lambda: len(balancer.line), reader)
    return Chain(
        [
            Doors(),  # before the two that set options: it looks how they were
            ConfigFile(home, environ, defaults, keeper.mark),
            SafeOptions(),
            CodexCore(exchanges),
            Gate(exchanges),
            ClientKeys(exchanges, keyring, keeper.sessions, writer),
            Pages(exchanges, reader, watch, metrics.answer, view),
            Api(exchanges, home, reader),
            Dashboard(exchanges, LoginDesk(keeper.sessions, reader), Renderer(home, prices), reader),
            Body(exchanges),
            KeyRules(exchanges),
            Meter(exchanges, pool, writer),
            PoolHeaders(exchanges, view),  # behind Meter, which reads the account's own
            ModelList(exchanges, pool, writer),
            Verdict(exchanges, pool, Consequences(pool, writer, rng)),
            Limits(exchanges, keeper.budgets, prices),
            Lineage(exchanges, cache_ledger.turns),  # behind Limits: it reads a body once more for a few requests only
            FilePins(exchanges, pool, writer),
            Sticky(exchanges, pool, writer),
            balancer,
            Credentials(exchanges, pool, refresher),
            Upstream(exchanges, pool),
            cache_ledger,
            Ledger(exchanges, writer, prices, keeper.budgets),
            metrics,  # behind Ledger, whose rows it counts
            Poller(pool, writer, refresher, Checkup(pool, writer, refresher), rng),
            Retention(writer),
            keeper,  # after all who write: at the end it flushes what they put in
            Clearance(exchanges, keyring),
            *more(Shared(home, exchanges, pool, writer)),  # nothing here keeps a request from leaving
        ]
    )
