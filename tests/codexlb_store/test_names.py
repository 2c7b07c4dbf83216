"""What people type means one account, or they are told which it might be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codexlb_store.accounts import Account, AccountStatus
from codexlb_store.names import AccountNameError, check_alias, find_account

ANN = Account(
    "0e6e6086bd1f", "Work", "ann@example.com", "team", "u1", "w1", False, AccountStatus.ACTIVE, None, None, 1.0, 1.0
)
ANN_AT_HOME = replace(ANN, id="0e99aa0011bb", alias=None, plan="plus", chatgpt_account_id="w2")
BOB = replace(ANN, id="77d0c0ffee00", alias="workshop", email="bob@example.com", plan="pro")
CAROL = replace(ANN, id="ca401ca401ca", alias=None, email="carol@example.com")
ACCOUNTS = [ANN, ANN_AT_HOME, BOB, CAROL]


@pytest.mark.parametrize(
    ("name", "account"),
    [
        pytest.param("0e6e6086bd1f", ANN, id="id"),
        pytest.param("work", ANN, id="alias, in another case, although another begins so"),
        pytest.param("BOB@example.com", BOB, id="e-mail, in another case"),
        pytest.param(" workshop\n", BOB, id="blanks around"),
        pytest.param("0e6", ANN, id="beginning of an id"),
        pytest.param("works", BOB, id="beginning of an alias"),
        pytest.param("bo", BOB, id="beginning of an e-mail"),
        pytest.param("ca", CAROL, id="beginning of both id and e-mail"),
    ],
)
def test_a_name_means_an_account(name: str, account: Account) -> None:
    assert find_account(ACCOUNTS, name) == account


@pytest.mark.parametrize(
    ("accounts", "name", "sentence"),
    [
        pytest.param(
            ACCOUNTS,
            "ann@example.com",
            "'ann@example.com' may mean Work (team, 0e6e6086bd1f), ann@example.com (plus, 0e99aa0011bb): "
            "give the id of the one you mean.",
            id="one person in two workspaces",
        ),
        pytest.param(
            ACCOUNTS,
            "wor",
            "'wor' may mean Work (team, 0e6e6086bd1f), workshop (pro, 77d0c0ffee00): give the id of the one you mean.",
            id="two begin so",
        ),
        pytest.param(
            ACCOUNTS,
            "example",
            "There is no account 'example': give one of Work, ann@example.com, workshop, carol@example.com.",
            id="none begins so",
        ),
        pytest.param(
            ACCOUNTS[2:], "", "There is no account '': give one of workshop, carol@example.com.", id="no name"
        ),
        pytest.param(
            [CAROL],
            " ",
            "There is no account ' ': give one of carol@example.com.",
            id="no name, although only one is there",
        ),
        pytest.param(
            [],
            "ann",
            "There is no account 'ann', nor any other: add one with `codexlb accounts login`.",
            id="no accounts",
        ),
        pytest.param(
            [replace(BOB, id=str(n), alias=f"a{n}") for n in range(12)],
            "x",
            "There is no account 'x': give one of a0, a1, a2, a3, a4, a5, a6, a7, a8, a9 and 2 more.",
            id="many accounts",
        ),
    ],
)
def test_a_name_that_means_none_or_several_says_so(accounts: list[Account], name: str, sentence: str) -> None:
    with pytest.raises(AccountNameError) as caught:
        find_account(accounts, name)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("alias", "stored"),
    [
        pytest.param("home", "home", id="plain"),
        pytest.param("  At home, in Köln ☕ ", "At home, in Köln ☕", id="with blanks and letters of all kinds"),
        pytest.param("x" * 64, "x" * 64, id="as long as may be"),
        pytest.param("WORK", "WORK", id="its own in another case"),
        pytest.param("ann@example.com", "ann@example.com", id="its own e-mail"),
    ],
)
def test_an_alias_that_tells_an_account_apart_is_taken(alias: str, stored: str) -> None:
    assert check_alias([ANN, BOB, CAROL], ANN, alias) == stored


@pytest.mark.parametrize(
    ("alias", "sentence"),
    [
        pytest.param("", "1 to 64 printable characters", id="empty"),
        pytest.param("  ", "1 to 64 printable characters", id="blank"),
        pytest.param("x" * 65, "1 to 64 printable characters", id="too long"),
        pytest.param("a\tb", "1 to 64 printable characters", id="tab"),
        pytest.param("a\x1b[31mb", "1 to 64 printable characters", id="escape sequence"),
        pytest.param("-home", "would be read as an option", id="an option"),
        pytest.param("Workshop", "taken by workshop \\(pro, 77d0c0ffee00\\)", id="another's alias"),
        pytest.param("BOB@example.com", "taken by workshop", id="another's e-mail"),
        pytest.param("ca401ca401ca", "taken by carol@example.com", id="another's id"),
        pytest.param("ann@example.com", "taken by ann@example.com \\(plus", id="the e-mail of one's other seat too"),
    ],
)
def test_an_alias_that_would_not_is_refused(alias: str, sentence: str) -> None:
    with pytest.raises(AccountNameError, match=sentence):
        check_alias(ACCOUNTS, ANN, alias)
