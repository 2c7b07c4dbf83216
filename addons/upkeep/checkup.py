"""Asks the upstream how an account stands: its plan and windows, and where its workspace wants its requests.

What was said goes into the pool at once and into the store for others to see.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial

from addons.upkeep.calls import Calls
from addons.upkeep.refresher import CLOSING, Refresher
from addons.upkeep.round_trip import hand_over
from addons.upkeep.token_store import REMOVED, is_same
from addons.upkeep.visit import PAGE_SECONDS, NoPageError, PageProblem, Visit
from addons.wire.origins import Origin
from addons.wire.rate_limits import UsageReading, windows_of_usage
from addons.wire.tokens import RefreshProblem
from addons.wire.workspaces import Residency, origin_for, residency_of
from codexlb_store.accounts import (
    Account,
    AccountStatus,
    fail_account,
    note_error,
    revive,
    set_plan,
    set_residency,
)
from codexlb_store.batches import Operation
from codexlb_store.credentials import Credential
from codexlb_store.pool import Pool
from codexlb_store.windows import Window, save_windows
from codexlb_store.writer import Writer

USAGE_PATH, WORKSPACES_PATH = "/backend-api/wham/usage", "/backend-api/wham/accounts/check"

MOST_PLAN_CHARACTERS = 64

NO_USAGE_PAGE = PageProblem("no_usage_page")
NO_WORKSPACES_PAGE = PageProblem("no_workspaces_page")
NO_ORIGIN = PageProblem("no_origin")
"""The workspace demands an origin that cannot be honoured: an unencrypted one."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the upstream said of an account; `problem` is the code of what went wrong, None when nothing did.

    `refreshed`: its tokens are newer than before.
    """

    account_id: str
    problem: str | None
    plan: str | None
    windows: tuple[Window, ...]
    refreshed: bool


def plan_of(text: str) -> str | None:
    """A plan as the store keeps it; None for what no screen should show."""
    plan = text.strip().lower()
    return plan if plan.isprintable() and 0 < len(plan) <= MOST_PLAN_CHARACTERS else None


class Checkup:
    """Asks for one account at a time; the callers decide when."""

    def __init__(self, pool: Pool, writer: Writer, refresher: Refresher) -> None:
        self.pool = pool
        self.writer = writer
        self.refresher = refresher
        self.calls = Calls()
        self.patience_seconds = PAGE_SECONDS
        self.refused: dict[str, Credential] = {}
        """By account: what a page refused although it was fresh. It would refuse the next one too, at each asking."""

    async def check(self, account_id: str, upstream: Origin, with_residency: bool = True) -> CheckResult:
        """Ask now, with a token that is good, and write down what was said."""
        before = self.pool.credentials.get(account_id)
        found = await self.refresher.fresh(account_id)
        if before is None or isinstance(found, RefreshProblem):
            problem = found if isinstance(found, RefreshProblem) else REMOVED
            return CheckResult(account_id, problem.code, None, (), refreshed=False)
        visit = self.visit(found)
        unsettled = await self.settle(visit, upstream) if with_residency else None
        reading = await self.read(visit, upstream)
        wrong = reading if isinstance(reading, PageProblem) else unsettled
        if wrong:
            self.suffer(account_id, wrong)
        if visit.is_refused:
            self.refused[account_id] = visit.credential
        plan, windows = (plan_of(reading.plan), reading.windows) if isinstance(reading, UsageReading) else (None, ())
        refreshed = not is_same(before, visit.credential)
        return CheckResult(account_id, wrong.code if wrong else None, plan, windows, refreshed)

    def visit(self, credential: Credential) -> Visit:
        """A visit with these tokens, which a refused page may refresh if that is any use."""
        visit = Visit(credential, self.refresher, self.calls, self.patience_seconds)
        refused = self.refused.get(credential.account_id)
        visit.may_refresh = refused is None or not is_same(refused, credential)
        return visit

    async def close(self) -> None:
        """End what is under way."""
        await self.calls.close()

    async def settle(self, visit: Visit, upstream: Origin) -> PageProblem | None:
        """Learn where the account's workspace wants its requests."""
        try:
            page = await visit.page(upstream.url + WORKSPACES_PATH)
            residency = residency_of(page, visit.credential.chatgpt_account_id)
        except NoPageError as error:
            return error.problem
        except ValueError:
            return NO_WORKSPACES_PAGE
        visit.credential = replace(visit.credential, routing_override=residency.routing_override)
        self.note_residency(visit.credential.account_id, residency)
        return None

    async def read(self, visit: Visit, upstream: Origin) -> UsageReading | PageProblem:
        """Learn the account's plan and windows, there where its requests go, too."""
        account = self.pool.accounts.get(visit.credential.account_id)
        if account is None:
            return PageProblem(REMOVED.code)
        try:
            origin = origin_for(account.origin, upstream)
        except ValueError:
            return NO_ORIGIN
        try:
            page = await visit.page(origin.url + USAGE_PATH)
            reading = windows_of_usage(account.id, page, time.time())
        except NoPageError as error:
            return error.problem
        except ValueError:
            return NO_USAGE_PAGE
        self.note_reading(account.id, reading)
        return reading

    def note_residency(self, account_id: str, residency: Residency) -> None:
        """Take over where the account is served, if that is news."""
        account = self.pool.accounts.get(account_id)
        if account and residency != Residency(account.origin, account.routing_override):
            origin, routing_override = residency.origin, residency.routing_override
            self.pool.note_residency(account_id, origin, routing_override)
            self.write(partial(set_residency, account_id=account_id, origin=origin, routing_override=routing_override))

    def note_reading(self, account_id: str, reading: UsageReading) -> None:
        """Take over what is news, unless the account was removed while it was asked about."""
        account = self.pool.accounts.get(account_id)
        if account is None:
            return
        if news := self.pool.note_windows(reading.windows):
            self.write(partial(save_windows, windows=news))
        plan = plan_of(reading.plan)
        if plan and plan != account.plan:
            self.pool.note_plan(account_id, plan)
            self.write(partial(set_plan, account_id=account_id, plan=plan))
        self.mend(account)

    def mend(self, account: Account) -> None:
        """Who gets a good answer is not deactivated."""
        if account.state is AccountStatus.DEACTIVATED:
            self.pool.revive(account.id)
            self.write(partial(revive, account_id=account.id))

    def suffer(self, account_id: str, problem: PageProblem) -> None:
        """Write down what went wrong, and what it means for the account."""
        if problem.code == CLOSING.code:
            return  # the end of a process is nobody's trouble
        self.write(partial(note_error, account_id=account_id, code=problem.code, now=time.time()))
        state, reason = AccountStatus.DEACTIVATED, problem.code
        if problem.is_deactivated and self.pool.fail(account_id, state, reason):
            self.write(partial(fail_account, account_id=account_id, state=state, reason=reason))

    def write(self, operation: Operation) -> None:
        """What the store does not take now is asked again another time."""
        hand_over(self.writer, operation)
