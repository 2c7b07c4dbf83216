"""The command `codexlb dashboard`: one module per subcommand."""

from __future__ import annotations

import click

from scripts.lazy_group import LazyGroup

COMMANDS = {"password": "scripts.dashboard.password"}


@click.group(cls=LazyGroup, modules=COMMANDS)
def command() -> None:
    """Say who may see the dashboard, which the proxy shows at /dashboard.

    Without a password it is shown on the proxy's own machine only.
    """
