"""`codexlb keys disable`, `enable` and `revoke`: what may come in, decided by a person."""

from __future__ import annotations

import pytest

from codexlb_store.key_changes import revoke_key
from scripts.data_folder import DataFolder
from tests.scripts.accounts.people import refused
from tests.scripts.at_terminal import Answer, asked, types
from tests.scripts.keys.people import as_json, codexlb_keys, made, stored


@pytest.fixture(autouse=True)
def keys() -> None:
    made("laptop")
    made("desk")


def states() -> dict[str, str]:
    return {record["name"]: record["status"] for record in as_json("list")}


def ids() -> tuple[str, ...]:
    return tuple(key.id for key in stored())


def test_several_keys_at_once_each_once() -> None:
    laptop, desk = ids()

    result = codexlb_keys("disable", "desk", "lap", "DESK")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"Disabled desk ({desk}).\nDisabled laptop ({laptop}).\n"
    assert states() == {"laptop": "disabled", "desk": "disabled"}


def test_a_disabled_key_is_enabled() -> None:
    laptop, desk = ids()
    codexlb_keys("disable", "laptop")

    result = codexlb_keys("enable", "laptop", "desk")

    assert result.stdout == f"Enabled laptop ({laptop}).\ndesk ({desk}) was not disabled.\n"
    assert states() == {"laptop": "active", "desk": "active"}


def test_to_disable_twice_keeps_the_time() -> None:
    codexlb_keys("disable", "laptop")
    before = stored()

    assert codexlb_keys("disable", "laptop").stdout == f"laptop ({ids()[0]}) was disabled already.\n"
    assert stored() == before


def test_to_enable_a_key_that_has_expired_says_so(folder: DataFolder) -> None:
    folder.db.execute("UPDATE keys SET expires_at = 5 WHERE name = 'laptop'")
    folder.db.conn.commit()

    result = codexlb_keys("enable", "laptop")

    assert result.exit_code == 0
    assert result.stderr == (
        f"Warning: laptop ({ids()[0]}) has expired: make a new key with `codexlb keys create NAME`.\n"
    )


def test_a_revoked_key_is_gone_for_good() -> None:
    laptop = ids()[0]

    assert codexlb_keys("revoke", "laptop", "--yes").stdout == f"Revoked laptop ({laptop}).\n"
    assert codexlb_keys("revoke", "laptop").stdout == f"laptop ({laptop}) was revoked already.\n"
    assert states() == {"laptop": "revoked", "desk": "active"}


@pytest.mark.parametrize("command", ["disable", "enable", "rotate", "limit"])
def test_a_revoked_key_is_not_changed(command: str, folder: DataFolder) -> None:
    revoke_key(folder.db, ids()[0], 5.0)
    before = stored()

    more = ["60req/min"] if command == "limit" else []
    sentence = refused(codexlb_keys(command, "laptop", *more))

    assert sentence.startswith(f"laptop ({ids()[0]}) is revoked, which cannot be undone: make a new key")
    assert stored() == before


@pytest.mark.parametrize("command", ["disable", "enable", "revoke"])
def test_one_wrong_name_changes_nothing(command: str) -> None:
    before = stored()

    assert refused(codexlb_keys(command, "laptop", "phone")) == "There is no key 'phone': give one of laptop, desk."
    assert stored() == before


@pytest.mark.parametrize("command", ["disable", "enable", "revoke"])
def test_without_a_name_it_is_a_mistake_of_use(command: str) -> None:
    result = codexlb_keys(command)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Missing argument 'NAME...'" in result.stderr


@pytest.mark.parametrize(
    ("command", "status"), [(["disable"], "disabled"), (["enable"], "active"), (["revoke", "--yes"], "revoked")]
)
def test_as_json_the_keys_are_as_they_are_now(command: list[str], status: str) -> None:
    records = as_json(*command, "desk", "laptop")

    assert [(record["name"], record["status"]) for record in records] == [("desk", status), ("laptop", status)]
    assert sorted(records, key=lambda record: ["laptop", "desk"].index(record["name"])) == as_json("list")


def test_nothing_is_revoked_without_asking() -> None:
    assert refused(codexlb_keys("revoke", "laptop")).endswith("add --yes to agree.")
    assert states() == {"laptop": "active", "desk": "active"}


@pytest.mark.parametrize(
    ("answer", "code", "status"), [(types("y\n"), 0, "revoked"), (types("n\n"), 1, "active")], ids=["yes", "no"]
)
def test_at_a_terminal_only_a_yes_is_one(answer: Answer, code: int, status: str) -> None:
    exit_code, shown = asked(answer, "keys", "revoke", "laptop")

    assert (exit_code, states()["laptop"]) == (code, status), shown
    assert f"laptop ({ids()[0]}): to revoke a key cannot be undone. Revoke?" in shown
