"""The tokens in the store, and the pool in step with them: what is written is known as written before it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from sqlite_utils import Database

from addons.upkeep.round_trip import StoreUnavailableError, hand_over, round_trip
from addons.wire.tokens import RefreshProblem
from codexlb_store.accounts import Account, AccountStatus, fail_account, load_account, set_reason
from codexlb_store.batches import Operation
from codexlb_store.claims import release_claim
from codexlb_store.credentials import Credential, load_credential, save_tokens
from codexlb_store.pool import Pool
from codexlb_store.vault import Vault
from codexlb_store.writer import Writer

STORE_SECONDS = 10.0
"""How long the store may take."""

REMOVED = RefreshProblem(permanent=True, code="account_removed")

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Renewal:
    """What the issuer gave for stale tokens, which are used up."""

    stale: Credential
    fresh: Credential
    id_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Held:
    """What the store holds of an account."""

    account: Account
    credential: Credential


def is_same(one: Credential, other: Credential) -> bool:
    """Whether two credentials are the same tokens; an account that was removed and added begins to count anew."""
    return (one.version, one.access_token) == (other.version, other.access_token)


def read_held(db: Database, vault: Vault, account_id: str) -> Held | None:
    """What the store holds of an account; None when it is not there any more."""
    account, credential = load_account(db, account_id), load_credential(db, vault, account_id)
    return Held(account, credential) if account and credential else None


def put_tokens(db: Database, vault: Vault, renewal: Renewal, holder: str | None) -> None:
    """Put fresh tokens in the place of the stale ones, and give back the claim on the lane if `holder` has it.

    Their version alone does not tell the stale ones: a login that came after a removal has the same.
    """
    held = load_credential(db, vault, renewal.stale.account_id)
    if held and is_same(held, renewal.stale):
        save_tokens(db, vault, renewal.fresh, renewal.id_token)
    if holder:
        release_claim(db, holder)


def note_refusal(db: Database, vault: Vault, stale: Credential, code: str, is_final: bool) -> Held | None:
    """Write down that a refresh was refused, unless the store has other tokens by now; returns what it has.

    The account needs a login if that `is_final`; else it serves on, and shows the reason.
    """
    held = read_held(db, vault, stale.account_id)
    if held is None or not is_same(held.credential, stale):
        return held
    if is_final:
        fail_account(db, stale.account_id, AccountStatus.NEEDS_LOGIN, code)
    else:
        set_reason(db, stale.account_id, code)
    return read_held(db, vault, stale.account_id)


class TokenStore:
    """The road to the store, by the process's one writer; each call raises StoreUnavailableError."""

    def __init__(self, pool: Pool, writer: Writer, vault: Vault) -> None:
        self.pool = pool
        self.writer = writer
        self.vault = vault
        self.patience_seconds = STORE_SECONDS

    async def read(self, account_id: str) -> Held | None:
        """What the store holds, all that was put before included and committed."""
        return await self.trip(partial(read_held, vault=self.vault, account_id=account_id))

    async def keep(self, renewal: Renewal, holder: str | None) -> Held | None:
        """Put fresh tokens in the place of stale ones, wait until they are committed, and return what is there then.

        That may be somebody else's: a login that came meanwhile stays. None when the account is gone.
        """
        await self.trip(partial(put_tokens, vault=self.vault, renewal=renewal, holder=holder))
        held = await self.read(renewal.stale.account_id)
        if held and is_same(held.credential, renewal.stale):
            raise StoreUnavailableError("The store did not keep the new tokens.")
        return held

    async def refuse(self, stale: Credential, code: str, is_final: bool) -> Held | None:
        """Write down that a refresh was refused, unless there are other tokens by now; returns what is held."""
        return await self.committed(partial(note_refusal, vault=self.vault, stale=stale, code=code, is_final=is_final))

    async def committed(self, operation: Callable[[Database], _Result]) -> _Result:
        """Have an operation done, wait until it is committed, and return what it returned when it ran the last time."""
        results: list[_Result] = []

        def run(db: Database) -> None:
            results.clear()  # a batch that another operation breaks runs twice
            results.append(operation(db))

        await self.trip(run)
        return await self.trip(lambda _: results[-1])

    async def trip(self, operation: Callable[[Database], _Result]) -> _Result:
        """Have an operation done and wait for its result."""
        return await round_trip(self.writer, operation, self.patience_seconds)

    def hand_over(self, operation: Operation) -> bool:
        """Have an operation done some time; False when the writer does not take it."""
        return hand_over(self.writer, operation)

    def take_over(self, stale: Credential, held: Held | None) -> Credential | RefreshProblem:
        """Use what the store holds, unless the pool has heard of something newer since it was read."""
        known = self.pool.credentials.get(stale.account_id)
        if known is None or held is None:
            return REMOVED
        if not is_same(known, stale) and held.credential.version <= known.version:
            return known
        self.pool.credentials[stale.account_id] = held.credential
        self.pool.note_account(held.account)
        self.pool.changed()
        return held.credential
