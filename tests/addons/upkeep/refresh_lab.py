"""A store with simulated accounts, refreshers over it as in proxies of their own, and a simulated issuer."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

from addons.upkeep.issuer import Issuer
from addons.upkeep.lane import Lane
from addons.upkeep.refresher import Refresher
from addons.upkeep.token_store import TokenStore
from addons.wire.origins import Origin, parse_origin
from codexlb_store.accounts import Account, AccountStatus, load_accounts
from codexlb_store.auth_json import parse_auth_json
from codexlb_store.credentials import Credential, load_credentials, save_tokens
from codexlb_store.logins import save_login
from codexlb_store.pool import Pool, load_snapshot
from codexlb_store.processes import ProcessMark
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault
from codexlb_store.writer import Writer
from scripts.simulator.journal import Entry
from scripts.simulator.server import Simulator

TOKEN = "/oauth/token"
EXPIRED, GOOD = -60.0, 3_600.0


@dataclasses.dataclass
class Worker:
    """What one process has: its pool, its writer, its mark and its refresher."""

    pool: Pool
    writer: Writer
    mark: ProcessMark
    store: TokenStore
    lane: Lane
    refresher: Refresher

    def credential(self, account_id: str | None = None) -> Credential:
        """Of this account, or of the only one."""
        if account_id is None:
            (account_id,) = self.pool.credentials
        return self.pool.credentials[account_id]

    async def close(self) -> None:
        await self.refresher.close()
        self.writer.close()
        self.mark.release()


def import_login(home: Path, vault: Vault, auth_json: str) -> Account:
    """What `codexlb accounts import` does."""
    with closing(open_store(home)) as db:
        return save_login(db, vault, parse_auth_json(auth_json), time.time())[0]


@contextlib.asynccontextmanager
async def working(home: Path, issuer: Origin) -> AsyncIterator[Worker]:
    """A refresher with a store connection, a writer thread and a mark of its own."""
    vault = Vault.open(home, os.environ)
    with closing(open_store(home)) as db:
        pool = Pool(load_snapshot(db, vault, 0.0))
    writer, mark = Writer(home), ProcessMark.take(home)
    writer.start()
    store = TokenStore(pool, writer, vault)
    lane = Lane(store, home, mark.id)
    worker = Worker(pool, writer, mark, store, lane, Refresher(store, lane, Issuer(issuer), random.Random(1)))
    try:
        yield worker
    finally:
        await worker.close()


@dataclasses.dataclass
class Lab:
    """A data folder and the simulator whose accounts are in it."""

    home: Path
    sim: Simulator
    vault: Vault

    @property
    def issuer(self) -> Origin:
        return parse_origin(self.sim.origin)

    def worker(self) -> contextlib.AbstractAsyncContextManager[Worker]:
        """A process more."""
        return working(self.home, self.issuer)

    def log_in(self, name: str = "plus-1", expires_in: float | None = None) -> Account:
        return import_login(self.home, self.vault, self.sim.auth_json(name, expires_in))

    def rotate(self) -> Credential:
        """What another process does: refresh the tokens that the store holds, and put them there."""
        (old,) = self.stored().values()
        tokens = self.sim.world.issuer.login(self.sim.world.account("plus-1").seat)
        fresh = dataclasses.replace(
            old, access_token=tokens.access_token, refresh_token=tokens.refresh_token, version=old.version + 1
        )
        with closing(open_store(self.home)) as db:
            assert save_tokens(db, self.vault, fresh, None)
        return fresh

    def use_up(self) -> None:
        """Somebody who is not us refreshes with our token: Codex itself, or a process that died of it."""
        (held,) = self.stored().values()
        self.sim.world.issuer.refresh(held.refresh_token)

    def stored(self) -> dict[str, Credential]:
        with closing(open_store(self.home)) as db:
            return load_credentials(db, self.vault)

    def account(self) -> Account:
        """The only account as the store has it."""
        with closing(open_store(self.home)) as db:
            (account,) = load_accounts(db)
        return account

    def standing(self) -> tuple[AccountStatus, str | None]:
        """How it stands, and why."""
        account = self.account()
        return account.state, account.state_reason

    def claims(self) -> list[tuple[str, str]]:
        """Who holds the lane, and for which account."""
        with closing(open_store(self.home)) as db:
            return [(row[0], row[1]) for row in db.execute("SELECT holder, account_id FROM refresh_claim")]

    def reload(self, worker: Worker) -> None:
        """What happens soon after another process wrote."""
        with closing(open_store(self.home)) as db:
            worker.pool.replace(load_snapshot(db, self.vault, 0.0))

    def entries(self) -> list[Entry]:
        """What the issuer was asked."""
        return [entry for entry in self.sim.log if entry.path == TOKEN]

    def calls(self) -> int:
        """How often the issuer was asked."""
        return len(self.entries())


def a_lab(home: Path, sim: Simulator, expires_in: float = EXPIRED) -> Lab:
    """A store that holds the accounts of a simulator; their access tokens expire in so many seconds."""
    lab = Lab(home, sim, Vault.open(home, os.environ))
    for name in sim.world.accounts:
        lab.log_in(name, expires_in)
    return lab
