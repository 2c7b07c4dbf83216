"""Tokens at rest: text goes in, Fernet ciphertext comes out, and back, with one key file per data folder."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from codexlb_store.schema import open_store

KEY_NAME = "codexlb.key"


class VaultError(Exception):
    """The key does not fit the store; the message is one sentence for the person at the keyboard."""


def key_path(home: Path, environ: Mapping[str, str]) -> Path:
    """Where the key lies: $CODEXLB_KEY_FILE, else codexlb.key beside the database; raises VaultError."""
    placed = environ.get("CODEXLB_KEY_FILE")
    try:
        return Path(placed).expanduser() if placed else home / KEY_NAME
    except RuntimeError as error:
        raise VaultError(
            f"Nobody knows what the ~ of {placed} stands for: set CODEXLB_KEY_FILE to a whole path."
        ) from error


class Vault:
    """Seals tokens for the database and unseals them for the wire."""

    def __init__(self, fernet: Fernet, key_file: Path) -> None:
        self._fernet = fernet
        self._key_file = key_file

    def __repr__(self) -> str:
        return "Vault(...)"

    @classmethod
    def open(cls, home: Path, environ: Mapping[str, str]) -> Vault:
        """Open a folder's vault, making its key on first use; raises VaultError, never replaces a key."""
        path = key_path(home, environ)
        sealed = _any_sealed_token(home)
        if sealed is None:
            _make_key_once(path)
        vault = cls(_read_key(path), path)
        if sealed is not None:
            vault.unseal(sealed)
        return vault

    def seal(self, text: str) -> bytes:
        """Encrypt a token."""
        return self._fernet.encrypt(text.encode())

    def unseal(self, blob: bytes) -> str:
        """Decrypt a token; raises VaultError when another key sealed it."""
        try:
            return self._fernet.decrypt(blob).decode()
        except InvalidToken as error:
            raise VaultError(
                f"The key in {self._key_file} does not open the tokens in the database: "
                "put the key back that belongs to it, or import the accounts into a new CODEXLB_HOME."
            ) from error


def _any_sealed_token(home: Path) -> bytes | None:
    db = open_store(home)
    try:
        row = db.execute("SELECT access_token FROM tokens LIMIT 1").fetchone()
    finally:
        db.close()
    return row[0] if row else None


def _read_key(path: Path) -> Fernet:
    try:
        return Fernet(path.read_bytes().strip())
    except FileNotFoundError as error:
        raise VaultError(
            f"The key file {path} is missing while the database holds tokens sealed with it: "
            "put it back (or point CODEXLB_KEY_FILE at it), or import the accounts into a new CODEXLB_HOME."
        ) from error
    except OSError as error:
        raise VaultError(f"The key file {path} cannot be read ({error.strerror}): check its mode and owner.") from error
    except ValueError as error:
        raise VaultError(
            f"The key file {path} does not hold a key: "
            "put the right one back, or remove it if no account was imported yet."
        ) from error


def _make_key_once(path: Path) -> None:
    """Write the key aside, then give it its name in one step that fails if another process was first."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
    except OSError as error:
        raise VaultError(
            f"The key file {path} cannot be written ({error.strerror}): "
            "set CODEXLB_KEY_FILE to a place you may write to."
        ) from error
