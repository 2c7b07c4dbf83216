"""`codexlb config set`: a setting is put into the file."""

from __future__ import annotations

from typing import Any

import click

from addons.settings.file_text import parse
from addons.settings.setting import Setting, Value
from scripts.client_config.config_file import ConfigFile, replace_config
from scripts.config.document import with_value
from scripts.config.effects import report, shown
from scripts.config.place import changing, named, settings_home


def put(file: ConfigFile, setting: Setting[Any], wanted: Value) -> str:
    """Write it down, if it is news; what is to be said of that."""
    before = parse(file.path, file.text).get(setting.name)
    if before == wanted and type(before) is type(wanted):
        return f"Nothing to do: {setting.name} is {shown(wanted)} in {file.path} already."
    replace_config(file, file.content_with(with_value(file.text, setting.name, wanted)))
    was = "" if before is None else f" (it was {shown(before)})"
    return f"{setting.name} is {shown(wanted)} now{was}, in {file.path}."


@click.command("set", context_settings={"ignore_unknown_options": True})  # -1 is a value, if no good one
@click.argument("name")
@click.argument("value")
def command(name: str, value: str) -> None:
    """Decide on a setting; a running proxy takes it over within a second.

    Comments and order of the file stay as they are.
    """
    setting = named(name)
    try:
        wanted = setting.read(value)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    with settings_home() as home:
        with changing(home) as file:
            click.echo(put(file, setting, wanted))
        report(setting, home)
