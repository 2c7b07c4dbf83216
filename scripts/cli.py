"""The command `codexlb`: one group, one module per subcommand."""

from __future__ import annotations

import click

from scripts.lazy_group import LazyGroup

COMMANDS = {
    "accounts": "scripts.accounts.command",
    "benchmark": "scripts.benchmark.command",
    "client-config": "scripts.client_config.command",
    "config": "scripts.config.command",
    "dashboard": "scripts.dashboard.command",
    "demo": "scripts.demo",
    "doctor": "scripts.doctor.command",
    "guard": "scripts.glance.guard",
    "keys": "scripts.keys.command",
    "prices": "scripts.prices",
    "projects": "scripts.projects",
    "report": "scripts.report.command",
    "serve": "scripts.serve",
    "sessions": "scripts.sessions.command",
    "simulator": "scripts.simulator.command",
    "status": "scripts.glance.status",
}


@click.group(cls=LazyGroup, modules=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codexlb", prog_name="codexlb")
def main() -> None:
    """Use several ChatGPT accounts as one from Codex."""
