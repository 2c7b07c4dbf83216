"""`codexlb config unset`: a setting is taken out of the file."""

from __future__ import annotations

import click

from addons.settings.catalog import BY_NAME, SERVE_DEFAULTS
from addons.settings.file_text import parse
from scripts.client_config.config_file import ConfigFile, replace_config
from scripts.config.document import without
from scripts.config.effects import report, shown
from scripts.config.place import changing, named, settings_home


@click.command("unset")
@click.argument("name")
def command(name: str) -> None:
    """Take a setting out of the file, so that its default counts again."""
    with settings_home() as home:
        with changing(home) as file:
            click.echo(take_out(file, name))
        if name in BY_NAME:
            report(BY_NAME[name], home)


def take_out(file: ConfigFile, name: str) -> str:
    """Remove it, if it is there; what is to be said of that. A name that means nothing may be removed, too."""
    if name not in parse(file.path, file.text):
        return f"Nothing to do: {named(name).name} is not in {file.path}."
    replace_config(file, file.content_with(without(file.text, name)))
    default = f": its default is {shown(SERVE_DEFAULTS[name])}" if name in BY_NAME else ""
    return f"{name} is not in {file.path} any more{default}."
