"""Tokens go in sealed, and come out as what the wire and an auth.json need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from codexlb_store.accounts import AccountStatus, load_accounts, set_residency, set_state
from codexlb_store.credentials import Credential, load_credential, load_credentials, save_tokens, tokens_of
from codexlb_store.identity import AUTH_CLAIM
from codexlb_store.logins import save_login
from codexlb_store.vault import Vault
from tests.codexlb_store.rows import LOGIN, a_jwt
from tests.codexlb_store.together import run_together


def test_credentials_are_what_was_imported(db: Database, vault: Vault) -> None:
    account, _ = save_login(db, vault, LOGIN, now=100.0)
    (credential,) = load_credentials(db, vault).values()

    assert credential.account_id == account.id
    assert credential.chatgpt_account_id == "workspace-1"
    assert (credential.access_token, credential.refresh_token) == (LOGIN.access_token, LOGIN.refresh_token)
    assert (credential.expires_at, credential.last_refresh, credential.version) == (5000.0, 400.0, 1)
    assert "token-of-ann" not in repr(credential)


def test_no_token_is_in_the_files_in_plain_form(home: Path, db: Database, vault: Vault) -> None:
    save_login(db, vault, LOGIN, now=100.0)
    in_wal = b"".join(path.read_bytes() for path in home.iterdir())
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    in_database = b"".join(path.read_bytes() for path in home.iterdir())

    assert b"ann@example.com" in in_wal and b"ann@example.com" in in_database
    assert b"token-of-ann" not in in_wal + in_database


def stored(db: Database, vault: Vault) -> tuple[Credential, str]:
    """The one account's credential, and its id token."""
    (credential,) = load_credentials(db, vault).values()
    return credential, vault.unseal(db.execute("SELECT id_token FROM tokens").fetchone()[0])


def refreshed(credential: Credential) -> Credential:
    """As a refresh would leave it."""
    return replace(
        credential,
        access_token="new-access",
        refresh_token="new-refresh",
        expires_at=9000.0,
        last_refresh=800.0,
        version=credential.version + 1,
    )


@pytest.mark.parametrize(
    ("id_token", "kept"), [("new-id", "new-id"), (None, LOGIN.id_token)], ids=["with an id token", "without"]
)
def test_refreshed_tokens_replace_the_old_ones(id_token: str | None, kept: str, db: Database, vault: Vault) -> None:
    save_login(db, vault, LOGIN, now=100.0)
    fresh = refreshed(stored(db, vault)[0])

    assert save_tokens(db, vault, fresh, id_token)
    assert stored(db, vault) == (fresh, kept)
    assert load_credential(db, vault, fresh.account_id) == fresh


def test_of_two_refreshes_of_the_same_tokens_the_first_counts(db: Database, vault: Vault) -> None:
    save_login(db, vault, LOGIN, now=100.0)
    old, _ = stored(db, vault)
    first = refreshed(old)
    save_tokens(db, vault, first, "first")

    assert not save_tokens(db, vault, replace(refreshed(old), access_token="second"), "second")
    assert stored(db, vault) == (first, "first")


def test_of_several_processes_that_refreshed_the_same_tokens_one_is_believed(
    home: Path, db: Database, vault: Vault
) -> None:
    save_login(db, vault, LOGIN, now=100.0)
    imports = """
import os
from dataclasses import replace
from codexlb_store.credentials import load_credentials, save_tokens
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault
"""
    lines = """
db, vault = open_store(home), Vault.open(home, {})
(old,) = load_credentials(db, vault).values()
fresh = replace(old, access_token=str(os.getpid()), version=2)
print(save_tokens(db, vault, fresh, None), os.getpid())
db.close()
"""
    believed = [line.split()[1] for line in run_together(imports, lines, home) if line.startswith("True")]

    assert believed == [stored(db, vault)[0].access_token]


def test_a_login_counts_more_than_a_refresh_that_ends_later(db: Database, vault: Vault) -> None:
    save_login(db, vault, LOGIN, now=100.0)
    fresh = refreshed(stored(db, vault)[0])
    save_login(db, vault, replace(LOGIN, access_token="by-login"), now=200.0)

    assert not save_tokens(db, vault, fresh, None)
    assert stored(db, vault)[0].access_token == "by-login"


def test_tokens_of_an_account_that_is_gone_are_not_kept(db: Database, vault: Vault) -> None:
    account, _ = save_login(db, vault, LOGIN, now=100.0)
    fresh = refreshed(stored(db, vault)[0])
    for table in ("accounts", "tokens"):
        db.execute(f"DELETE FROM {table}")

    assert not save_tokens(db, vault, fresh, None)
    assert load_credential(db, vault, account.id) is None


def test_tokens_of_a_version_that_is_not_stored_change_nothing(db: Database, vault: Vault) -> None:
    account, _ = save_login(db, vault, LOGIN, now=100.0)
    said = a_jwt({"email": "new@example.com", AUTH_CLAIM: {"chatgpt_plan_type": "pro"}})
    fresh = replace(refreshed(stored(db, vault)[0]), version=7)

    assert not save_tokens(db, vault, fresh, said)
    assert load_accounts(db) == [account]
    assert tokens_of(db, vault, account.id) == LOGIN


def says(email: str | None = None, plan: str | None = None, workspace: str | None = None) -> str:
    """A token that tells this much."""
    return a_jwt({"email": email, AUTH_CLAIM: {"chatgpt_plan_type": plan, "chatgpt_account_id": workspace}})


@pytest.mark.parametrize(
    ("access_token", "id_token", "email", "plan"),
    [
        pytest.param("opaque", says("new@x", "Pro"), "new@x", "pro", id="the id token"),
        pytest.param(says("new@x", "pro"), None, "new@x", "pro", id="the access token"),
        pytest.param(says("old@x", "plus"), says("new@x", "pro"), "new@x", "pro", id="of both the id token"),
        pytest.param("opaque", says(plan="pro"), "ann@example.com", "pro", id="the plan alone"),
        pytest.param("opaque", says(email="new@x"), "new@x", "plus", id="the e-mail alone"),
        pytest.param(says("new@x", "pro", "workspace-1"), None, "new@x", "pro", id="of this workspace"),
        # nothing that is this account's
        pytest.param("opaque", None, "ann@example.com", "plus", id="opaque"),
        pytest.param("opaque", "opaque", "ann@example.com", "plus", id="both opaque"),
        pytest.param(says("new@x", "team", "workspace-2"), None, "ann@example.com", "plus", id="of another workspace"),
    ],
)
def test_the_account_follows_what_new_tokens_tell(
    access_token: str, id_token: str | None, email: str, plan: str, db: Database, vault: Vault
) -> None:
    account, _ = save_login(db, vault, LOGIN, now=100.0)
    fresh = replace(refreshed(stored(db, vault)[0]), access_token=access_token)

    assert save_tokens(db, vault, fresh, id_token)
    assert load_accounts(db) == [replace(account, email=email, plan=plan)]


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("needs_login", "active", None),
        ("active", "active", None),
        ("paused", "paused", None),
        ("draining", "draining", None),
        ("deactivated", "deactivated", "because"),
    ],
)
def test_what_can_be_refreshed_needs_no_login(
    before: str, after: str, reason: str | None, db: Database, vault: Vault
) -> None:
    account, _ = save_login(db, vault, LOGIN, now=100.0)
    set_state(db, account.id, AccountStatus(before), "because")

    save_tokens(db, vault, refreshed(stored(db, vault)[0]), None)

    assert load_accounts(db) == [replace(account, state=AccountStatus(after), state_reason=reason)]


def test_a_credential_knows_where_its_workspace_wants_requests(db: Database, vault: Vault) -> None:
    account, _ = save_login(db, vault, LOGIN, now=100.0)
    set_residency(db, account.id, "https://eu.chatgpt.com", "us")

    (credential,) = load_credentials(db, vault).values()
    assert credential.routing_override == "us"
    assert load_credential(db, vault, account.id) == credential


def test_an_account_can_be_taken_elsewhere_with_all_its_tokens(db: Database, vault: Vault) -> None:
    login = replace(LOGIN, fedramp=True)
    account, _ = save_login(db, vault, login, now=100.0)

    assert tokens_of(db, vault, account.id) == login
    assert tokens_of(db, vault, "gone") is None
