"""A login in the browser: an address goes out, the browser comes back or its address is pasted, tokens come out."""

from __future__ import annotations

import asyncio
import secrets
import threading
import webbrowser
from collections.abc import Callable, Mapping, Sequence

import click

from addons.upkeep.login_calls import LoginCalls, LoginError
from addons.wire.logins import (
    Code,
    LoginProblem,
    authorize_url,
    callback_url,
    challenge_of,
    read_callback,
    read_pasted,
)
from addons.wire.tokens import NewTokens
from scripts.accounts.login_listener import CallbackListener
from scripts.accounts.login_pages import failed, succeeded
from scripts.accounts.login_pasting import Pasting, standard_input

PORTS = (1455, 1457)
"""The Codex CLI's own, and the only ones that auth.openai.com sends a browser back to."""

LIMIT_SECONDS = 300.0

STATE_BYTES, VERIFIER_BYTES = 32, 64
"""As many as the Codex CLI takes."""

REMOTE = "No browser on this machine? Log in anywhere, then paste here the address that the browser ends on."

PASTE_ONLY = (
    "the browser cannot come back here: paste the address that it ends on, or stop and use "
    "`codexlb accounts login --device`."
)

NOT_IT = "That is not the address of this login: paste all that the browser's address bar shows in the end."


def taken(ports: Sequence[int]) -> str:
    """Why no browser can come back."""
    named = " and ".join(map(str, ports))
    return f"Port {named} is taken" if len(ports) == 1 else f"Ports {named} are taken"


def may_open(environ: Mapping[str, str], platform: str) -> bool:
    """Whether there is a browser here to open: one that was named, or any where there is a screen and no SSH."""
    if environ.get("BROWSER"):
        return True
    is_remote = any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"))
    has_screen = platform == "darwin" or any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return has_screen and not is_remote


def open_browser(url: str) -> None:
    """Open it and go on at once: some browsers return when they are closed, and none may keep us from ending."""
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


class BrowserLogin:
    """One login; `keep` stores what it brings and says so, or raises LoginError."""

    def __init__(
        self,
        calls: LoginCalls,
        keep: Callable[[NewTokens], str],
        ports: Sequence[int] = PORTS,
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        self.calls = calls
        self.keep = keep
        self.ports = ports
        self.limit_seconds = limit_seconds
        self.state = secrets.token_urlsafe(STATE_BYTES)
        self.verifier = secrets.token_urlsafe(VERIFIER_BYTES)
        self.answer: asyncio.Future[Code | LoginProblem] = asyncio.get_running_loop().create_future()

    async def run(self, opens_browser: bool) -> None:
        """Log in; raises LoginError."""
        async with CallbackListener(self.offer, self.ports) as listener:
            redirect_uri = callback_url(listener.port or self.ports[0])
            self.invite(redirect_uri, listener.port is not None, opens_browser)
            try:
                with Pasting(standard_input(), self.paste, lambda: self.pasting_ended(listener.port is not None)):
                    code = await self.code()
                sentence = self.keep(await self.calls.redeem(code.text, redirect_uri, self.verifier))
            except LoginError as error:
                listener.tell(failed(str(error)))
                raise
            click.echo(sentence)
            listener.tell(succeeded(sentence))

    def invite(self, redirect_uri: str, is_listening: bool, opens_browser: bool) -> None:
        """Say what to do; the browser opens if it may."""
        url = authorize_url(self.calls.issuer, redirect_uri, self.state, challenge_of(self.verifier))
        click.echo(
            "A browser opens for you to log in; if none does, open this:" if opens_browser else "Open this and log in:"
        )
        click.echo(f"\n{url}\n")
        click.echo(REMOTE if is_listening else f"{taken(self.ports)}, so {PASTE_ONLY}")
        if opens_browser:
            open_browser(url)

    def offer(self, query: str) -> bool:
        """Take the query of a callback; False when it is not this login's."""
        return self.take(read_callback(query, self.state))

    def paste(self, line: str) -> None:
        """Take a line that may hold an address."""
        if line.strip() and not self.take(read_pasted(line, self.state)):
            click.echo(NOT_IT, err=True)

    def take(self, answer: Code | LoginProblem | None) -> bool:
        """The first answer counts: a browser may load its page twice."""
        if answer and not self.answer.done():
            self.answer.set_result(answer)
        return answer is not None

    def pasting_ended(self, is_listening: bool) -> None:
        if not is_listening and not self.answer.done():
            self.answer.set_exception(
                LoginError(
                    f"{taken(self.ports)}, and no address was pasted: end what holds the port, or log in with "
                    "`codexlb accounts login --device`."
                )
            )

    async def code(self) -> Code:
        """What the browser brings; raises LoginError."""
        try:
            async with asyncio.timeout(self.limit_seconds):
                answer = await self.answer
        except TimeoutError:
            waited = f"{self.limit_seconds / 60:g} minutes"
            raise LoginError(f"Nobody logged in within {waited}: run `codexlb accounts login` again.") from None
        if isinstance(answer, LoginProblem):
            raise LoginError(f"The login was refused ({answer}): nothing was changed.")
        return answer
