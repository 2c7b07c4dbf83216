from __future__ import annotations

import click
import pytest

from codexlb_store.accounts import Account, AccountStatus
from scripts.accounts.naming import in_order, named, typed
from tests.scripts.accounts.views import view

ANN, BOB, WORK = (view(name).account for name in ("ann@example.com", "bob@example.com", "ann@example.com as my work"))
ACCOUNTS = [ANN, BOB, WORK]


def test_each_account_is_named_once_in_the_order_given() -> None:
    assert named([ANN, BOB], ["bob", "ann@example.com", "BOB@example.com"]) == [BOB, ANN]


def test_one_wrong_name_ends_the_command() -> None:
    with pytest.raises(click.ClickException, match=r"^There is no account 'carol'"):
        named([ANN, BOB], ["ann@example.com", "carol"])


@pytest.mark.parametrize(
    ("account", "text"),
    [
        pytest.param(BOB, "bob@example.com", id="its name"),
        pytest.param(WORK, "'my work'", id="a name with a blank"),
        pytest.param(ANN, ANN.id, id="its id where the name means another account, too"),
    ],
)
def test_what_to_type_means_that_account_alone(account: Account, text: str) -> None:
    assert typed(account, ACCOUNTS) == text


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (AccountStatus.NEEDS_LOGIN, "ann@example.com needs a login (why): run `codexlb accounts login --account "),
        (AccountStatus.DEACTIVATED, "ann@example.com is deactivated by the upstream (why): run `codexlb accounts che"),
    ],
)
def test_an_account_out_of_order_is_answered_with_what_helps(status: AccountStatus, sentence: str) -> None:
    broken = view("ann@example.com", status, reason="why").account

    with pytest.raises(click.ClickException) as raised:
        in_order([BOB, broken], [BOB, broken])

    assert raised.value.message.startswith(sentence)
