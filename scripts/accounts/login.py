"""`codexlb accounts login`: a person logs in to ChatGPT, and the account goes in or gets new tokens."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import time
from dataclasses import dataclass

import click

from addons.settings.upstream import ISSUER
from addons.upkeep.login_calls import LoginCalls, LoginError
from addons.wire.origins import Origin
from addons.wire.tokens import NewTokens
from codexlb_store.accounts import Account, account_id, load_accounts
from codexlb_store.auth_json import AuthJsonError, Login, login_of_tokens
from codexlb_store.logins import Saved, save_login
from codexlb_store.vault import Vault
from scripts.accounts.importing import said
from scripts.accounts.login_browser import PORTS, BrowserLogin, may_open
from scripts.accounts.login_device import DeviceLogin
from scripts.accounts.naming import named
from scripts.accounts.origin_option import origin_option
from scripts.data_folder import DataFolder, data_folder
from scripts.terminal import terminal

INTERRUPTED = 130
"""The exit code of a command ended by Ctrl-C, as shells have it."""


def login_of(tokens: NewTokens, now: float) -> Login:
    """Whose tokens they are; raises LoginError when they do not say."""
    try:
        return login_of_tokens(tokens.access_token, tokens.refresh_token or "", tokens.id_token or "", now)
    except AuthJsonError as error:
        raise LoginError("The issuer's tokens do not say whose they are: nothing was changed.") from error


def another_seat(login: Login, wanted: Account) -> str:
    """Why this login is not the one that was asked for: the person may be the same and the workspace another."""
    came = f"{login.email} (workspace {login.chatgpt_account_id})"
    asked = f"{wanted.email} (workspace {wanted.chatgpt_account_id})"
    return f"You logged in as {came}, not as {asked}: nothing was changed."


@dataclass(frozen=True, slots=True)
class Keeper:
    """Where a login goes; with `wanted`, only that account's does."""

    folder: DataFolder
    vault: Vault
    wanted: Account | None

    def keep(self, tokens: NewTokens) -> str:
        """Store the login of these tokens and say so; raises LoginError, and then nothing has changed."""
        now = time.time()
        login = login_of(tokens, now)
        if self.wanted and self.wanted.id != account_id(login.user_id, login.chatgpt_account_id):
            raise LoginError(another_seat(login, self.wanted))
        try:
            account, saved = save_login(self.folder.db, self.vault, login, now)
        except sqlite3.Error as error:
            raise LoginError(f"The login could not be stored ({error}): log in again.") from error
        sentence = said(account, saved, load_accounts(self.folder.db))
        if saved in (Saved.OLDER, Saved.DEAD):
            raise LoginError(sentence)
        return sentence


async def log_in(issuer: Origin, keeper: Keeper, device: bool, no_browser: bool, port: int | None) -> None:
    """Log in one way or the other; raises LoginError."""
    async with LoginCalls(issuer) as calls:
        if device:
            click.echo(keeper.keep(await DeviceLogin(calls, terminal()).run()))
        else:
            browser = BrowserLogin(calls, keeper.keep, (port,) if port else PORTS)
            await browser.run(not no_browser and may_open(os.environ, sys.platform))


@click.command("login")
@click.option("--device", is_flag=True, help="Show a code to type on another device, for machines without a browser.")
@click.option("--account", "name", metavar="NAME", help="Log this account in again; refuse the login of another one.")
@click.option("--no-browser", is_flag=True, help="Print the address to open, and do not open it.")
@origin_option("--issuer", ISSUER, "Origin that people log in at.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    show_default=" or ".join(map(str, PORTS)),
    help="Port on 127.0.0.1 that the browser comes back to; auth.openai.com knows the default ones only.",
)
def command(issuer: Origin, name: str | None, device: bool, no_browser: bool, port: int | None) -> None:
    """Add an account by logging in to ChatGPT.

    In the browser; or with --device from anywhere. An account that is there already gets new tokens. A running proxy
    uses them at once.
    """
    try:
        with data_folder() as folder:
            vault = Vault.open(folder.home, os.environ)
            wanted = named(load_accounts(folder.db), [name])[0] if name is not None else None
            asyncio.run(log_in(issuer, Keeper(folder, vault, wanted), device, no_browser, port))
    except LoginError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            click.echo(err=True)  # the terminal has written ^C where the prompt would stand
        sys.exit(INTERRUPTED)
