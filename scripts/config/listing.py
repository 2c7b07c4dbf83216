"""`codexlb config list`: every setting, its value, and who decided on it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click
from rich.table import Column, Table
from rich.text import Text

from addons.settings.catalog import SERVE_DEFAULTS, SETTINGS
from addons.settings.resolve import Effective, Source, remarks
from addons.settings.setting import Setting
from codexlb_store.processes import Running, running
from scripts.client_config.config_file import ConfigFile
from scripts.config.effects import places, shown
from scripts.config.place import in_force, read_file, settings_home
from scripts.keys.written import json_option
from scripts.terminal import table, terminal

RECORD_VERSION = 1

STYLES = {Source.DEFAULT: "dim", Source.FILE: "", Source.ENVIRONMENT: "yellow", Source.COMMAND_LINE: "yellow"}


@click.command("list")
@json_option
def command(as_json: bool) -> None:
    """Show every setting, its value, and where that comes from.

    Where a running proxy goes by something else, that is said below the table.
    """
    with settings_home() as home:
        file = read_file(home)
        found, proxies = in_force(file), running(home)
    for remark in remarks(os.environ):
        click.echo(f"Warning: {remark}", err=True)
    if as_json:
        click.echo(json.dumps(record(file, found, proxies), indent=2))
        return
    console = terminal()
    console.print(Text(f"{file.path}{'' if file.content is not None else ' (not there)'}", "dim"), soft_wrap=True)
    console.print(settings_table(found))
    for line in differences(found, proxies):
        console.print(Text(line, "yellow"))


def settings_table(found: Mapping[str, Effective]) -> Table:
    """A row for each setting; what somebody decided on stands out."""
    rows = table(Column("Setting", no_wrap=True), Column("Value", overflow="fold"), Column("From", overflow="fold"))
    for each in SETTINGS:
        value, style = found[each.name], STYLES[found[each.name].source]
        rows.add_row(Text(each.name, style), Text(str(value.value), style), Text(origin(each, value), style))
    return rows


def origin(setting: Setting[Any], found: Effective) -> str:
    """Who decided, as a person would look for it."""
    return setting.variable if found.source is Source.ENVIRONMENT else str(found.source)


def differences(found: Mapping[str, Effective], proxies: Sequence[Running]) -> list[str]:
    """A line for each setting in which a running proxy goes by something else."""
    return [
        f"The proxy on {places(proxy)} goes by {each.name} = {shown(now.value)} ({now.source})."
        for proxy in proxies
        for each in SETTINGS
        if (now := proxy.conduct.settings.get(each.name)) and now.value != found[each.name].value
    ]


def record(file: ConfigFile, found: Mapping[str, Effective], proxies: Sequence[Running]) -> dict[str, Any]:
    """The same as a JSON object."""
    settings = [
        {
            "name": each.name,
            "value": found[each.name].value,
            "source": found[each.name].source,
            "default": SERVE_DEFAULTS[each.name],
            "variable": each.variable,
            "meaning": each.meaning,
        }
        for each in SETTINGS
    ]
    running_now = [{"id": proxy.id, **asdict(proxy.conduct)} for proxy in proxies]
    return {"version": RECORD_VERSION, "file": str(file.path), "settings": settings, "proxies": running_now}
