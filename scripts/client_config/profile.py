"""Where a Codex profile is: its name and the Codex that is installed go in, a file and a table in it come out.

Seen with the real CLI: 0.105 reads [profiles.NAME] in config.toml and no other file; 0.136 and 0.169 read
NAME.config.toml, and refuse `--profile NAME` as long as config.toml has [profiles.NAME]. They changed with 0.134.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

from scripts.client_config.editing import Data, value_at
from scripts.client_config.statements import KeyPath

CONFIG = "config.toml"
FIRST_WITH_FILES = (0, 134)
VERSION_SECONDS = 20
"""It takes a tenth of one; the npm package starts Node first."""

Version = tuple[int, int]
NAME = re.compile(r"[A-Za-z0-9_-]+")
"""What Codex takes as a profile's name since it names a file."""


class ProfileError(ValueError):
    """The profile cannot be set up; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Place:
    """The file to edit, and the path of the table in it that chooses a provider."""

    file: str
    chooser: KeyPath


def checked_profile(text: str) -> str:
    """A name that a profile may have; raises ProfileError."""
    if not NAME.fullmatch(text):
        raise ProfileError(f"{text!r} is no name for a profile: use letters, digits, - and _.")
    return text


def place_of(profile: str | None, config: Data, version: Version | None) -> Place:
    """Where the profile is for this Codex (None: not known), given the data of config.toml; raises ProfileError."""
    if profile is None:
        return Place(CONFIG, ())
    has_table = value_at(config, ("profiles", profile)) is not None
    if has_table if version is None else version < FIRST_WITH_FILES:
        return Place(CONFIG, ("profiles", profile))
    if has_table:
        raise ProfileError(
            f"Codex refuses `--profile {profile}` since 0.134 if {CONFIG} has [profiles.{profile}]: move what stands "
            f"below it into {profile}.{CONFIG}, delete it, and run this again."
        )
    return Place(f"{profile}.{CONFIG}", ())


def codex_version() -> Version | None:
    """The version of the `codex` on PATH; None if there is none, or it does not say."""
    codex = shutil.which("codex")
    if codex is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - the person's own codex
            [codex, "--version"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=VERSION_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(done.stdout)


def parse_version(text: str) -> Version | None:
    """The first two numbers of what `codex --version` prints: codex-cli 0.169.0."""
    found = re.search(r"\b(\d+)\.(\d+)\.\d+", text)
    return (int(found[1]), int(found[2])) if found else None
