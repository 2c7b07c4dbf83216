"""The origins a command talks to, as options: what a person wrote goes in, an Origin or a usage error comes out.

Where nothing was written the settings decide, as they do for `codexlb serve`: environment, file, default.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from addons.settings.catalog import SERVE_DEFAULTS
from addons.settings.file_text import FILE_NAME, read_text
from addons.settings.resolve import SettingsFile, resolve
from addons.settings.setting import Setting
from addons.settings.settings_error import SettingsError
from addons.settings.upstream import ISSUER, UPSTREAM
from addons.wire.origins import Origin, parse_origin
from codexlb_store.home import home_folder
from codexlb_store.store_error import StoreError


def read_origin(_context: click.Context, _option: click.Parameter, text: str) -> Origin:
    """The origin that was written; a usage error for anything else."""
    try:
        return parse_origin(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def in_force(setting: Setting[Any]) -> str:
    """What the settings say; those that cannot be right end the command with one sentence."""
    try:
        path = home_folder(os.environ) / FILE_NAME
        found = resolve({}, os.environ, SettingsFile(path, read_text(path)))[setting.name]
        return str(found.value or SERVE_DEFAULTS[setting.name])  # empty is for mitmproxy's own reverse mode
    except (SettingsError, StoreError) as error:
        raise click.ClickException(str(error)) from error


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def origin_option(name: str, setting: Setting[Any], meaning: str) -> Decorator:
    """An option for an origin that is a setting, too."""
    return click.option(
        name,
        # Asked for only when it is not given: --help, and who gives both, need no file that is in order.
        default=lambda: in_force(setting),
        callback=read_origin,
        metavar="ORIGIN",
        help=f"{meaning}  [default: {SERVE_DEFAULTS[setting.name]}]",
    )


issuer_option = origin_option("--issuer", ISSUER, "Origin that refreshes tokens.")
upstream_option = origin_option("--upstream", UPSTREAM, "Origin that is asked.")
