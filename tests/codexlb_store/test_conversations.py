from __future__ import annotations

import pytest
from sqlite_utils import Database

from codexlb_store.conversations import Conversation, conversations
from codexlb_store.ledger import UNKNOWN
from codexlb_store.usage import Filters, Sums
from tests.codexlb_store.rows import add


def test_a_conversation_is_all_requests_of_a_thread(db: Database) -> None:
    add(db, thread="t1", opened_at=10.0, account_id="a2", model="gpt-5.5")
    add(db, thread="t1", opened_at=5000.0, account_id="a1", model="gpt-5.1")
    add(db, thread="t1", opened_at=6000.0, account_id=None, model=None, tokens=UNKNOWN, cost=None)
    add(db, thread="t1", opened_at=7000.0, account_id="a1", is_open=True)
    add(db, thread="t2", opened_at=20.0, account_id=None, is_open=True)
    add(db, thread=None, opened_at=8000.0)

    used = Sums(
        requests=4,
        attempts=3,
        counted=2,
        priced=2,
        input_tokens=200,
        cached_tokens=80,
        output_tokens=40,
        reasoning_tokens=10,
        cost_usd=1.0,
        running=1,
    )
    assert conversations(db) == [
        Conversation("t1", 10.0, 7000.0, used, ("a1", "a2"), ("gpt-5.1", "gpt-5.5")),
        Conversation("t2", 20.0, 20.0, Sums(1, running=1), (), ("gpt-5.1",)),
    ]


@pytest.mark.parametrize(
    ("filters", "limit", "expected"),
    [
        pytest.param(Filters(), 10, [("t3", 1), ("t1", 2), ("t2", 1)], id="the newest first"),
        pytest.param(Filters(), 2, [("t3", 1), ("t1", 2)], id="no more than asked for"),
        pytest.param(Filters(since=15.0, until=40.0), 10, [("t1", 1), ("t2", 1)], id="of a time"),
        pytest.param(Filters(account_id="a2"), 10, [("t1", 1)], id="of an account"),
        pytest.param(Filters(model="nothing"), 10, [], id="none"),
    ],
)
def test_conversations_can_be_chosen(
    filters: Filters, limit: int, expected: list[tuple[str, int]], db: Database
) -> None:
    add(db, thread="t1", opened_at=10.0)
    add(db, thread="t2", opened_at=20.0)
    add(db, thread="t1", opened_at=30.0, account_id="a2")
    add(db, thread="t3", opened_at=40.0)

    assert [(found.thread, found.sums.requests) for found in conversations(db, filters, limit)] == expected
