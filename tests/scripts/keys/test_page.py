from __future__ import annotations

import datetime
import json
from dataclasses import replace

import pytest

from codexlb_store.ledger import Tokens
from codexlb_store.usage import Sums
from scripts.data_folder import DataFolder
from scripts.keys.page import KeyDossier, page, used_since
from scripts.keys.view import KeyView
from tests.scripts.accounts.people import refused
from tests.scripts.keys.people import as_json, codexlb_keys, made, stored
from tests.scripts.keys.views import NOW, everybody, view
from tests.scripts.sample_ledger import add_request
from tests.scripts.snapshots import printed, snapshot

TODAY = Sums(12, input_tokens=96_000, cached_tokens=90_100, output_tokens=5100, reasoning_tokens=2400, cost_usd=0.43)
WEEK = Sums(118, input_tokens=947_000, output_tokens=10_400, reasoning_tokens=5584, cost_usd=2.93)
NAMES = {"efec3f928e68": "ann@example.com"}


def paged(shown: KeyView, width: int) -> str:
    return printed(page(KeyDossier(shown, TODAY, WEEK, NAMES), NOW, width, datetime.UTC), width)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_page_of_a_key(width: int) -> None:
    text = paged(everybody()[1], width)

    assert text == snapshot(f"key-{width}", text)
    assert max(map(len, text.splitlines())) <= width


def test_of_a_key_without_rules_there_is_a_page_too() -> None:
    text = paged(view("guest"), 80)

    assert "No limits." in text
    for fact in ("Expires    never", "Last used  never", "Models     all", "Accounts   all", "Enforces   nothing"):
        assert fact in text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ci", ["sk-clb-NewNewNe...", "sk-clb-BeforeBe... until Mon 13:20", "Wed 17:20, in 3 d 0 h"]),
        ("guest", ["expired 1 h ago", "16:20, 1 h ago"]),
        ("night build", ["disabled 2 h ago"]),
        ("former laptop", ["revoked 3 d ago"]),
    ],
)
def test_what_there_is_to_say_of_a_key(name: str, said: list[str]) -> None:
    [shown] = [one for one in everybody() if one.key.name == name]

    text = paged(shown, 100)

    assert [phrase for phrase in said if phrase not in text] == []
    assert "OldOldOl" not in text


def test_show_takes_the_beginning_of_a_name_and_of_the_key() -> None:
    plain = made("laptop")

    for name in ("lap", plain[:15]):
        result = codexlb_keys("show", name)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.startswith("laptop\n")
        assert plain not in result.stdout


def test_show_as_json_has_what_the_list_has_and_what_was_used(folder: DataFolder) -> None:
    made("laptop", "--limit", "5M-tokens/day")
    [listed] = as_json("list")

    record = as_json("show", "laptop")

    assert {name: record[name] for name in listed} == listed
    assert record.keys() - listed.keys() == {"usage"}
    assert record["usage"]["today"].keys() >= {
        *("requests", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "cost_usd"),
    }


def test_the_use_is_of_this_key_alone(folder: DataFolder) -> None:
    made("laptop")
    [key] = stored()
    add_request(folder, None, at=0, tokens=Tokens(10, 0, 2, 0), key=key.id)
    add_request(folder, None, at=0, tokens=Tokens(70, 0, 2, 0))
    folder.db.conn.commit()

    used = used_since(folder.db, key.id, 0)
    assert (used.requests, used.input_tokens, used.output_tokens, used.cost_usd) == (1, 10, 2, None)
    assert used_since(folder.db, "another", 0).requests == 0


def test_an_account_that_is_gone_is_shown_by_its_id() -> None:
    shown = everybody()[1]

    assert "ann@example.com, 02203f3bbdc1" in paged(shown, 100)
    assert "Accounts   efec" in paged(replace(shown, key=replace(shown.key, accounts=("efec",))), 100)


def test_a_name_that_means_nothing_is_one_sentence() -> None:
    made("laptop")

    assert refused(codexlb_keys("show", "phone")) == "There is no key 'phone': give one of laptop."
    assert json.loads(codexlb_keys("show", "lap", "--json").stdout)["name"] == "laptop"
