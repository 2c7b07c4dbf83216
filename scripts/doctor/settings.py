"""The proxy's own settings: its file and the environment go in, what a proxy started now would go by comes out."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from addons.settings.catalog import BY_VARIABLE, SERVE_DEFAULTS
from addons.settings.file_text import FILE_NAME, read_settings, read_text
from addons.settings.resolve import from_environment, remarks
from addons.settings.setting import Value
from addons.settings.settings_error import SettingsError
from scripts.doctor.finding import Finding, Verdict

EDIT = "codexlb config edit"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting by its name, as far as it can be used; how many somebody has set, and what is wrong with those."""

    values: Mapping[str, Value]
    chosen: int
    findings: tuple[Finding, ...] = ()


def see_settings(home: Path, environ: Mapping[str, str]) -> Settings:
    """What the file and the environment say; of both what can be used counts."""
    found = [Finding("settings", Verdict.WARNING, each) for each in remarks(environ)]
    of_environment: dict[str, Value] = {}
    of_file: dict[str, Value] = {}
    for variable in BY_VARIABLE.keys() & environ.keys():
        try:
            of_environment |= from_environment({variable: environ[variable]})
        except SettingsError as error:
            found.append(Finding("settings", Verdict.ERROR, str(error), f"unset {variable}"))
    path = home / FILE_NAME
    try:
        of_file = read_settings(path, read_text(path))
    except SettingsError as error:
        found.append(Finding("settings", Verdict.ERROR, str(error), EDIT))
    found += _open_to_others(path)
    chosen = {**of_file, **of_environment}
    return Settings({**SERVE_DEFAULTS, **chosen}, len(chosen), tuple(found))


def _open_to_others(path: Path) -> list[Finding]:
    """Who can change the file can have every request sent elsewhere; where the folder is closed nobody comes near."""
    try:
        file, folder = path.stat().st_mode, path.parent.stat().st_mode
    except OSError:
        return []
    if not file & 0o022 or not folder & 0o011:
        return []
    sentence = f"Other users may change {path} (mode {file & 0o777:04o}), and with it where requests go."
    return [Finding("settings", Verdict.ERROR, sentence, f"chmod 600 {shlex.quote(str(path))}")]


def check_settings(seen: Settings) -> list[Finding]:
    """Whether a proxy would start with these."""
    if seen.findings:
        return list(seen.findings)
    own = f"{seen.chosen} of the settings are set by you" if seen.chosen > 1 else "One of the settings is set by you"
    return [Finding("settings", Verdict.OK, f"{own if seen.chosen else 'All settings have their defaults'}.")]
