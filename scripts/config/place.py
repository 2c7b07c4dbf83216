"""Where the settings are kept: the environment goes in, the file comes out, and whatever is wrong is one sentence."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from addons.settings.catalog import BY_NAME
from addons.settings.file_text import FILE_NAME, read_bytes, unknown
from addons.settings.fixed import why_not
from addons.settings.resolve import Effective, SettingsFile, resolve
from addons.settings.setting import Setting
from addons.settings.settings_error import SettingsError
from codexlb_store.home import home_folder
from codexlb_store.store_error import StoreError
from scripts.client_config.config_file import ConfigFile, ConfigFileError


def named(name: str) -> Setting[Any]:
    """The setting of that name; any other ends the command with the nearest one."""
    if name not in BY_NAME:
        raise click.ClickException(why_not(name) or unknown(name))
    return BY_NAME[name]


@contextlib.contextmanager
def settings_home() -> Iterator[Path]:
    """The data folder; trouble with it or with what lies in it ends the command with a sentence."""
    try:
        yield home_folder(os.environ)
    except (StoreError, SettingsError, ConfigFileError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        where = error.filename or FILE_NAME
        raise click.ClickException(
            f"{where} cannot be written ({error.strerror or error}): see to it that you may write there. "
            "Nothing was changed."
        ) from error


def read_file(home: Path) -> ConfigFile:
    """The file as it lies there, or that there is none; raises SettingsError."""
    path = home / FILE_NAME
    return ConfigFile(path, read_bytes(path))


@contextlib.contextmanager
def changing(home: Path) -> Iterator[ConfigFile]:
    """The file, which no other command changes meanwhile; the folder is made if need be. Raises OSError."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # the folder, for the file itself is replaced
        yield read_file(home)
    finally:
        os.close(folder)


def in_force(file: ConfigFile) -> dict[str, Effective]:
    """What a proxy would go by that is started from here; raises SettingsError."""
    return resolve({}, os.environ, SettingsFile(file.path, file.text))
