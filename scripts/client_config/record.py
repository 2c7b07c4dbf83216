"""What `client-config` did to a Codex home, kept in a file there, so that it can be undone later."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from scripts.client_config.change import Change, Step
from scripts.client_config.provider import raw
from scripts.client_config.statements import KeyPath

FILE_NAME = "codexlb-client-config.json"
VERSION = 1


class RecordError(Exception):
    """The record cannot be read; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done for one provider to one file: all of it, however many runs it took.

    `backup` is the file as it was before the first of them, as long as nobody else changed it in between; `created`
    says that there was none. `digest` is of the content that the last run wrote.
    """

    file: str
    provider: str
    steps: tuple[Step, ...]
    made: tuple[KeyPath, ...]
    created: bool
    backup: str | None
    digest: str

    @property
    def change(self) -> Change:
        return Change("", self.steps, self.made)


def digest_of(content: bytes) -> str:
    """By which a content is recognised."""
    return hashlib.sha256(content).hexdigest()


def merged(earlier: Entry | None, entry: Entry, found: str) -> Entry:
    """Both runs as one; `found` is the digest of what the later one found."""
    if earlier is None:
        return entry
    old = {step.path: step for step in earlier.steps}
    new = {step.path: step for step in entry.steps}
    joined = {path: _joined(old.get(path), new.get(path)) for path in (*old, *new)}
    is_ours = earlier.digest == found
    return replace(
        entry,
        steps=tuple(step for step in joined.values() if step is not None),
        made=tuple(dict.fromkeys((*earlier.made, *entry.made))),
        created=earlier.created or entry.created,
        backup=earlier.backup if is_ours else None,
    )


def _joined(old: Step | None, new: Step | None) -> Step | None:
    """Two steps on one path: what was there first counts, unless somebody changed it in between."""
    if old is None or new is None:
        return old or new
    is_ours = new.before == (None if old.ours is None else raw(old.ours))
    return replace(new, before=old.before) if is_ours else new


def forgotten(entries: Sequence[Entry], entry: Entry) -> tuple[Entry, ...]:
    """The entries without this one; where others would bring its values back, they bring back what it replaced."""
    before = {step.path: (raw(step.ours), step.before) for step in entry.steps if step.ours is not None}

    def passed_on(step: Step) -> Step:
        ours, earlier = before.get(step.path, (None, None))
        return replace(step, before=earlier) if ours is not None and step.before == ours else step

    return tuple(
        replace(other, steps=tuple(map(passed_on, other.steps))) if other.file == entry.file else other
        for other in entries
        if (other.file, other.provider) != (entry.file, entry.provider)
    )


def load_record(home: Path) -> tuple[Entry, ...]:
    """All entries of a Codex home; raises RecordError."""
    path = home / FILE_NAME
    try:
        return tuple(map(_entry, json.loads(path.read_text("utf-8"))["entries"]))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror}): see to it that you may read it.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(
            f"{path} is damaged, so nobody knows what was changed here: move it away, and compare config.toml with "
            "the backups beside it."
        ) from error


def save_record(home: Path, entries: Sequence[Entry]) -> None:
    """Put these entries in the place of all others, at once; raises OSError."""
    path = home / FILE_NAME
    if not entries:
        path.unlink(missing_ok=True)
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump({"version": VERSION, "entries": [asdict(entry) for entry in entries]}, file, indent=2)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _entry(data: dict[str, object]) -> Entry:
    found = Entry(**data)  # type: ignore[arg-type]  # whatever does not fit raises TypeError
    steps = tuple(Step(**step) for step in found.steps)  # type: ignore[arg-type]
    return replace(
        found,
        steps=tuple(replace(step, path=tuple(step.path)) for step in steps),
        made=tuple(tuple(path) for path in found.made),
    )
