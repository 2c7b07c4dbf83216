"""What `codexlb serve` is asked for: its command line goes in, settings and options of mitmproxy come out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from addons.settings.catalog import BY_NAME
from addons.settings.file_text import FILE_NAME, read_text
from addons.settings.listening import CERTS, LISTEN_HOST, LISTEN_PORT
from addons.settings.resolve import Effective, SettingsFile, resolve
from addons.settings.setting import Setting, Value
from addons.settings.settings_error import SettingsError
from addons.settings.upstream import ISSUER, UPSTREAM
from codexlb_store.home import home_folder
from codexlb_store.schema import StoreError

OPTIONS: Mapping[str, Setting[Any]] = {
    "listen": LISTEN_HOST,
    "port": LISTEN_PORT,
    "upstream": UPSTREAM,
    "issuer": ISSUER,
    "certificate": CERTS,
}
"""Options of `serve` that are settings under another name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for, and what follows from it and the settings elsewhere."""

    settings: Mapping[str, Value]
    """Those that the command line decides on, by name."""
    sets: tuple[str, ...]
    """Options of mitmproxy's own, each as NAME=VALUE."""
    in_force: Mapping[str, Effective]
    flow_file: Path | None = None
    web_port: int | None = None
    verbose: bool = False

    @property
    def listen(self) -> str:
        return str(self.in_force[LISTEN_HOST.name].value)

    @property
    def port(self) -> int:
        return int(self.in_force[LISTEN_PORT.name].value)

    @property
    def certificate(self) -> Path | None:
        """The file, without the domain that it is for."""
        found = str(self.in_force[CERTS.name].value).rpartition("=")[2]
        return Path(os.path.expanduser(found)) if found else None  # noqa: PTH111 - as mitmproxy does: raises nothing


def wishes(chosen: Mapping[str, Any], sets: Sequence[str], **more: Any) -> Wanted:
    """Read the command line, the environment and the file; anything that cannot be right ends the command with one
    sentence."""
    try:
        decided = decided_by(chosen, sets)
        path = home_folder(os.environ) / FILE_NAME
        in_force = resolve(decided, os.environ, SettingsFile(path, read_text(path)))
    except (ValueError, SettingsError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    return Wanted(decided, tuple(item for item in sets if setting_of(item) is None), in_force, **more)


def decided_by(chosen: Mapping[str, Any], sets: Sequence[str]) -> dict[str, Value]:
    """The settings that the command line decides on; raises ValueError with one sentence."""
    found: dict[str, Value] = {}
    for option, setting in OPTIONS.items():
        value = chosen[option]
        if value == "":
            raise ValueError(f"--{option} is empty: give a value or leave it out.")
        if value is not None:
            found[setting.name] = str(value.absolute()) if isinstance(value, Path) else value
    for item in sets:
        if name := setting_of(item):
            _, equals, text = item.partition("=")
            if not equals:
                raise ValueError(f"{name} has no value: write --set {name}=VALUE.")
            found[name] = BY_NAME[name].read(text)
    return found


def setting_of(item: str) -> str | None:
    """The setting that NAME=VALUE is about; several certificates are mitmproxy's own business."""
    name = item.partition("=")[0]
    return name if name in BY_NAME and name != CERTS.name else None
