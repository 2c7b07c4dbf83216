"""The command `codexlb`: one group, one module per subcommand."""

from __future__ import annotations

import click

from scripts.lazy_group import LazyGroup

COMMANDS = {
    "accounts": "scripts.accounts.command",
    "benchmark": "scripts.benchmark.command",
    "demo": "scripts.demo",
    "keys": "scripts.keys.command",
    "report": "scripts.usage_report",
    "serve": "scripts.serve",
    "simulator": "scripts.simulator.command",
}


@click.group(cls=LazyGroup, modules=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codexlb", prog_name="codexlb")
def main() -> None:
    """Use several ChatGPT accounts as one from Codex."""
