"""`codexlb config edit`: the file in a person's own editor, and nothing of it counts unless all of it is good."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from addons.settings.file_text import FILE_NAME, read_settings
from addons.settings.settings_error import SettingsError
from scripts.client_config.config_file import ConfigFile, ConfigFileError, replace_config
from scripts.config.document import is_windows, template
from scripts.config.place import changing, read_file, settings_home


@click.command("edit")
def command() -> None:
    """Edit the settings in $VISUAL or $EDITOR.

    It is a copy that is edited: it takes the file's place when all of it is good. A new file shows every setting.
    """
    if not _is_at_keyboard() and not (os.environ.get("VISUAL") or os.environ.get("EDITOR")):
        raise click.ClickException("This opens an editor, and nobody is at the keyboard: use `codexlb config set`.")
    with settings_home() as home:
        file = read_file(home)
        before = file.text if file.text.strip() else template()
        text = edited(file.path, before)
        if text is None or text == before:
            click.echo("Nothing was changed.")
            return
        write(home, file, text)
        click.echo(f"Changed {file.path}.")


def edited(path: Path, text: str) -> str | None:
    """What a person made of the text, once it is good; None if they left it at that."""
    draft = text
    while True:
        try:
            found = click.edit(draft, extension=".toml")
        except UnicodeDecodeError as error:
            raise ConfigFileError("What you saved is not UTF-8, which TOML must be: nothing was changed.") from error
        if found is None:
            return None
        draft = found.replace("\n", "\r\n") if is_windows(text) else found
        try:
            read_settings(path, draft)
        except SettingsError as error:
            click.echo(f"Error: {error}", err=True)
            if not _is_at_keyboard():
                raise click.ClickException("Nothing was changed.") from error
            if not click.confirm("Edit it again?", default=True, err=True):
                return None
        else:
            return draft


def write(home: Path, file: ConfigFile, text: str) -> None:
    """Put it in the place of what was read, unless that is not there any more; raises ConfigFileError."""
    with changing(home) as now:
        if now.content == file.content:
            replace_config(now, now.content_with(text))
            return
    aside = ConfigFile(home / f"{FILE_NAME}.edited", None)
    replace_config(aside, aside.content_with(text))
    raise ConfigFileError(
        f"{file.path} was changed by somebody else meanwhile and stays as it is: what you wrote is in {aside.path}."
    )


def _is_at_keyboard() -> bool:
    return bool(sys.stdin and sys.stdin.isatty())
