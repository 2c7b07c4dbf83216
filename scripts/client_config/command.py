"""`codexlb client-config`: Codex's config.toml comes to point at Codex-LB, or is as it was before."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from scripts.asking import agree, yes_option
from scripts.client_config.advice import OURS, key_hint, next_steps, retagging
from scripts.client_config.base_url import base_url
from scripts.client_config.change import changed
from scripts.client_config.config_file import ConfigFile, ConfigFileError, read_config
from scripts.client_config.difference import difference
from scripts.client_config.editing import Data, EditError, value_at
from scripts.client_config.meaning import TomlError, meaning
from scripts.client_config.pitfalls import pitfalls
from scripts.client_config.profile import CONFIG, Place, ProfileError, checked_profile, codex_version, place_of
from scripts.client_config.proposal import Proposal, to_set_up, to_take_back
from scripts.client_config.provider import (
    CHOICE,
    NAMES,
    Asked,
    ProviderError,
    checked_id,
    checked_variable,
    provider_of,
    wanted_values,
)
from scripts.client_config.record import RecordError, load_record
from scripts.keys.written import written
from scripts.terminal import terminal

SET_UP_ONLY = ("base_url", "name", "key_env", "no_key", "model", "no_default")
"""What says how the provider is to be, and means nothing to --remove."""


@click.command("client-config")
@click.option("--codex-home", type=click.Path(path_type=Path), metavar="DIR", help="Else $CODEX_HOME, or ~/.codex.")
@click.option("--base-url", type=written(base_url), metavar="URL", help="Where Codex-LB is; else this machine.")
@click.option("--key-env", type=written(checked_variable), metavar="NAME", help="The variable that holds a client key.")
@click.option("--no-key", is_flag=True, help="Name no such variable any more.")
@click.option("--name", type=click.Choice(NAMES), help="openai leaves parts of Codex's wire format unused.")
@click.option("--model", metavar="MODEL", help="Set the model, too.")
@click.option(
    "--provider",
    type=written(checked_id),
    default=OURS,
    show_default=True,
    metavar="ID",
    help="What the provider is called in the file; others stay beside it.",
)
@click.option("--no-default", is_flag=True, help="Add the provider, but go on using the one that is used now.")
@click.option("--profile", type=written(checked_profile), metavar="NAME", help="Use it in this profile of Codex only.")
@click.option("--remove", is_flag=True, help="Undo what this command did for the provider.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@yes_option
def command(codex_home: Path | None, profile: str | None, remove: bool, **wishes: Any) -> None:
    """Point Codex at Codex-LB in its config.toml.

    Shows what would change and asks; the file as it was is kept beside it. Everything else in the file stays as it is,
    to the byte. An option that is not given leaves what is there, if that can work. The IDE extensions read the same
    file.
    """
    _refuse_nonsense(profile, remove, wishes)
    with _troubles():
        home = _home(codex_home)
        config = read_config(home / CONFIG)
        place = place_of(profile, _data(config), codex_version() if profile else None)
        file = config if place.file == CONFIG else read_config(home / place.file)
        if remove:
            _take_back(file, wishes)
        else:
            _set_up(file, _data(config), place, profile, wishes)


def _refuse_nonsense(profile: str | None, remove: bool, wishes: dict[str, Any]) -> None:
    given = [f"--{name.replace('_', '-')}" for name in SET_UP_ONLY if wishes[name]]
    if remove and given:
        raise click.UsageError(f"--remove undoes everything that was done for the provider: leave out {given[0]}.")
    if wishes["key_env"] and wishes["no_key"]:
        raise click.UsageError("--key-env and --no-key exclude each other.")
    if profile and wishes["no_default"]:
        raise click.UsageError("--profile and --no-default exclude each other: a profile is what uses the provider.")


def _set_up(file: ConfigFile, config: Data, place: Place, profile: str | None, wishes: dict[str, Any]) -> None:
    names = ("provider", "base_url", "name", "key_env", "no_key", "model")
    asked = Asked(**{name: wishes[name] for name in names}, is_default=not wishes["no_default"])
    data = _data(file)
    with _named(file):
        provider = provider_of(data, asked)
        change = changed(file.text, wanted_values(provider, asked, place.chooser))
        before = value_at(data, (*place.chooser, CHOICE)) or value_at(config, (CHOICE,))
    hint = key_hint(provider, asked, profile, os.environ)
    for sentence in (*pitfalls({**config, **meaning(change.text)}, asked.provider, os.environ), *hint):
        click.echo(f"Warning: {sentence}", err=True)
    proposal = to_set_up(file, change, asked.provider, load_record(file.path.parent))
    if not _carried_out(proposal, wishes):
        return
    click.echo(f"\nWith it Codex asks Codex-LB at {provider.base_url}. Next:")
    sessions = [] if profile else retagging(before, asked)
    for line in (*next_steps(provider, asked, profile, os.environ), *sessions):
        click.echo(line)


def _take_back(file: ConfigFile, wishes: dict[str, Any]) -> None:
    entries = load_record(file.path.parent)
    provider = wishes["provider"]
    entry = next((one for one in entries if (one.file, one.provider) == (file.path.name, provider)), None)
    if entry is None:
        click.echo(f"Nothing to do: this command set up no provider {provider} in {file.path}.")
        return
    _data(file)
    with _named(file):
        proposal = to_take_back(file, entry, entries)
    for remark in proposal.remarks():
        click.echo(remark, err=True)
    _carried_out(proposal, wishes)


def _carried_out(proposal: Proposal, wishes: dict[str, Any]) -> bool:
    """Show a proposal, ask, write; whether it is so now, or was so already."""
    file, is_dry = proposal.file, wishes["dry_run"]
    if not proposal.is_change:
        click.echo(f"Nothing to do: {file.path} is as it should be.")
        if proposal.entry is None and not is_dry:
            proposal.carry_out(time.time())
        return True
    terminal().print(difference(str(file.path), file.text, proposal.text), soft_wrap=True)
    if is_dry:
        click.echo("Nothing was changed (--dry-run).")
        return False
    agree(f"{'Make' if file.content is None else 'Change'} {file.path}?", wishes["yes"])
    backup = proposal.carry_out(time.time())
    done = "Removed" if proposal.content is None else "Made" if backup is None else "Changed"
    click.echo(f"{done} {file.path}{f'; as it was it is in {backup.name}' if backup else ''}.")
    return True


def _home(option: Path | None) -> Path:
    folder = option or Path(os.environ.get("CODEX_HOME") or "~/.codex")
    try:
        return folder.expanduser().absolute()
    except RuntimeError as error:
        raise ConfigFileError(f"Nobody knows what the ~ of {folder} stands for: give --codex-home.") from error


def _data(file: ConfigFile) -> dict[str, Any]:
    try:
        return meaning(file.text)
    except TomlError as error:
        raise ConfigFileError(f"{file.path} is not TOML ({error}): mend that first. Nothing was changed.") from error


@contextlib.contextmanager
def _named(file: ConfigFile) -> Iterator[None]:
    try:
        yield
    except (EditError, ProviderError) as error:
        raise ConfigFileError(f"{file.path}: {error}") from error


@contextlib.contextmanager
def _troubles() -> Iterator[None]:
    """What goes wrong with files ends the command with a sentence."""
    try:
        yield
    except (ConfigFileError, ProfileError, RecordError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        where = error.filename or "The configuration"
        raise click.ClickException(
            f"{where} cannot be written ({error.strerror or error}): see to it that you may write there."
        ) from error
