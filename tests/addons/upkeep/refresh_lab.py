"""A store with one account, a refresher over it, and a simulated issuer: what happens to them, and how they stand."""

from __future__ import annotations

import dataclasses
import time
from contextlib import closing
from pathlib import Path

from addons.upkeep.refresher import Refresher
from codexlb_store.accounts import Account, Credential, load_accounts, load_credentials, save_login, save_tokens
from codexlb_store.auth_json import parse_auth_json
from codexlb_store.pool import Pool, load_snapshot
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault
from codexlb_store.writer import Writer
from scripts.simulator.server import Simulator

TOKEN = "/oauth/token"


@dataclasses.dataclass
class Lab:
    """All of it; the account is plus-1, and the issuer knows it."""

    home: Path
    vault: Vault
    sim: Simulator
    pool: Pool
    writer: Writer
    refresher: Refresher

    def log_in(self) -> None:
        """What `codexlb accounts import` does."""
        with closing(open_store(self.home)) as db:
            save_login(db, self.vault, parse_auth_json(self.sim.auth_json("plus-1")), time.time())

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

    def stored(self) -> dict[str, Credential]:
        with closing(open_store(self.home)) as db:
            return load_credentials(db, self.vault)

    def account(self) -> Account:
        """The account as the store has it, which must be as the pool has it."""
        with closing(open_store(self.home)) as db:
            (account,) = load_accounts(db)
        assert self.pool.accounts == {account.id: account}
        return account

    def credential(self) -> Credential:
        (credential,) = self.pool.credentials.values()
        return credential

    def reload(self) -> None:
        """What happens soon after another process wrote."""
        with closing(open_store(self.home)) as db:
            self.pool.replace(load_snapshot(db, self.vault, 0.0))

    def calls(self) -> int:
        """How often the issuer was asked."""
        return len([entry for entry in self.sim.log if entry.path == TOKEN])
