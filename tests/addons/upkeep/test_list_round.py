"""Once a day it is asked which models there are, of one account at a time, where no client does it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from addons.upkeep.checkup import Checkup
from addons.upkeep.list_round import (
    AFTER_START_SECONDS,
    CLIENT_VERSION,
    DAY_SECONDS,
    FIRST_RETRY_SECONDS,
    LONGEST_RETRY_SECONDS,
    ListRound,
    retry_seconds,
)
from addons.wire.origins import Origin, parse_origin
from codexlb_store.model_lists import KeptList, load_lists
from codexlb_store.pool import Pool
from codexlb_store.schema import open_store
from scripts.simulator.account import AccountChange
from scripts.simulator.faults import Act, Fault
from scripts.simulator.models import catalog, etag
from scripts.simulator.server import Simulator
from tests.addons.polling import before, poller_of, pool_of
from tests.addons.samples import import_logins
from tests.addons.upkeep.refresh_lab import Lab, Worker, a_lab
from tests.addons.waiting import until

MODELS = "/backend-api/codex/models"
STARTED = 1_000_000.0
NOW = STARTED + AFTER_START_SECONDS


@dataclass
class Desk:
    """A round over two accounts, begun at STARTED."""

    lab: Lab
    worker: Worker
    round: ListRound

    @property
    def pool(self) -> Pool:
        return self.worker.pool

    @property
    def upstream(self) -> Origin:
        return parse_origin(self.lab.sim.origin)

    def id_of(self, plan: str) -> str:
        (found,) = (account.id for account in self.pool.accounts.values() if account.plan == plan)
        return found

    def kept(self) -> list[KeptList]:
        return self.pool.lists.of(self.pool.accounts)

    def paths(self) -> list[tuple[str | None, str]]:
        return [(entry.account, f"{entry.path}?{entry.query}") for entry in self.lab.sim.log if entry.path == MODELS]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Simulator(accounts="ann:plus,bob:pro") as sim:
        lab = a_lab(tmp_path, sim, 86_400.0)
        async with lab.worker() as worker:
            checkup = Checkup(worker.pool, worker.writer, worker.refresher)
            found = ListRound(checkup)
            assert found.whom(STARTED) is None, "the first round of questions goes before"
            yield Desk(lab, worker, found)
            await checkup.close()


async def test_who_sees_most_is_asked_and_what_it_says_is_kept(desk: Desk) -> None:
    bob = desk.id_of("pro")
    assert desk.round.whom(NOW) == bob
    await desk.round.ask(bob, desk.upstream)

    assert desk.paths() == [("bob", f"{MODELS}?client_version={CLIENT_VERSION}")]
    (kept,) = desk.kept()
    assert (kept.client_version, kept.account_id) == (CLIENT_VERSION, bob)
    assert (kept.body, kept.etag, kept.content_type) == (catalog("pro"), etag("pro"), "application/json")
    desk.worker.writer.close()
    with closing(open_store(desk.lab.home)) as db:
        assert load_lists(db) == [kept]
    assert desk.round.whom(time.time()) is None


async def test_it_is_asked_again_a_day_later_with_the_version_of_the_clients(desk: Desk) -> None:
    bob = desk.id_of("pro")
    kept = KeptList("0.170.0", desk.id_of("plus"), b"{}", "application/json", None, ("m",), NOW)
    desk.pool.lists.note(kept)

    assert desk.round.whom(NOW + DAY_SECONDS - 1) is None
    assert desk.round.whom(NOW + DAY_SECONDS) == bob
    assert desk.round.whom(NOW - 1) is None, "it waits for its time after the start"
    await desk.round.ask(bob, desk.upstream)

    assert desk.paths() == [("bob", f"{MODELS}?client_version=0.170.0")]


async def test_a_list_from_the_future_is_not_believed(desk: Desk) -> None:
    desk.pool.lists.note(KeptList("", desk.id_of("plus"), b"{}", "application/json", None, (), NOW + 60))

    assert desk.round.whom(NOW) is not None


async def test_a_list_from_the_future_has_nobody_asked_again_and_again(desk: Desk) -> None:
    """It is another account's than the one that is asked, and so the answer does not take its place."""
    ahead = time.time() + DAY_SECONDS / 2
    desk.pool.lists.note(KeptList("0.169.0", desk.id_of("plus"), b"{}", "application/json", None, (), ahead))

    await desk.round.ask(desk.id_of("pro"), desk.upstream)

    assert desk.round.whom(time.time() + FIRST_RETRY_SECONDS + 1) is None


async def test_a_clock_that_is_put_back_does_not_make_it_wait_for_ever(desk: Desk) -> None:
    earlier = NOW - 365 * DAY_SECONDS

    assert desk.round.whom(earlier) is None
    assert desk.round.whom(earlier + LONGEST_RETRY_SECONDS) is not None


TROUBLE = {
    "http_503": Fault(path=MODELS, status=503, times=2),
    "upstream_unreachable": Fault(path=MODELS, act=Act.RESET, times=4),
    "no_list_of_models": Fault(path=MODELS, status=200, body={"models": []}, times=2),
}


@pytest.mark.parametrize(("code", "fault"), TROUBLE.items(), ids=TROUBLE)
async def test_after_a_failure_the_next_account_is_asked_later_and_later(
    desk: Desk, caplog: pytest.LogCaptureFixture, code: str, fault: Fault
) -> None:
    desk.lab.sim.script(fault)
    bob, ann = desk.id_of("pro"), desk.id_of("plus")
    for account_id, pause in ((bob, FIRST_RETRY_SECONDS), (ann, 2 * FIRST_RETRY_SECONDS)):
        asked_at = time.time()
        assert desk.round.whom(asked_at + DAY_SECONDS) == account_id
        await desk.round.ask(account_id, desk.upstream)
        assert desk.round.whom(asked_at + pause - 1) is None

    assert desk.round.whom(time.time() + 2 * FIRST_RETRY_SECONDS) == bob
    assert desk.kept() == []
    assert caplog.messages == [f"Account {bob} gave no list of models: {code}."]
    await desk.round.ask(bob, desk.upstream)
    assert [kept.account_id for kept in desk.kept()] == [bob]
    assert desk.round.failed == []


async def test_who_cannot_be_asked_is_not(desk: Desk) -> None:
    desk.pool.accounts.clear()
    assert desk.round.whom(NOW) is None

    await desk.round.ask("gone", desk.upstream)
    assert (desk.paths(), desk.round.failed) == ([], ["gone"])


async def test_a_token_that_is_refused_is_refreshed(desk: Desk) -> None:
    desk.lab.sim.change("bob", AccountChange(access_tokens="expired"))

    await desk.round.ask(desk.id_of("pro"), desk.upstream)

    assert len(desk.kept()) == 1


async def test_it_goes_where_the_accounts_workspace_wants_it(desk: Desk) -> None:
    bob = desk.id_of("pro")
    async with Simulator(accounts="plus") as europe:
        desk.pool.note_account(replace(desk.pool.accounts[bob], origin=europe.origin))
        await desk.round.ask(bob, desk.upstream)

        assert [entry.path for entry in europe.log][:1] == [MODELS]
    assert desk.paths() == []


@pytest.mark.parametrize(
    ("failures", "expected"), [(1, 60.0), (2, 120.0), (5, 960.0), (9, 15_360.0), (10, 21_600.0), (5_000, 21_600.0)]
)
def test_pauses_grow(failures: int, expected: float) -> None:
    assert retry_seconds(failures) == expected <= LONGEST_RETRY_SECONDS


@pytest.mark.parametrize("every_seconds", [300, 0])
async def test_a_proxy_asks_by_itself_unless_it_is_to_ask_nobody(tmp_path: Path, every_seconds: int) -> None:
    async with Simulator(accounts="ann:plus,bob:pro") as sim:
        home = import_logins(tmp_path, *map(sim.auth_json, sim.world.accounts))
        async with before(sim, home, every_seconds) as proxy:
            poller = poller_of(proxy)
            await until(lambda: poller.looked_at)
            poller.round.not_before = 0.0
            if every_seconds:
                await until(lambda: pool_of(proxy).lists.of(pool_of(proxy).accounts))
            looked_at = poller.looked_at
            await until(lambda: poller.looked_at > looked_at)

        asked = [entry.account for entry in sim.log if entry.path == MODELS]
    assert asked == (["bob"] if every_seconds else [])
