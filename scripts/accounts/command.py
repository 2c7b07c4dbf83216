"""The command `codexlb accounts`: one module per subcommand."""

from __future__ import annotations

import click

from scripts.lazy_group import LazyGroup

COMMANDS = {
    "import": "scripts.accounts.importing",
    "list": "scripts.accounts.listing",
}
"""In the order of the help: adding, seeing, changing, keeping."""


@click.group(cls=LazyGroup, modules=COMMANDS)
def command() -> None:
    """Add ChatGPT accounts, see what each can do, change what each may do."""
