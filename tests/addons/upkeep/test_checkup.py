"""Asking the upstream about an account tells its plan, its windows and where its workspace is served."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass

import pytest

from addons.upkeep.checkup import CheckResult, Checkup, plan_of
from addons.wire.origins import Origin, parse_origin
from addons.wire.tokens import RefreshReason
from codexlb_store.accounts import Account, AccountStatus, remove_account, set_state
from codexlb_store.readings import load_readings
from codexlb_store.schema import open_store
from codexlb_store.windows import load_windows
from scripts.simulator.account import AccountChange, Condition, WindowChange
from scripts.simulator.faults import Act, Fault
from scripts.simulator.server import Simulator
from tests.addons.upkeep.refresh_lab import GOOD, TOKEN, Lab, Worker
from tests.addons.waiting import until

ACTIVE, DEACTIVATED, PAUSED = AccountStatus.ACTIVE, AccountStatus.DEACTIVATED, AccountStatus.PAUSED
USAGE, WORKSPACES = "/backend-api/wham/usage", "/backend-api/wham/accounts/check"

pytestmark = pytest.mark.parametrize("lab", [GOOD], indirect=True)


@dataclass
class Desk:
    """A checkup of the only account."""

    lab: Lab
    worker: Worker
    checkup: Checkup

    @property
    def id(self) -> str:
        (found,) = self.worker.pool.accounts
        return found

    @property
    def upstream(self) -> Origin:
        return parse_origin(self.lab.sim.origin)

    async def check(self, with_residency: bool = True) -> CheckResult:
        return await self.checkup.check(self.id, self.upstream, with_residency)

    def known(self) -> Account:
        """The account in the pool."""
        return self.worker.pool.accounts[self.id]

    def paths(self) -> list[str]:
        return [entry.path for entry in self.lab.sim.log]

    def flushed(self) -> Account:
        """The account in the store, after everything was written."""
        self.worker.writer.close()
        return self.lab.account()


@pytest.fixture
async def desk(lab: Lab, worker: Worker) -> AsyncIterator[Desk]:
    checkup = Checkup(worker.pool, worker.writer, worker.refresher)
    yield Desk(lab, worker, checkup)
    await checkup.close()


async def test_what_the_upstream_says_is_known_and_kept(desk: Desk) -> None:
    desk.lab.sim.change("plus-1", AccountChange(windows=(WindowChange(minutes=300, used_percent=30),)))
    found = await desk.check()

    assert (found.problem, found.plan, found.refreshed) == (None, "plus", False)
    assert [(w.minutes, w.used_percent) for w in found.windows] == [(300, 30.0), (10_080, 0.0)]
    assert desk.worker.pool.windows == {desk.id: found.windows}
    desk.worker.writer.close()
    with closing(open_store(desk.lab.home)) as db:
        assert load_windows(db) == {desk.id: found.windows}
        assert load_readings(db, desk.id, 0.0) == list(found.windows)
    assert desk.paths() == [WORKSPACES, USAGE]
    for entry in desk.lab.sim.log:
        assert entry.header("chatgpt-account-id") == desk.known().chatgpt_account_id


async def test_where_it_is_served_need_not_be_asked_each_time(desk: Desk) -> None:
    await desk.check(with_residency=False)

    assert desk.paths() == [USAGE]


async def test_another_plan_is_taken_over(desk: Desk) -> None:
    desk.lab.sim.change("plus-1", AccountChange(plan="pro"))

    assert (await desk.check()).plan == "pro"
    assert desk.known().plan == desk.flushed().plan == "pro"


async def test_a_workspace_that_moved_is_asked_about_where_it_is_now(desk: Desk) -> None:
    """From then on with the header that it wants."""
    async with Simulator(accounts="plus") as europe:
        desk.lab.sim.change(
            "plus-1", AccountChange(workspace_backend_origin=europe.origin, account_routing_override="us")
        )
        found = await desk.check()

        assert found.problem == "invalid_jwt", "the other simulator knows nothing of these tokens"
        (entry, *_) = europe.log
        assert (entry.path, entry.header("x-openai-account-routing-override")) == (USAGE, "us")
    assert [entry.path for entry in desk.lab.sim.log if entry.path != TOKEN] == [WORKSPACES]
    assert (desk.known().origin, desk.known().routing_override) == (europe.origin, "us")
    assert desk.worker.credential().routing_override == "us"
    account = desk.flushed()
    assert (account.origin, account.routing_override) == (europe.origin, "us")


async def test_an_origin_that_cannot_be_honoured_is_not_asked(desk: Desk) -> None:
    """The upstream is https, and the workspace's own would not be: the token stays here."""
    desk.worker.pool.note_residency(desk.id, desk.lab.sim.origin, None)
    found = await desk.checkup.check(desk.id, Origin("https", "127.0.0.1", 1), with_residency=False)

    assert found.problem == "no_origin"
    assert desk.paths() == []


async def test_a_refused_token_is_refreshed_once_and_the_question_asked_again(desk: Desk) -> None:
    desk.lab.sim.change("plus-1", AccountChange(access_tokens="expired"))
    found = await desk.check()

    assert (found.problem, found.refreshed, len(found.windows)) == (None, True, 2)
    assert desk.paths() == [WORKSPACES, TOKEN, WORKSPACES, USAGE]


async def test_an_upstream_that_refuses_every_token_does_not_use_them_up(desk: Desk) -> None:
    """Nor does it cost the account: it may be that path's own trouble."""
    desk.lab.sim.script(Fault(path=USAGE, status=401, times=None), Fault(path=WORKSPACES, status=401, times=None))
    found = await desk.check()

    assert (found.problem, found.refreshed) == ("http_401", True)
    assert desk.paths() == [WORKSPACES, TOKEN, WORKSPACES, USAGE]
    assert (await desk.check()).refreshed is False
    assert desk.paths()[4:] == [WORKSPACES, USAGE], "nor each time it is asked"
    account = desk.flushed()
    assert (account.state, account.last_error) == (ACTIVE, "http_401")


async def test_a_token_that_was_refused_once_is_refreshed_when_it_is_a_new_one(desk: Desk) -> None:
    desk.lab.sim.script(Fault(path=USAGE, status=401, times=2))
    await desk.check(with_residency=False)
    await desk.worker.refresher.refreshed(desk.worker.credential(), RefreshReason.EXPIRY)
    desk.lab.sim.change("plus-1", AccountChange(access_tokens="expired"))
    found = await desk.check(with_residency=False)

    assert (found.problem, found.refreshed) == (None, True)


async def test_a_refused_token_whose_refresh_failed_may_be_refreshed_the_next_time(desk: Desk) -> None:
    """And the answer says what the issuer's trouble was, not that the token is old."""
    desk.lab.sim.change("plus-1", AccountChange(access_tokens="expired"))
    desk.lab.sim.script(Fault(path=TOKEN, status=500))
    assert (await desk.check()).problem == "http_500"
    assert desk.paths() == [WORKSPACES, TOKEN, USAGE]

    desk.worker.refresher.failures.forget(desk.id)  # its pause is over
    assert (await desk.check()).problem is None


async def test_the_end_of_a_proxy_is_no_accounts_trouble(desk: Desk) -> None:
    desk.lab.sim.change("plus-1", AccountChange(access_tokens="expired"))
    await desk.worker.refresher.close()

    assert (await desk.check()).problem == "shutting_down"
    assert desk.flushed().last_error is None


async def test_a_refused_token_that_cannot_be_refreshed_needs_a_login(desk: Desk) -> None:
    desk.lab.sim.change("plus-1", AccountChange(access_tokens="revoked", refresh_tokens="revoked"))
    found = await desk.check(with_residency=False)

    assert (found.problem, found.refreshed) == ("refresh_token_invalidated", False)
    assert desk.flushed().state is AccountStatus.NEEDS_LOGIN


@pytest.mark.parametrize(
    ("condition", "code"),
    [(Condition.DEACTIVATED, "account_deactivated"), (Condition.WORKSPACE_DEACTIVATED, "deactivated_workspace")],
)
async def test_a_deactivated_account_is_marked_and_a_good_answer_takes_that_back(
    desk: Desk, condition: Condition, code: str
) -> None:
    desk.lab.sim.change("plus-1", AccountChange(condition=condition))
    assert (await desk.check()).problem == code
    assert (desk.known().state, desk.known().state_reason) == (DEACTIVATED, code)
    await until(lambda: desk.lab.standing() == (DEACTIVATED, code))
    assert TOKEN not in desk.paths(), "no refresh would help"

    desk.lab.sim.change("plus-1", AccountChange(condition=Condition.ACTIVE))
    assert (await desk.check()).problem is None
    assert desk.known().state is ACTIVE
    account = desk.flushed()
    assert (account.state, account.state_reason, account.last_error) == (ACTIVE, None, code)


async def test_a_paused_account_that_is_deactivated_stays_paused(desk: Desk) -> None:
    with closing(open_store(desk.lab.home)) as db:
        set_state(db, desk.id, PAUSED, None)
    desk.lab.reload(desk.worker)
    desk.lab.sim.change("plus-1", AccountChange(condition=Condition.DEACTIVATED))
    await desk.check()

    assert desk.known().state is PAUSED
    account = desk.flushed()
    assert (account.state, account.state_reason) == (PAUSED, None), "a good answer later could not take it back"
    assert account.last_error == "account_deactivated"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param(Fault(path=USAGE, status=500), "http_500", id="server error"),
        pytest.param(Fault(path=USAGE, act=Act.RESET, times=2), "upstream_unreachable", id="no answer"),
        pytest.param(Fault(path=USAGE, act=Act.SILENCE), "upstream_timeout", id="silence"),
        pytest.param(Fault(path=USAGE, status=200, body="<html>"), "no_usage_page", id="no usage page"),
        pytest.param(Fault(path=WORKSPACES, status=404), "http_404", id="nothing about the workspace"),
        pytest.param(Fault(path=WORKSPACES, status=200, body={"accounts": []}), "no_workspaces_page", id="not there"),
    ],
)
async def test_what_goes_wrong_is_told_and_costs_nothing(desk: Desk, fault: Fault, code: str) -> None:
    desk.lab.sim.script(fault)
    desk.checkup.patience_seconds = 0.5 if fault.act is Act.SILENCE else 10.0
    found = await desk.check()

    assert (found.problem, len(found.windows)) == (code, 0 if fault.path == USAGE else 2)
    account = desk.flushed()
    assert (account.state, account.last_error) == (ACTIVE, code)


async def test_an_account_that_is_gone_is_not_asked_about(desk: Desk) -> None:
    found = await desk.checkup.check("nobody", desk.upstream)

    assert found == CheckResult("nobody", "account_removed", None, (), refreshed=False)
    assert desk.paths() == []


@pytest.mark.parametrize("with_residency", [False, True], ids=["while usage is read", "while its workspace is"])
async def test_nothing_is_kept_of_an_account_that_is_removed_meanwhile(
    desk: Desk, on_end: list[Callable[[], object]], with_residency: bool
) -> None:
    account_id = desk.id

    def remove() -> None:
        with closing(open_store(desk.lab.home)) as db:
            remove_account(db, account_id)
        desk.lab.reload(desk.worker)

    on_end.append(remove)
    await desk.check(with_residency)

    desk.worker.writer.close()
    assert desk.worker.pool.windows == {}
    with closing(open_store(desk.lab.home)) as db:
        assert load_windows(db) == {}


async def test_no_token_is_shown(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    desk.lab.sim.script(Fault(path=USAGE, act=Act.RESET, times=2))
    found = await desk.check()

    token = desk.worker.credential().access_token
    assert token not in caplog.text and token not in repr(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Plus", "plus"), (" pro ", "pro"), ("", None), ("a\nb", None), ("x" * 65, None)],
    ids=["upper case", "spaces", "empty", "two lines", "long"],
)
def test_a_plan_is_a_short_word(text: str, expected: str | None, lab: Lab) -> None:
    assert plan_of(text) == expected
