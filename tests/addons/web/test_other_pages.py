"""Keys with their limits, conversations; and words of others on every page."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from codexlb_store.choices import ChoiceRow, Considered, save_choice
from codexlb_store.key_changes import create_key, revoke_key
from codexlb_store.keys import Key
from codexlb_store.ledger import AttemptRow
from codexlb_store.limit_texts import parse_limit
from codexlb_store.projects import name_project
from codexlb_store.schema import open_store
from tests.addons.proxy import store_with
from tests.addons.web.reading_lab import NOW, show
from tests.codexlb_store.rows import add

KEYS, CONVERSATIONS, LOG = "/dashboard/keys", "/dashboard/conversations", "/dashboard/requests"

CANARIES = (
    "<script>alert(1)</script>",
    '"onload="alert(1)',
    "'><img src=x onerror=alert(1)>",
    "{{ 7*7 }}",
    "a\x1b[2J\u202eb",
)


def test_without_keys_the_page_says_how_to_make_one(tmp_path: Path) -> None:
    assert "codexlb keys create NAME" in show(tmp_path, KEYS).words


def test_a_key_has_a_card_with_its_limits_and_what_it_used(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as db:
        limits = (parse_limit("1M-tokens/day"), parse_limit("2 concurrent"))
        key, _ = create_key(
            db, Key("team", NOW - 90, NOW + 5 * 86_400, models=("gpt-5*",), enforced_effort="low", limits=limits)
        )
        add(db, opened_at=NOW - 5, key_id=key.id)
        gone, _ = create_key(db, Key("gone", NOW - 90))
        revoke_key(db, gone.id, NOW - 60)
        db.conn.commit()
    words = show(tmp_path, KEYS).words

    assert "1M-tokens/day <1%" in words or "1M-tokens/day 0%" in words
    assert "of 1.00M resets in" in words
    assert "2 concurrent 0% 0 of 2" in words
    assert "Today 1 120 $0.50" in words
    assert "models gpt-5* enforced effort low days of UTC" in words
    assert "never used expires in 5 d" in words
    assert "revoked 1 min ago No limits." in words
    assert words.index("team") < words.index("gone")


def test_conversations_lead_to_their_requests(tmp_path: Path) -> None:
    with closing(store_with(tmp_path, "ann")) as db:
        add(db, opened_at=NOW - 60, thread="t/1", account_id="a1", model="gpt-5.5")
        add(db, opened_at=NOW - 5, thread="t/1", account_id="a2", model="o3")
        add(db, opened_at=NOW - 30, thread="t2")
    shown = show(tmp_path, CONVERSATIONS)

    assert "2 240 40% $1.00 a1, a2 gpt-5.5, o3" in shown.words
    assert 'href="/dashboard/requests?thread=t%2F1"' in shown.html
    assert shown.html.index("t/1") < shown.html.index("t2")
    assert "The requests of conversation t/1" in show(tmp_path, LOG, thread="t/1").words


def test_no_conversation_yet(tmp_path: Path) -> None:
    assert "No conversation yet" in show(tmp_path, CONVERSATIONS).words


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("path", ["/dashboard", LOG, f"{LOG}/x0", KEYS, CONVERSATIONS])
def test_words_of_others_stay_words(tmp_path: Path, path: str, canary: str) -> None:
    """Models, sessions, errors and clients are what clients send; names are what people give."""
    with closing(store_with(tmp_path, "ann")) as db:
        create_key(db, Key(canary, NOW - 90, models=(canary,)))
        name_project(db, "a" * 12, canary if canary.isprintable() else "plain")
        tried = (AttemptRow(1, canary, canary, 500, canary, NOW, 1.0),)
        said: dict[str, Any] = dict.fromkeys(
            ("model", "effort", "tier", "session", "thread", "client", "account_id", "key_id"), canary
        )
        ended = {"attempts": tried, "error": canary, "response_id": canary}
        add(db, opened_at=NOW - 1, kind=canary, path=canary, project="a" * 12, closing=ended, **said)
        considered = (Considered(canary, 1.0, None, {canary: 1.0}), Considered("b", None, canary))
        save_choice(db, ChoiceRow("x0", 1, NOW, canary, canary, considered))
        db.conn.commit()
    page = show(tmp_path, path, model=canary, session=canary).html if path == LOG else show(tmp_path, path).html

    tags = re.sub(r'"[^"]*"', '""', re.sub(r">[^<]*<", "><", page))
    assert "alert" not in tags
    assert "onload" not in tags
    assert "<img src=x" not in page
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", page)
    assert ">49<" not in page


def test_no_text_of_others_fills_the_page(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as db:
        add(db, opened_at=NOW - 1, model="m" * 100_000, closing={"error": "e" * 100_000})

    for path in ("/dashboard", LOG, f"{LOG}/x0"):
        page = show(tmp_path, path).html
        assert not re.search("[me]{301}", re.sub(r'href="[^"]*"', "", page))
