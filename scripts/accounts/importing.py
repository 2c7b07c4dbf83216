"""`codexlb accounts import`: Codex logins go in from their auth.json."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from addons.wire.origins import Origin
from codexlb_store.accounts import Account, AccountStatus, load_accounts
from codexlb_store.auth_json import Login
from codexlb_store.credentials import load_credential
from codexlb_store.logins import Saved, save_login
from codexlb_store.quantity import moment
from codexlb_store.vault import Vault
from scripts.accounts import codex_own
from scripts.accounts.login_file import LoginFileError, read_logins
from scripts.accounts.naming import introduced, typed
from scripts.accounts.origin_option import issuer_option
from scripts.asking import agree, yes_option
from scripts.data_folder import DataFolder, data_folder


@dataclass(frozen=True, slots=True)
class Imported:
    """A login whose tokens are the account's now; `shared` when Codex itself has it, too."""

    account: Account
    expires_at: float | None
    can_refresh: bool
    shared: bool


def said(account: Account, saved: Saved, accounts: Sequence[Account]) -> str:
    """The line that says what became of a login."""
    who = introduced(account)
    match saved:
        case Saved.ADDED:
            return f"Added {who}."
        case Saved.UPDATED:
            stays = f", which stays {account.state}" if account.state is not AccountStatus.ACTIVE else ""
            return f"Updated {who}{stays}."
        case Saved.UNCHANGED:
            return f"Unchanged {who}: this very login is there already."
        case Saved.OLDER:
            return f"Kept the newer tokens of {who}."
        case Saved.DEAD:
            handle = typed(account, accounts)
            return f"This login of {who} has been refused before: run `codexlb accounts login --account {handle}`."


class Import:
    """One run of the command: what it has taken in so far, and whether anything failed."""

    def __init__(self, folder: DataFolder, now: float) -> None:
        self.folder = folder
        self.now = now
        self.vault = Vault.open(folder.home, os.environ)
        self.codex_file = codex_own.codex_login_file(os.environ)
        self.imported: list[Imported] = []
        self.failed = False

    def read(self, paths: Iterable[str]) -> None:
        """Take in every login of these files and folders, and say so."""
        for path, login in read_logins(paths, self.now):
            if isinstance(login, LoginFileError):
                self.fail(str(login))
            else:
                self.take_in(path, login)

    def take_in(self, path: str, login: Login) -> None:
        """Store one login, and say what became of it."""
        account, saved = save_login(self.folder.db, self.vault, login, self.now)
        line = said(account, saved, load_accounts(self.folder.db))
        if saved is Saved.DEAD:
            self.fail(f"{path}: {line}")
            return
        click.echo(line)
        if saved is not Saved.OLDER:
            held = load_credential(self.folder.db, self.vault, account.id)
            shared = codex_own.is_codex_own(path, login, self.codex_file, self.now)
            self.imported.append(Imported(account, login.expires_at, bool(held and held.refresh_token), shared))

    def fail(self, sentence: str) -> None:
        """Say what could not be imported, and go on."""
        self.failed = True
        click.echo(f"Error: {sentence}", err=True)

    def take_over(self, issuer: Origin) -> set[str]:
        """Refresh what has been taken in, so that nobody else can; returns the ids of the accounts."""
        from scripts.accounts.upkeep import refresh_accounts  # aiohttp, which a plain import need not wait for

        able = list({found.account.id: found.account for found in self.imported if found.can_refresh}.values())
        refreshed = refresh_accounts(self.folder.home, able, load_accounts(self.folder.db), issuer)
        self.failed |= len(refreshed) < len(able)
        return {account.id for account in refreshed}

    def warn(self, owned: set[str]) -> None:
        """Say who else may spend a login's refresh token, and which login has none."""
        for found in self.imported:
            name = found.account.name
            if not found.can_refresh:
                end = "" if found.expires_at is None else f" until {moment(found.expires_at, self.now, None)}"
                click.echo(
                    f"Warning: The login of {name} has no refresh token: it serves{end or ' a while'}.", err=True
                )
            elif found.shared and found.account.id in owned:
                click.echo(codex_own.taken_over(name, self.codex_file), err=True)
            elif found.shared:
                click.echo(codex_own.warning(name, self.codex_file), err=True)


def paths_or_codex_own(paths: Sequence[str], yes: bool) -> list[str]:
    """The paths, or that of Codex's own login if there are none and the person agrees."""
    if paths:
        return list(paths)
    file: Path = codex_own.codex_login_file(os.environ)
    with contextlib.suppress(OSError):  # reading it says what is wrong
        if not file.exists():
            raise click.ClickException(
                f"Codex has no login in {file}: run `codexlb accounts login`, or give the path of an auth.json."
            )
    agree(codex_own.question(file), yes)
    return [str(file)]


@click.command("import")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--refresh", is_flag=True, help="Refresh the tokens at once: then nobody else can go on with them.")
@yes_option
@issuer_option
def command(paths: tuple[str, ...], refresh: bool, yes: bool, issuer: Origin) -> None:
    """Add the accounts of these auth.json files.

    A folder stands for its auth.json, or else for its *.json and the auth.json files one level down; - stands for
    standard input, and nothing for the login that Codex itself uses. An account that is there already is updated if
    the login is newer.
    """
    chosen = paths_or_codex_own(paths, yes)
    with data_folder() as folder:
        run = Import(folder, time.time())
        run.read(chosen)
        run.warn(run.take_over(issuer) if refresh and run.imported else set())
    if run.failed:
        sys.exit(1)
