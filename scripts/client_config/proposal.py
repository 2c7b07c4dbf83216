"""A change that waits for a person's yes: what is wanted goes in, all that would be written comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.client_config.change import Change, undone
from scripts.client_config.config_file import ConfigFile, ConfigFileError, back_up, read_config, replace_config
from scripts.client_config.record import Entry, digest_of, forgotten, merged, save_record
from scripts.client_config.statements import KeyPath, written


@dataclass(frozen=True, slots=True)
class Proposal:
    """A file, its new content (None: no file), and the record of it; `entry` is None where something is undone."""

    file: ConfigFile
    content: bytes | None
    recorded: tuple[Entry, ...]
    others: tuple[Entry, ...]
    entry: Entry | None = None
    is_first: bool = False
    kept: tuple[KeyPath, ...] = ()

    @property
    def is_change(self) -> bool:
        return self.content != self.file.content

    @property
    def text(self) -> str:
        """The new content as a text."""
        return ConfigFile(self.file.path, self.content).text

    def remarks(self) -> list[str]:
        """What is not undone, and why."""
        return [f"{written(path)} stays as it is: it was changed since." for path in self.kept]

    def carry_out(self, now: float) -> Path | None:
        """Write it all: backup, record, file, in an order in which each can be cut off; returns the backup.

        Raises ConfigFileError or OSError, and then everything is as it was. Time is in unix seconds.
        """
        home = self.file.path.parent
        if read_config(self.file.path).content != self.file.content:
            raise ConfigFileError(f"{self.file.path} was changed meanwhile, so nothing was written: run this again.")
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        backup = None if self.file.content is None or not self.is_change else back_up(self.file, now)
        entry = self.entry
        if entry is not None and self.is_first and backup is not None:
            entry = replace(entry, backup=backup.name)
        try:
            save_record(home, self.others if entry is None else (*self.others, entry))
            if self.is_change:
                replace_config(self.file, self.content)
        except OSError:
            if backup is not None:
                backup.unlink()
            save_record(home, self.recorded)
            raise
        return backup


def to_set_up(file: ConfigFile, change: Change, provider: str, entries: Sequence[Entry]) -> Proposal:
    """What it takes to put this change, made for a provider, into a file."""
    earlier = next((one for one in entries if (one.file, one.provider) == (file.path.name, provider)), None)
    content = file.content_with(change.text)
    entry = Entry(file.path.name, provider, change.steps, change.made, file.content is None, None, digest_of(content))
    return Proposal(
        file,
        content,
        tuple(entries),
        tuple(one for one in entries if one is not earlier),
        merged(earlier, entry, digest_of(file.content or b"")),
        is_first=earlier is None,
    )


def to_take_back(file: ConfigFile, entry: Entry, entries: Sequence[Entry]) -> Proposal:
    """What it takes to undo an entry: the very file from before if nobody changed it since, else all it changed."""
    recorded, others = tuple(entries), forgotten(entries, entry)
    if file.content is None:
        return Proposal(file, None, recorded, others)
    if digest_of(file.content) == entry.digest:
        if entry.created:
            return Proposal(file, None, recorded, others)
        before = read_config(file.path.with_name(entry.backup)).content if entry.backup else None
        if before is not None:
            return Proposal(file, before, recorded, others)
    result = undone(file.text, entry.change)
    content = None if entry.created and not result.text.strip() else file.content_with(result.text)
    return Proposal(file, content, recorded, others, kept=result.kept)
