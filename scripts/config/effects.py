"""What is said after a setting was changed: what the change does, who overrules it, and what else is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from addons.settings.resolve import Source
from addons.settings.setting import Setting
from addons.settings.settings_error import SettingsError
from codexlb_store.processes import Running, running
from scripts.config.place import in_force, read_file


def places(proxy: Running) -> str:
    """Where a proxy listens, in words."""
    listen = (
        f"{f'[{host}]' if ':' in host else host or 'every address'}:{port}" for host, port in proxy.conduct.listen
    )
    return " and ".join(listen)


def overruled(setting: Setting[Any], environ: Mapping[str, str], proxies: Sequence[Running]) -> list[str]:
    """A sentence for each that decides on this setting before the file does."""
    found = []
    if text := environ.get(setting.variable):
        found.append(f"The variable {setting.variable} says {text!r}, and comes first for a proxy started from here.")
    for proxy in proxies:
        each = proxy.conduct.settings.get(setting.name)
        if each and each.source in (Source.COMMAND_LINE, Source.ENVIRONMENT):
            value = shown(each.value)
            found.append(f"The proxy on {places(proxy)} goes by its {each.source} instead: {setting.name} is {value}.")
    return found


def consequence(setting: Setting[Any], proxies: Sequence[Running]) -> str:
    """When the proxies that run will have taken it over; empty where none does."""
    free = [each for each in proxies if not overruled(setting, {}, [each])]
    if not free:
        return ""
    who = "The running proxy" if len(free) == 1 else "The running proxies"
    if not setting.is_live:
        return f"{who} cannot change it: it counts from the next start on."
    return f"{who} {'takes' if len(free) == 1 else 'take'} it over within a second."


def shown(value: str | int) -> str:
    """A value in a sentence."""
    return "empty" if value == "" else str(value)


def report(setting: Setting[Any], home: Path) -> None:
    """Say it all: good news on standard output, warnings on the other."""
    proxies = running(home)
    if sentence := consequence(setting, proxies):
        click.echo(sentence)
    for warning in overruled(setting, os.environ, proxies):
        click.echo(f"Warning: {warning}", err=True)
    try:
        in_force(read_file(home))
    except SettingsError as error:
        click.echo(f"Warning: a proxy goes by none of this until it is mended: {error}", err=True)
