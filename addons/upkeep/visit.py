"""A visit to the upstream as one account: addresses go in, pages come out; a refused token is refreshed once."""

from __future__ import annotations

from dataclasses import dataclass

from addons.upkeep.calls import CallError, Calls, Reply
from addons.upkeep.refresher import Refresher
from addons.wire.failures import Break, Evidence, Failure, diagnose
from addons.wire.headers import FEDRAMP, ROUTING_OVERRIDE
from addons.wire.tokens import RefreshProblem, RefreshReason, code_of
from codexlb_store.credentials import Credential

PAGE_SECONDS = 10.0
"""How long a page may take."""

TELLS_OF_DEACTIVATION = frozenset({401, 402, 403, 404})


@dataclass(frozen=True, slots=True)
class PageProblem:
    """Why there is no page: a code, and whether the account is deactivated."""

    code: str
    is_deactivated: bool = False


class NoPageError(Exception):
    """The upstream gave no page."""

    def __init__(self, problem: PageProblem) -> None:
        super().__init__(f"The upstream gave no page: {problem.code}.")
        self.problem = problem


def problem_of(reply: Reply) -> PageProblem | None:
    """What is wrong with an answer; None for a page."""
    if reply.status == 200:
        return None
    evidence = Evidence(Break.STATUS, reply.status, headers={}, body=reply.body, error=None, windows=())
    diagnosis = diagnose(evidence, now=0.0)  # how long a limit lasts does not matter here
    is_deactivated = diagnosis.failure is Failure.DEACTIVATED and reply.status in TELLS_OF_DEACTIVATION
    return PageProblem(code_of(diagnosis.code, reply.status), is_deactivated)


def is_refusal(reply: Reply, problem: PageProblem | None) -> bool:
    """Whether it was the access token that was not accepted."""
    return reply.status == 401 and problem is not None and not problem.is_deactivated


def headers_of(credential: Credential) -> dict[str, str]:
    """The headers that make a request the account's."""
    headers = {
        "authorization": f"Bearer {credential.access_token}",
        "chatgpt-account-id": credential.chatgpt_account_id,
    }
    if credential.routing_override:
        headers[ROUTING_OVERRIDE] = credential.routing_override
    if credential.fedramp:
        headers[FEDRAMP] = "true"
    return headers


class Visit:
    """Asks for one page after the other, with the account's newest credential."""

    def __init__(self, credential: Credential, refresher: Refresher, calls: Calls, patience_seconds: float) -> None:
        self.credential = credential
        self.refresher = refresher
        self.calls = calls
        self.patience_seconds = patience_seconds
        self.may_refresh = True
        self.is_refused = False
        """Whether a page refused the credential, and another would be no better."""

    async def page(self, url: str) -> bytes:
        """The page at this address; raises NoPageError."""
        return (await self.reply(url)).body

    async def reply(self, url: str) -> Reply:
        """The same with its headers."""
        reply = await self._get(url)
        problem = problem_of(reply)
        if is_refusal(reply, problem) and self.may_refresh:
            await self._refresh()
            reply = await self._get(url)
            problem = problem_of(reply)
        self.is_refused |= is_refusal(reply, problem)
        if problem:
            raise NoPageError(problem)
        return reply

    async def _get(self, url: str) -> Reply:
        try:
            return await self.calls.get(url, headers_of(self.credential), self.patience_seconds)
        except CallError as error:
            raise NoPageError(PageProblem(f"upstream_{error.code}")) from error

    async def _refresh(self) -> None:
        found = await self.refresher.refreshed(self.credential, RefreshReason.UNAUTHORIZED)
        if isinstance(found, RefreshProblem):
            raise NoPageError(PageProblem(found.code))
        self.credential, self.may_refresh = found, False
