"""Accounts whose tokens have ended, seen from outside: the whole chain before a simulated ChatGPT and its issuer."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from codexlb_store.accounts import AccountStatus, load_accounts
from codexlb_store.auth_json import parse_auth_json
from codexlb_store.credentials import load_credentials
from codexlb_store.logins import save_login
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault
from scripts.simulator.account import AccountChange
from scripts.simulator.faults import Act, Fault, Moment
from scripts.simulator.server import Simulator
from tests.addons.proxy import Proxy, Upstream, running
from tests.processes import run

TOKEN = "/oauth/token"
RESPONSES = "/backend-api/codex/responses"
TURN = b'{"model":"gpt-5.5","stream":true,"input":[{"type":"message","role":"user","content":[]}]}'
EXPIRED, GOOD = -60.0, 86_400.0


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(accounts="plus,plus") as running_simulator:
        yield running_simulator


@pytest.fixture
def home() -> Path:
    """The data folder that `codexlb` uses in this test, too."""
    return Path(os.environ["CODEXLB_HOME"])


def import_login(home: Path, sim: Simulator, name: str, expires_in: float) -> None:
    with closing(open_store(home)) as db:
        save_login(db, Vault.open(home, {}), parse_auth_json(sim.auth_json(name, expires_in)), time.time())


def access_token(home: Path) -> str:
    """The one account's, as the store has it now."""
    with closing(open_store(home)) as db:
        (credential,) = load_credentials(db, Vault.open(home, {})).values()
    return credential.access_token


def before(sim: Simulator, home: Path, **options: object) -> AbstractAsyncContextManager[Proxy]:
    """The chain, with the simulator as its upstream and its issuer."""
    return running(home, None, None, False, codexlb_upstream=sim.origin, codexlb_issuer=sim.origin, **options)


def refreshed(sim: Simulator) -> list[str | None]:
    """Whose tokens the issuer was asked to refresh."""
    return [entry.account for entry in sim.log if entry.path == TOKEN]


async def ask(proxy: Proxy, session: str = "s1") -> int:
    """One turn of a session; its status."""
    status, body = await proxy.ask(path=RESPONSES, body=TURN[:-1] + f',"prompt_cache_key":"{session}"}}'.encode())
    assert (b"response.completed" in body) is (status == 200)
    return status


async def test_an_expired_account_serves_after_one_refresh(home: Path, sim: Simulator) -> None:
    import_login(home, sim, "plus-1", EXPIRED)
    async with before(sim, home) as proxy:
        assert [await ask(proxy), await ask(proxy)] == [200, 200]

    assert [entry.path for entry in sim.log] == [TOKEN, RESPONSES, RESPONSES]


async def test_many_requests_on_an_expired_account_make_one_refresh(home: Path, sim: Simulator) -> None:
    import_login(home, sim, "plus-1", EXPIRED)
    async with before(sim, home) as proxy:
        found = await asyncio.gather(*(ask(proxy, f"s{number}") for number in range(200)))

    assert found == [200] * 200
    assert refreshed(sim) == ["plus-1"]


@dataclass
class Witness(Upstream):
    """Looks into the store the moment the proxy connects."""

    home: Path = Path()
    seen: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen.append(access_token(self.home))
        await super().serve(reader, writer)


async def test_new_tokens_are_in_the_store_before_the_upstream_sees_them(home: Path, sim: Simulator) -> None:
    import_login(home, sim, "plus-1", EXPIRED)
    old, witness = access_token(home), Witness(home=home)
    async with running(home, witness, codexlb_issuer=sim.origin) as proxy:
        assert await ask(proxy) == 200

    (token,) = witness.seen
    assert token != old
    assert f"authorization: Bearer {token}\r\n".encode() in witness.requests[0]


@pytest.mark.parametrize("standing", ["expired", "revoked"])
async def test_a_token_the_upstream_refuses_is_refreshed_in_the_same_request(
    home: Path, sim: Simulator, standing: str
) -> None:
    import_login(home, sim, "plus-1", GOOD)
    sim.change("plus-1", AccountChange(access_tokens=standing))
    async with before(sim, home) as proxy:
        assert await ask(proxy) == 200

    assert [(entry.path, entry.status) for entry in sim.log] == [(RESPONSES, 401), (TOKEN, 200), (RESPONSES, 200)]


def use_up(home: Path, sim: Simulator) -> None:
    with closing(open_store(home)) as db:
        (credential,) = load_credentials(db, Vault.open(home, {})).values()
    sim.world.issuer.refresh(credential.refresh_token)


def revoke(home: Path, sim: Simulator) -> None:
    sim.change("plus-1", AccountChange(refresh_tokens="revoked"))


@pytest.mark.parametrize(
    ("happen", "code"), [(use_up, "refresh_token_reused"), (revoke, "refresh_token_invalidated")], ids=["used", "ended"]
)
async def test_an_account_that_cannot_be_refreshed_needs_a_login(
    home: Path, sim: Simulator, happen: Callable[[Path, Simulator], None], code: str
) -> None:
    """Another account serves every request; `codexlb accounts list` tells of the one that does not."""
    import_login(home, sim, "plus-1", EXPIRED)
    happen(home, sim)
    import_login(home, sim, "plus-2", GOOD)
    async with before(sim, home, codexlb_strategy="round_robin") as proxy:
        assert [await ask(proxy, f"s{number}") for number in range(4)] == [200] * 4

    assert refreshed(sim) == ["plus-1"]
    listed = json.loads(run("accounts", "list", "--json"))
    assert [account["status"] for account in listed] == ["needs_login", "active"]
    with closing(open_store(home)) as db:
        assert [account.state_reason for account in load_accounts(db)] == [code, None]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(path=TOKEN, status=500), id="500"),
        pytest.param(Fault(path=TOKEN, act=Act.RESET), id="no answer"),
        pytest.param(Fault(path=TOKEN, act=Act.RESET, at=Moment.HEAD), id="answer lost"),
    ],
)
async def test_trouble_at_the_issuer_costs_no_account(home: Path, sim: Simulator, fault: Fault) -> None:
    """Another account serves meanwhile, and the account stays what it is."""
    import_login(home, sim, "plus-1", EXPIRED)
    import_login(home, sim, "plus-2", GOOD)
    sim.script(fault)
    async with before(sim, home, codexlb_strategy="round_robin") as proxy:
        assert [await ask(proxy, f"s{number}") for number in range(4)] == [200] * 4

    assert refreshed(sim) == ["plus-1"]
    with closing(open_store(home)) as db:
        assert [account.state for account in load_accounts(db)] == [AccountStatus.ACTIVE] * 2
