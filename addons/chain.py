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
from addons.key_rules import KeyRules
from addons.ledger import Ledger
from addons.limits import Limits
from addons.meter import Meter
from addons.model_list import ModelList
from addons.pages import Pages
from addons.poller import Poller
from addons.safe_options import SafeOptions
from addons.sticky import Sticky
from addons.store_keeper import HOMES_SECONDS, StoreKeeper
from addons.upkeep.checkup import Checkup
from addons.upkeep.issuer import Issuer
from addons.upkeep.lane import Lane
from addons.upkeep.refresher import Refresher
from addons.upkeep.token_store import TokenStore
from addons.upstream import Upstream
from addons.verdict import Verdict
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


def chain(environ: Mapping[str, str]) -> Chain:
    """The chain over the store in `CODEXLB_HOME`; raises StoreError or VaultError with one sentence."""
    home = home_folder(environ)
    db = open_store(home)
    vault = Vault.open(home, environ)
    pool = Pool(load_snapshot(db, vault, time.time() - HOMES_SECONDS))
    keyring = Keyring(load_keys(db))
    db.close()
    exchanges = Exchanges()
    keeper = StoreKeeper(home, pool, keyring, vault, ProcessMark.take(home))
    writer = keeper.writer
    prices = load_prices()
    rng = random.Random()
    tokens = TokenStore(pool, writer, vault)
    refresher = Refresher(tokens, Lane(tokens, home, keeper.mark.id), Issuer(), rng)
    checkup = Checkup(pool, writer, refresher)
    return Chain(
        [
            SafeOptions(),
            CodexCore(exchanges),
            Gate(exchanges),
            ClientKeys(exchanges, keyring, writer),
            Pages(exchanges, home),
            Body(exchanges),
            KeyRules(exchanges),
            Meter(exchanges, pool, writer),
            ModelList(exchanges),
            Verdict(exchanges, pool, Consequences(pool, writer, rng)),
            Limits(exchanges, keeper.budgets, prices),
            Sticky(exchanges, pool, writer),
            Balancer(exchanges, pool, prices, rng),
            Credentials(exchanges, pool, refresher),
            Upstream(exchanges, pool),
            Ledger(exchanges, writer, prices, keeper.budgets),
            Poller(pool, writer, refresher, checkup, rng),
            keeper,  # after all who write: at the end it flushes what they put in
            Clearance(exchanges, keyring),
        ]
    )
