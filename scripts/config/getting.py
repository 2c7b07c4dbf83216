"""`codexlb config get`: the bare value of a setting."""

from __future__ import annotations

import click

from scripts.config.place import in_force, named, read_file, settings_home


@click.command("get")
@click.argument("name")
def command(name: str) -> None:
    """Print the value of a setting, and nothing else."""
    setting = named(name)
    with settings_home() as home:
        click.echo(in_force(read_file(home))[setting.name].value)
