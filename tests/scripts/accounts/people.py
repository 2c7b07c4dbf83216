"""`codexlb accounts` as a person runs it, and what is in the store then."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from click.testing import CliRunner, Result

from codexlb_store.accounts import Account, load_accounts
from codexlb_store.credentials import load_credentials
from codexlb_store.home import home_folder
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault
from scripts.accounts.command import command

LATER = 4e9
"""Unix seconds of a moment that no run of these tests will see."""


def codexlb_accounts(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    """What `codexlb accounts ARGUMENTS` does; nobody is at the keyboard."""
    return CliRunner().invoke(command, list(map(str, arguments)), input=stdin)


def stored() -> list[Account]:
    """The accounts in the store."""
    with contextlib.closing(open_store(home_folder(os.environ))) as db:
        return load_accounts(db)


def access_tokens() -> list[str]:
    """The access tokens in the store, in the order of the accounts."""
    home = home_folder(os.environ)
    with contextlib.closing(open_store(home)) as db:
        held = load_credentials(db, Vault.open(home, os.environ))
        return [held[account.id].access_token for account in load_accounts(db)]


def refused(result: Result) -> str:
    """The one sentence of a command that changed nothing and printed nothing else."""
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("Error: ").removesuffix("\n")
