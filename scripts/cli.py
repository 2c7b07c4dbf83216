"""The command `codexlb`: one group, one module per subcommand, loaded when it is asked for."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "accounts": "scripts.accounts",
    "benchmark": "scripts.benchmark.command",
    "demo": "scripts.demo",
    "report": "scripts.usage_report",
    "serve": "scripts.serve",
    "simulator": "scripts.simulator.command",
}
"""Command name to the module whose attribute `command` is the click command."""


class LazyGroup(click.Group):
    """Imports a subcommand only when it is used: `report` must not wait for mitmproxy to load."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name])
        command: click.Command = module.command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codexlb", prog_name="codexlb")
def main() -> None:
    """Use several ChatGPT accounts as one from Codex."""
