"""`codexlb accounts export`: an account's login comes out as the auth.json that Codex reads."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

import click

from codexlb_store.accounts import load_accounts
from codexlb_store.auth_json import auth_json_text
from codexlb_store.credentials import tokens_of
from codexlb_store.vault import Vault
from scripts.accounts.naming import introduced, named
from scripts.asking import agree, yes_option
from scripts.data_folder import data_folder

QUESTION = (
    "Whoever has the exported login of {} is that account. Its refresh token is good for one use: if Codex uses the "
    "copy while Codex-LB goes on with the account, whoever refreshes first logs the other out. Export it?"
)


def write_private(path: Path, text: str, force: bool) -> None:
    """Write a file that nobody else may read; raises FileExistsError unless `force`, or OSError."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}") if force else path
    file = os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w")
    try:
        with file:
            file.write(text)
        draft.replace(path)
    except OSError:
        draft.unlink()
        raise


@click.command("export")
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file, not to standard output.")
@click.option("--force", is_flag=True, help="Take the place of a file that is there.")
@yes_option
def command(name: str, output: Path | None, force: bool, yes: bool) -> None:
    """Write an account's login as the auth.json of Codex.

    Tokens in plain text: only for moving an account to another machine or back to Codex itself. Pause or remove it
    here then.
    """
    with data_folder() as folder:
        [account] = named(load_accounts(folder.db), [name])
        with contextlib.suppress(OSError):  # writing it says what is wrong
            if output and output.exists() and not force:
                raise click.ClickException(f"{output} is there already: add --force to replace it.")
        agree(QUESTION.format(introduced(account)), yes)
        login = tokens_of(folder.db, Vault.open(folder.home, os.environ), account.id)
    if login is None:
        raise click.ClickException(f"{account.name} has no login: run `codexlb accounts login`, or import one.")
    if output is None:
        click.echo(auth_json_text(login), nl=False)
        return
    try:
        write_private(output, auth_json_text(login), force)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written ({error.strerror}): choose another file.") from error
    click.echo(f"Wrote the login of {introduced(account)} to {output}.", err=True)
