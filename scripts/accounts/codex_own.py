"""The login that Codex itself has: where it lies, whether an imported one is the same, and what to say about that.

A refresh token is good for one use, so two programs cannot both go on with one login. Seen with codex-cli 0.169.0:
`codex login` and `codex logout` revoke the login they find in that file, for everybody who has it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from codexlb_store.auth_json import Login
from scripts.accounts.login_file import STANDARD_INPUT, LoginFileError, read_login


def codex_login_file(environ: Mapping[str, str]) -> Path:
    """Where Codex itself keeps its login: in $CODEX_HOME, else in ~/.codex."""
    folder = Path(environ.get("CODEX_HOME") or "~/.codex")
    with contextlib.suppress(RuntimeError):  # nobody knows what its ~ stands for: nothing lies there
        folder = folder.expanduser()
    return folder / "auth.json"


def is_codex_own(path: str, login: Login, codex_file: Path, now: float) -> bool:
    """Whether Codex itself would go on with this very login: it is in its file, or its refresh token is."""
    with contextlib.suppress(OSError):
        if path != STANDARD_INPUT and codex_file.samefile(path):
            return True
    with contextlib.suppress(LoginFileError):
        return bool(login.refresh_token) and read_login(str(codex_file), now).refresh_token == login.refresh_token
    return False


def question(codex_file: Path) -> str:
    """What to ask before Codex's own login is imported."""
    return (
        f"{codex_file} is the login that Codex itself uses. Its refresh token is good for one use, so Codex and "
        "Codex-LB cannot both go on with it. Import it?"
    )


def warning(name: str, codex_file: Path) -> str:
    """What to say when Codex and Codex-LB both have a login."""
    return (
        f"Warning: Codex itself still has the login of {name}, in {codex_file}. Its refresh token is good for one "
        "use: whoever refreshes first logs the other out, and `codex login` or `codex logout` revokes it for both. "
        "Import it with --refresh, then move that file away."
    )


def taken_over(name: str, codex_file: Path) -> str:
    """What to say when Codex-LB has refreshed a login that Codex has, too."""
    return (
        f"Codex-LB alone can refresh the login of {name} now. Move {codex_file} away: that copy is dead, but "
        "`codex login` or `codex logout` would still try to revoke it. Behind Codex-LB, Codex needs no login."
    )
