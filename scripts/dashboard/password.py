"""`codexlb dashboard password`: set, change or remove the dashboard's password."""

from __future__ import annotations

import sys
import time

import click

from codexlb_store.dashboard_password import (
    LEAST_CHARACTERS,
    MOST_CHARACTERS,
    PasswordError,
    hash_password,
    load_password,
    remove_password,
    save_password,
)
from scripts.data_folder import data_folder

LONGEST_LINE = 4 * MOST_CHARACTERS + 8
"""In bytes, with its end; what is longer has too many characters anyway."""


@click.command("password")
@click.option("--remove", is_flag=True, help="Have none: the dashboard is then shown on this machine only.")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read it from standard input, as one line, and do not ask.")
def command(remove: bool, from_stdin: bool) -> None:
    """Set or change the password of the dashboard.

    From then on everybody needs it, on this machine too; who is logged in has to log in again. The password is
    asked for twice and not shown. What is stored of it only recognises it.
    """
    if remove and from_stdin:
        raise click.UsageError("--remove and --stdin exclude each other: choose one.")
    if remove:
        click.echo(removed())
        return
    password = read_line() if from_stdin else asked()
    try:
        stored = hash_password(password, time.time())
    except PasswordError as error:
        raise click.ClickException(str(error)) from error
    with data_folder() as folder:
        is_change = load_password(folder.db) is not None
        save_password(folder.db, stored)
    if is_change:
        click.echo("The dashboard has a new password; who was logged in has to log in again.")
    else:
        click.echo("The dashboard has a password: everybody needs it from now on, on this machine too.")


def removed() -> str:
    """Remove the password; what to say of it."""
    with data_folder() as folder:
        if not remove_password(folder.db):
            return "The dashboard has no password: it is shown on this machine only."
    return "The dashboard has no password any more: from now on it is shown on this machine only."


def asked() -> str:
    """The password as a person types it twice; one sentence where nobody can be asked."""
    if not sys.stdin or not sys.stdin.isatty():  # a closed one is None
        raise click.ClickException("Nobody is at the keyboard: give the password on standard input and add --stdin.")
    question = f"Password ({LEAST_CHARACTERS} characters or more)"
    answer: str = click.prompt(question, hide_input=True, confirmation_prompt="Once more", err=True)
    return answer


def read_line() -> str:
    """The first line of standard input."""
    line = sys.stdin.buffer.readline(LONGEST_LINE) if sys.stdin else b""
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise click.ClickException("The password on standard input is not UTF-8 text.") from error
