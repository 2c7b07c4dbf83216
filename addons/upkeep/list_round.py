"""Has the list of models asked for once a day where no client does it: only so is known which models there are."""

from __future__ import annotations

import logging
import time

from addons.upkeep.checkup import NO_ORIGIN, Checkup
from addons.upkeep.list_keeping import keep, read_list
from addons.upkeep.schedule import FIRST_ROUND_SECONDS
from addons.upkeep.token_store import REMOVED
from addons.upkeep.visit import NoPageError, PageProblem
from addons.wire.origins import Origin
from addons.wire.tokens import RefreshProblem
from addons.wire.workspaces import origin_for
from codexlb_store.model_lists import KeptList
from codexlb_store.pool import Pool
from codexlb_store.sight import by_sight

MODELS_PATH = "/backend-api/codex/models"

CLIENT_VERSION = "0.169.0"
"""The upstream shows a client what its version can use. This one Codex-LB was tried with; once a client has asked for
its list, its own version counts."""

DAY_SECONDS = 86_400.0

AFTER_START_SECONDS = FIRST_ROUND_SECONDS + 1.0
"""The first round tells each account's plan, and with it who sees most."""

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 60.0, 6 * 3_600.0
"""The pause after a failure, doubled each time."""

NO_LIST = PageProblem("no_list_of_models")

logger = logging.getLogger(__name__)


def retry_seconds(failures: int) -> float:
    """The pause after so many failures in a row, 1 or more."""
    return min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 10))


class ListRound:
    """Asks one account at a time, the one that sees most; after a failure the next one."""

    def __init__(self, checkup: Checkup) -> None:
        self.checkup = checkup
        self.failed: list[str] = []
        """The accounts that gave none since the last list came, each as often as it was asked."""
        self.not_before: float | None = None

    @property
    def pool(self) -> Pool:
        return self.checkup.pool

    def newest(self) -> KeptList | None:
        """The last list that an account of the pool gave."""
        return max(self.pool.lists.of(self.pool.accounts), key=lambda kept: kept.read_at, default=None)

    def whom(self, now: float) -> str | None:
        """The account to ask now; None when the list that is there is good for some time, or nobody can tell."""
        if self.not_before is None:
            self.not_before = now + AFTER_START_SECONDS
        self.not_before = min(self.not_before, now + LONGEST_RETRY_SECONDS)  # the clock may have been put back
        kept = self.newest()
        is_fresh = kept is not None and 0 <= now - kept.read_at < DAY_SECONDS
        if is_fresh or now < self.not_before:
            return None
        able = by_sight(self.pool.standings(now))
        return min(able, key=self.failed.count, default=None)

    async def ask(self, account_id: str, upstream: Origin) -> None:
        """Ask it; what fails is tried again later, with a pause that grows."""
        self.not_before = time.time() + FIRST_RETRY_SECONDS  # whatever becomes of this
        problem = await self.read(account_id, upstream)
        if problem is None:
            self.failed = []
            return
        if not self.failed:
            logger.warning("Account %s gave no list of models: %s.", account_id, problem.code)
        self.failed.append(account_id)
        self.not_before = time.time() + retry_seconds(len(self.failed))

    async def read(self, account_id: str, upstream: Origin) -> PageProblem | None:
        """Have the account's list read and kept; why there is none."""
        account, found = self.pool.accounts.get(account_id), await self.checkup.refresher.fresh(account_id)
        if account is None or isinstance(found, RefreshProblem):
            return PageProblem((found if isinstance(found, RefreshProblem) else REMOVED).code)
        try:
            origin = origin_for(account.origin, upstream)
        except ValueError:
            return NO_ORIGIN
        kept = self.newest()
        version = (kept.client_version if kept else "") or CLIENT_VERSION
        try:
            reply = await self.checkup.visit(found).reply(f"{origin.url}{MODELS_PATH}?client_version={version}")
        except NoPageError as error:
            return error.problem
        headers = reply.headers.get("content-type"), reply.headers.get("etag")
        fresh = read_list(version, account_id, reply.body, headers, time.time())
        if fresh is None:
            return NO_LIST
        keep(self.pool, self.checkup.writer, fresh)
        return None
