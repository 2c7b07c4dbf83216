"""A key itself typed where a name or a rule belongs: it is not repeated, and not stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.data_folder import DataFolder
from tests.scripts.accounts.people import refused
from tests.scripts.keys.people import codexlb_keys, made, stored

PLAIN = "sk-clb-AbCdEfGh" + "x" * 35


@pytest.mark.parametrize(
    "arguments",
    [
        [PLAIN],
        ["create", PLAIN],
        ["create", f"my {PLAIN}"],
        ["create", "laptop", "--models", f"gpt,{PLAIN}"],
        ["create", "laptop", f"--accounts={PLAIN}"],
        ["create", "laptop", PLAIN],
        ["show", PLAIN],
        ["show", f"Bearer {PLAIN}"],
        ["show", PLAIN[:30]],
        ["rotate", PLAIN, "--json"],
        ["disable", "laptop", PLAIN],
        ["enable", PLAIN],
        ["revoke", PLAIN, "--yes"],
        ["limit", PLAIN],
        ["limit", "laptop", PLAIN],
        ["limit", "laptop", "--remove", f"1req/day:{PLAIN}"],
    ],
    ids=lambda arguments: " ".join(arguments).replace(PLAIN, "KEY").replace(PLAIN[:30], "PIECE"),
)
def test_a_key_itself_is_neither_repeated_nor_stored(arguments: list[str], folder: DataFolder) -> None:
    sentence = refused(codexlb_keys(*arguments))

    assert sentence == "A key itself is for its client alone: give its name here, or its beginning sk-clb-AbCdEfGh."
    assert stored() == []
    assert not any(b"xxxxxxxx" in path.read_bytes() for path in Path(folder.home).iterdir() if path.is_file())


def test_a_real_one_is_not_repeated_either() -> None:
    plain = made("laptop")

    for arguments in (["show", plain], ["show", plain[:22]], ["rotate", plain], ["limit", "laptop", plain]):
        assert plain[:17] not in refused(codexlb_keys(*arguments))


def test_its_beginning_is_a_name() -> None:
    plain = made("laptop")

    assert codexlb_keys("disable", plain[:15]).stdout.startswith("Disabled laptop (")
