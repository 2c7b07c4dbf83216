"""The command `codexlb accounts`: one module per subcommand."""

from __future__ import annotations

import click

from scripts.lazy_group import LazyGroup

COMMANDS = {
    "login": "scripts.accounts.login",
    "import": "scripts.accounts.importing",
    "list": "scripts.accounts.listing",
    "show": "scripts.accounts.showing",
    "check": "scripts.accounts.checking",
    "pause": "scripts.accounts.pausing",
    "drain": "scripts.accounts.draining",
    "resume": "scripts.accounts.resuming",
    "rename": "scripts.accounts.renaming",
    "weight": "scripts.accounts.weighing",
    "refresh": "scripts.accounts.refreshing",
    "export": "scripts.accounts.exporting",
    "remove": "scripts.accounts.removing",
}
"""In the order of the help: adding, seeing, changing, keeping."""


@click.group(cls=LazyGroup, modules=COMMANDS)
def command() -> None:
    """Add ChatGPT accounts, see what each can do, change what each may do.

    NAME is an account's alias, e-mail or id, or the beginning of one that means no other account.
    """
