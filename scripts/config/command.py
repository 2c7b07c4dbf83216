"""The command `codexlb config`: one module per subcommand."""

from __future__ import annotations

import click

from scripts.lazy_group import LazyGroup

COMMANDS = {
    "list": "scripts.config.listing",
    "get": "scripts.config.getting",
    "set": "scripts.config.setting",
    "unset": "scripts.config.unsetting",
    "edit": "scripts.config.editing",
}
"""In the order of the help: seeing, changing."""


@click.group(cls=LazyGroup, modules=COMMANDS)
def command() -> None:
    """See and change the settings of the proxy, also while it runs.

    They are in config.toml in the data folder. The command line of a proxy comes before them, and so does a variable:
    CODEXLB_STRATEGY for codexlb_strategy, CODEXLB_LISTEN_PORT for listen_port.
    """
