"""The data folder: what lies in it goes in, whether the store is whole and its key fits comes out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from codexlb_store.account_views import AccountView
from codexlb_store.accounts import Account
from codexlb_store.home import DATABASE_NAME
from codexlb_store.keys import Key
from codexlb_store.migrations import STEPS
from scripts.doctor.finding import Finding, Verdict

LEAST_FREE_BYTES = 100 * 1024 * 1024
"""A month of heavy use takes as much."""

KNOWN_STEPS = tuple(step.__name__ for step in STEPS)


@dataclass(frozen=True, slots=True)
class Content:
    """What the database holds, as far as its schema is ours. `tokens` are how many, `sealed_otherwise` whose do not
    open with the key."""

    steps: frozenset[str]
    damage: tuple[str, ...] = ()
    is_checked_through: bool = True
    views: tuple[AccountView, ...] = ()
    keys: tuple[Key, ...] = ()
    tokens: int = 0
    sealed_otherwise: tuple[str, ...] = ()
    secrets: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    """Every token by what one types for its account, and what it is."""

    @property
    def is_ours(self) -> bool:
        """Whether its tables are those that this Codex-LB knows."""
        return self.steps == frozenset(KNOWN_STEPS) and not self.damage

    @property
    def accounts(self) -> list[Account]:
        return [view.account for view in self.views]


@dataclass(frozen=True, slots=True)
class Store:
    """What lies in the data folder. Modes are None where there is no such file, `content` where it cannot be read
    (`problem` says why, or there is none); `key_problem` is what is wrong with the key file."""

    home: Path
    home_mode: int | None
    free_bytes: int | None
    database_mode: int | None
    content: Content | None
    problem: str | None
    key_file: Path
    key_mode: int | None
    key_problem: str | None

    @property
    def database(self) -> Path:
        return self.home / DATABASE_NAME

    @property
    def hides_tokens(self) -> bool:
        """Whether there are tokens which are not among the secrets."""
        if self.content is None or not self.content.is_ours:
            return self.database_mode is not None
        return len({owner for owner, _ in self.content.secrets}) < self.content.tokens

    @property
    def known(self) -> Content:
        """The content, nothing where it cannot be read."""
        return self.content or Content(frozenset())


def check_store(seen: Store, is_here: bool) -> list[Finding]:
    """Folder, database and key; `is_here` says whether this machine is the one that serves."""
    if seen.home_mode is None or (seen.database_mode is None and seen.problem is None):
        sentence = f"There is no data in {seen.home} yet."
        if not is_here:
            return [Finding("data folder", Verdict.OK, f"{sentence} Codex uses a proxy on another machine.")]
        return [Finding("data folder", Verdict.ERROR, sentence, "codexlb accounts login")]
    return [*_folder(seen), *_database(seen), _key(seen)]


def _folder(seen: Store) -> Iterator[Finding]:
    mode = seen.home_mode or 0
    if mode & 0o077:
        sentence = f"Other users of this machine may look into {seen.home} (mode {mode:04o})."
        yield Finding("data folder", Verdict.WARNING, sentence, f"chmod 700 {_quoted(seen.home)}")
    elif seen.free_bytes is not None and seen.free_bytes < LEAST_FREE_BYTES:
        free = seen.free_bytes // (1024 * 1024)
        sentence = f"The disk of {seen.home} has {free} MB left: without room nothing is written down."
        yield Finding("data folder", Verdict.WARNING, sentence, f"du -ah {_quoted(seen.home)} | sort -h | tail")
    else:
        yield Finding("data folder", Verdict.OK, f"{seen.home}, which nobody else may look into.")


def _database(seen: Store) -> Iterator[Finding]:
    if (seen.database_mode or 0) & 0o077:
        sentence = f"Other users may open {seen.database} (mode {seen.database_mode:04o})."
        yield Finding("database", Verdict.WARNING, sentence, f"chmod 600 {_quoted(seen.database)}")
    if seen.content is None:
        yield Finding("database", Verdict.ERROR, f"{seen.database}: {seen.problem}.")
        return
    content = seen.content
    unknown = sorted(content.steps - set(KNOWN_STEPS))
    missing = [step for step in KNOWN_STEPS if step not in content.steps]
    if content.damage:
        mend = f"sqlite3 {_quoted(seen.database)} .recover | sqlite3 {_quoted(seen.home / 'recovered.db')}"
        sentence = f"{seen.database} is damaged ({content.damage[0]}): end every proxy, and save what can be saved."
        yield Finding("database", Verdict.ERROR, sentence, mend)
    elif unknown:
        sentence = f"{seen.database} was written by a newer Codex-LB ({unknown[-1]}): install that again."
        yield Finding("database", Verdict.ERROR, sentence)
    elif missing:
        sentence = f"{seen.database} is of an older Codex-LB ({missing[0]} is to come): end its proxies, then open it."
        yield Finding("database", Verdict.WARNING, sentence, "codexlb accounts list")
    else:
        extent = "whole" if content.is_checked_through else "too large to be checked through now, and well so far"
        yield Finding("database", Verdict.OK, f"{seen.database} is {extent}.")


def _key(seen: Store) -> Finding:
    content, file = seen.known, seen.key_file
    put_back = f"cp BACKUP/{file.name} {_quoted(file)}"
    if seen.key_problem is not None and content.tokens:
        sentence = f"The key {file} {seen.key_problem}, and the tokens in the database were sealed with it."
        return Finding("token key", Verdict.ERROR, sentence, put_back)
    if seen.key_problem is not None and seen.key_mode is not None:
        sentence = f"The key {file} {seen.key_problem}; nothing is sealed with it yet, so another can be made."
        return Finding("token key", Verdict.ERROR, sentence, f"rm {_quoted(file)}")
    if seen.key_problem is not None:
        return Finding("token key", Verdict.OK, f"{file} is made with the first account.")
    if content.sealed_otherwise:
        names = ", ".join(content.sealed_otherwise)
        sentence = f"The key {file} does not open the tokens of {names}: put the one back that does."
        return Finding("token key", Verdict.ERROR, sentence, put_back)
    if (seen.key_mode or 0) & 0o077:
        sentence = f"Other users may read the key {file} (mode {seen.key_mode:04o})."
        return Finding("token key", Verdict.ERROR, sentence, f"chmod 600 {_quoted(file)}")
    return Finding("token key", Verdict.OK, f"{file} is there{_opens(content.tokens)}.")


def _opens(tokens: int) -> str:
    if not tokens:
        return ""
    return f", and opens the tokens of {tokens} {'account' if tokens == 1 else 'accounts'}"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
