"""A search for secrets on the disk: places go in, a finding for each leak comes out, and one for all that was clean."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from codexlb_store.auth_json import AuthJsonError, parse_auth_json
from codexlb_store.home import DATABASE_NAME
from codexlb_store.keys import Key
from scripts.doctor.finding import Finding, Verdict
from scripts.doctor.leak_places import Pieces, files
from scripts.doctor.leak_scan import Leak, leaks
from scripts.doctor.needles import Needle, needles_of

MOST_PER_FILE = 10
"""Where there are so many, one knows."""

LONGEST_LOGIN_BYTES = 64 * 1024

THE_KEY = "key to all tokens"

NEEDED = frozenset({DATABASE_NAME, f"{DATABASE_NAME}-wal", f"{DATABASE_NAME}-shm", "config.toml"})
"""What lies in these is not mended by their removal."""

Secrets = Mapping[tuple[str, str], str]
"""By what one types for the account and what it is."""


def check_leaks(places: Iterable[Path], secrets: Secrets, key_file: Path, keys: Sequence[Key]) -> list[Finding]:
    """Every token or key that lies in these files in the clear; the file of the key to all tokens may hold that one.

    `keys` are the client keys there are, of which the digests are known.
    """
    key = _key(key_file)
    needles = needles_of(secrets) + (needles_of({(None, THE_KEY): key}) if key else [])
    found: list[Finding] = []
    count = 0
    for path in files(places):
        count += 1
        if not _is_same(path, key_file):
            found += _file(path, needles, keys)
    if not any(one.verdict is Verdict.ERROR for one in found):
        sentence = f"No token and no key lies open in {count} {'file' if count == 1 else 'files'}."
        found.append(Finding("leaks", Verdict.OK, sentence))
    return found


def _file(path: Path, needles: Sequence[Needle], keys: Sequence[Key]) -> Iterator[Finding]:
    pieces = Pieces(path)
    found = leaks(pieces, needles)
    first = list(itertools.islice(found, MOST_PER_FILE))
    if first and is_login(path):
        yield Finding("leaks", Verdict.NOTE, f"{path} is a login of Codex: there tokens belong.")
        return
    yield from (_finding(path, leak, keys) for leak in first)
    if more := sum(1 for _ in found):
        yield Finding("leaks", Verdict.ERROR, f"{path} has {more} more.", _remove(path))
    if pieces.problem:
        yield Finding("leaks", Verdict.WARNING, f"{path} was not searched to its end: {pieces.problem}.")


def _finding(path: Path, leak: Leak, keys: Sequence[Key]) -> Finding:
    owner, mend = leak.owner, _remove(path)
    if owner:
        mend = f"codexlb accounts refresh {owner}"
    elif key := _key_of(leak, keys):
        owner, mend = key.name, f"codexlb keys rotate {shlex.quote(key.name)} --overlap 0h"
    of = f" of {owner}" if owner else ""
    marks = f"begins with {leak.beginning}, SHA-256 {leak.digest}"
    sentence = f"{path} holds, at byte {leak.offset}, a secret in the clear: {leak.kind}{of} ({marks})."
    return Finding("leaks", Verdict.ERROR, sentence, mend)


def _key_of(leak: Leak, keys: Sequence[Key]) -> Key | None:
    """The client key that leaked, unless it was revoked or has been replaced already."""
    for key in keys:
        current = [each.sha256 for each in key.secrets if each.valid_until is None and key.revoked_at is None]
        if any(digest.startswith(leak.digest) for digest in current):
            return key
    return None


def is_login(path: Path) -> bool:
    """Whether a file is an auth.json of Codex."""
    try:
        if path.stat().st_size > LONGEST_LOGIN_BYTES:
            return False
        parse_auth_json(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, AuthJsonError):
        return False
    return True


def _remove(path: Path) -> str | None:
    return None if path.name in NEEDED else f"rm {shlex.quote(str(path))}"


def _key(path: Path) -> str | None:
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
