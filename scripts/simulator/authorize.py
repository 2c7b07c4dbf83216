"""auth.openai.com's authorization page: a browser login's request in, a redirect with a code or an error out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from scripts.simulator.call import Call, Handler
from scripts.simulator.pages import HTML, chooser_page, message_page
from scripts.simulator.tokens import CLIENT_ID
from scripts.simulator.world import World

PATH = "/oauth/authorize"

LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?/auth/callback")
"""Where a code may go: to the client on the person's own machine, at whichever port it found free."""

S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")

SCOPES = frozenset({"openid", "profile", "email", "offline_access", "api.connectors.read", "api.connectors.invoke"})
"""What the Codex client asks for."""


class AskError(Exception):
    """An authorization request that nobody can be sent back from: its client or its address is wrong."""


@dataclass(frozen=True, slots=True)
class Ask:
    """An authorization request. `error` is None, or OAuth's code and a sentence for what is wrong with it."""

    redirect_uri: str
    state: str
    scope: str
    challenge: str
    error: tuple[str, str] | None


def read_ask(query: Mapping[str, str]) -> Ask:
    """Reads and checks the query of /oauth/authorize; raises AskError."""
    if query.get("client_id") != CLIENT_ID:
        raise AskError(f"The client_id {query.get('client_id')!r} is not known; Codex's is {CLIENT_ID}.")
    redirect_uri = query.get("redirect_uri", "")
    if not LOOPBACK.fullmatch(redirect_uri):
        raise AskError(f"The redirect_uri {redirect_uri!r} is not http://127.0.0.1:PORT/auth/callback.")
    challenge, scope = query.get("code_challenge", ""), query.get("scope", "")
    return Ask(redirect_uri, query.get("state", ""), scope, challenge, _mistake(query))


def _mistake(query: Mapping[str, str]) -> tuple[str, str] | None:
    scopes = frozenset(query.get("scope", "").split())
    if query.get("response_type") != "code":
        return "unsupported_response_type", "The response_type must be code."
    if query.get("code_challenge_method") != "S256" or not S256_CHALLENGE.fullmatch(query.get("code_challenge", "")):
        return "invalid_request", "A code_challenge by the code_challenge_method S256 is required."
    if not query.get("state"):
        return "invalid_request", "A state is required."
    if "openid" not in scopes or not scopes <= SCOPES:
        return "invalid_scope", f"The scope must hold openid and nothing beside {' '.join(sorted(SCOPES))}."
    return None


def redirect_to(ask: Ask, **answer: str) -> str:
    """The address of the client with the answer; its state comes back to it as it was."""
    return f"{ask.redirect_uri}?{urlencode({**answer, 'state': ask.state})}"


class AuthorizeApi:
    """Asks the person for an account and sends the browser back to the client."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {("GET", PATH): self.authorize}

    async def authorize(self, call: Call) -> None:
        """With `login_hint=<name>` the page is skipped, as for a person who has chosen already."""
        query = call.request.query
        try:
            ask = read_ask(query)
        except AskError as error:
            await call.whole(400, message_page("Invalid request", str(error)), HTML)
            return
        account = self._world.accounts.get(query.get("login_hint", ""))
        if ask.error:
            await call.redirect(redirect_to(ask, error=ask.error[0], error_description=ask.error[1]))
        elif "refused" in query:
            await call.redirect(redirect_to(ask, error="access_denied", error_description="The login was refused."))
        elif account is None:
            await self._choose(call)
        else:
            call.entry.account = account.seat.name
            code = self._world.codes.give(account.seat.name, frozenset({ask.redirect_uri}), ask.challenge)
            await call.redirect(redirect_to(ask, code=code, scope=ask.scope))

    async def _choose(self, call: Call) -> None:
        asked = [(key, value) for key, value in call.request.query.items() if key != "login_hint"]
        seats = [account.seat for account in self._world.accounts.values()]
        await call.whole(200, chooser_page(PATH, asked, seats), HTML)
