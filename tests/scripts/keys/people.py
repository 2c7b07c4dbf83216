"""`codexlb keys` as a person runs it, and what is in the store then."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any

from click.testing import CliRunner, Result

from codexlb_store.home import home_folder
from codexlb_store.keys import Key, load_keys
from codexlb_store.limit_texts import limit_text
from codexlb_store.schema import open_store
from scripts.keys.command import command


def codexlb_keys(*arguments: str) -> Result:
    """What `codexlb keys ARGUMENTS` does; nobody is at the keyboard."""
    return CliRunner().invoke(command, list(arguments))


def as_json(*arguments: str) -> Any:
    """The data that `codexlb keys ARGUMENTS --json` prints, and nothing else."""
    result = codexlb_keys(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def made(*arguments: str) -> str:
    """The plain text of the key that `codexlb keys create ARGUMENTS` makes."""
    result = codexlb_keys("create", *arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout.removesuffix("\n")


def stored() -> list[Key]:
    """The keys in the store."""
    with contextlib.closing(open_store(home_folder(os.environ))) as db:
        return load_keys(db)


def stored_limits() -> list[str]:
    """The limits of the one key in the store."""
    [key] = stored()
    return [limit_text(limit) for limit in key.limits]


def misused(result: Result) -> str:
    """The sentence of a mistake of use that changed nothing and printed nothing else."""
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr.splitlines()[-1]
