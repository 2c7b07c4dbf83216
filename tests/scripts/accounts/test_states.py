"""`codexlb accounts pause`, `drain` and `resume`: what may serve, decided by a person."""

from __future__ import annotations

import pytest

from codexlb_store.accounts import Account, AccountStatus, fail_account, set_state
from scripts.data_folder import DataFolder
from tests.scripts.accounts.people import codexlb_accounts, refused, stored


def states() -> dict[str, tuple[str, str | None]]:
    return {account.email.partition("@")[0]: (account.state, account.state_reason) for account in stored()}


@pytest.mark.parametrize(
    ("command", "said", "state"),
    [("pause", "Paused", AccountStatus.PAUSED), ("drain", "Draining", AccountStatus.DRAINING)],
)
def test_several_accounts_at_once(command: str, said: str, state: AccountStatus, ann: Account, bob: Account) -> None:
    result = codexlb_accounts(command, "bob", "ann@example.com", "bob")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (f"{said} bob@example.com (pro, {bob.id}).\n{said} ann@example.com (plus, {ann.id}).\n")
    assert states() == {"ann": (state, None), "bob": (state, None)}


@pytest.mark.parametrize("command", ["pause", "drain", "resume", "remove", "refresh", "check"])
def test_one_wrong_name_changes_nothing(command: str, ann: Account, bob: Account) -> None:
    before = stored()

    sentence = refused(codexlb_accounts(command, "ann", "carol"))

    assert sentence == "There is no account 'carol': give one of ann@example.com, bob@example.com."
    assert stored() == before


@pytest.mark.parametrize("command", ["pause", "drain", "resume", "remove", "refresh"])
def test_without_a_name_it_is_a_mistake_of_use(command: str) -> None:
    result = codexlb_accounts(command)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Missing argument 'NAME...'" in result.stderr


@pytest.mark.parametrize("state", [AccountStatus.PAUSED, AccountStatus.DRAINING])
def test_who_rests_is_resumed(state: AccountStatus, ann: Account, folder: DataFolder) -> None:
    set_state(folder.db, ann.id, state, None)

    result = codexlb_accounts("resume", "ann")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"Resumed ann@example.com (plus, {ann.id}).\n"
    assert states() == {"ann": (AccountStatus.ACTIVE, None)}


def test_who_does_not_rest_need_not_be_resumed(ann: Account) -> None:
    result = codexlb_accounts("resume", "ann")

    assert (result.exit_code, result.stdout) == (0, f"ann@example.com (plus, {ann.id}) was not paused.\n")


def test_a_paused_account_with_a_dead_login_is_resumed_and_the_reason_stays(ann: Account, folder: DataFolder) -> None:
    set_state(folder.db, ann.id, AccountStatus.PAUSED, "refresh_token_reused")

    result = codexlb_accounts("resume", "ann")

    assert result.exit_code == 0
    assert result.stderr == (
        "Warning: The login of ann@example.com is dead or dying (refresh_token_reused): "
        "run `codexlb accounts login --account ann@example.com`.\n"
    )
    assert states() == {"ann": (AccountStatus.ACTIVE, "refresh_token_reused")}


@pytest.mark.parametrize("command", ["resume", "drain"])
def test_what_needs_a_login_is_not_brought_back_by_a_decision(
    command: str, ann: Account, bob: Account, folder: DataFolder
) -> None:
    set_state(folder.db, ann.id, AccountStatus.PAUSED, None)
    set_state(folder.db, bob.id, AccountStatus.NEEDS_LOGIN, "token_expired")

    sentence = refused(codexlb_accounts(command, "ann", "bob"))

    assert sentence == (
        "bob@example.com needs a login (token_expired): run `codexlb accounts login --account bob@example.com`."
    )
    assert states() == {"ann": (AccountStatus.PAUSED, None), "bob": (AccountStatus.NEEDS_LOGIN, "token_expired")}


def test_what_needs_a_login_may_be_paused_and_keeps_the_reason(ann: Account, folder: DataFolder) -> None:
    set_state(folder.db, ann.id, AccountStatus.NEEDS_LOGIN, "token_expired")

    assert codexlb_accounts("pause", "ann").exit_code == 0
    assert states() == {"ann": (AccountStatus.PAUSED, "token_expired")}


def test_a_deactivated_account_that_is_paused_has_no_reason_left_that_nothing_would_end(
    ann: Account, folder: DataFolder
) -> None:
    fail_account(folder.db, ann.id, AccountStatus.DEACTIVATED, "deactivated_workspace")

    assert codexlb_accounts("pause", "ann").exit_code == 0
    assert states() == {"ann": (AccountStatus.PAUSED, None)}
