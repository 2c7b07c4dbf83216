"""Asking first: a question goes out to the person at the keyboard, and the command goes on only if they agree."""

from __future__ import annotations

import sys

import click

yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


def agree(question: str, yes: bool) -> None:
    """End the command unless a person agrees, or did with --yes; where nobody can be asked it ends with a sentence."""
    if yes:
        return
    if not sys.stdin or not sys.stdin.isatty():  # a closed one is None
        raise click.ClickException("This asks first, and nobody is at the keyboard: add --yes to agree.")
    click.confirm(question, abort=True, err=True)
