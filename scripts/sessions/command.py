"""The command `codexlb sessions`: one module per subcommand."""

from __future__ import annotations

import click

from scripts.lazy_group import LazyGroup

COMMANDS = {
    "list": "scripts.sessions.listing",
    "retag": "scripts.sessions.retagging",
    "undo": "scripts.sessions.undoing",
}
"""In the order of the help: seeing, changing, putting back."""


@click.group(cls=LazyGroup, modules=COMMANDS)
def command() -> None:
    """Make Codex's saved sessions appear under another provider, and put them back.

    Codex lists and resumes a session only under the model provider it was started with.
    """
