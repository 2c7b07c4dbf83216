"""Real processes, each with its own writer and memory, that use up the limits of one key together."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database

from tests.codexlb_store.key_rows import make_key
from tests.codexlb_store.together import run_together

IMPORTS = """
import os, random
from codexlb_store.spends import NOTHING, Spend
from tests.codexlb_store.buyer import Buyer
"""
USE_UP = """
buyer, served = Buyer(home), 0
while reservation := buyer.admit(Spend(1, 10, 0, 0)):
    is_answered = random.random() < 0.8
    served += is_answered
    buyer.end(reservation, Spend(1, 7, 0, 0) if is_answered else NOTHING)
buyer.close()
print(served)
"""
ONE_DIES = """
try:
    os.close(os.open(home / "chosen", os.O_CREAT | os.O_EXCL))
except FileExistsError:
    pass
else:
    buyer = Buyer(home)
    running = [buyer.admit(Spend(1, 10, 0, 0)) for _ in range(8)]
    for reservation in running[:4]:
        buyer.end(reservation, Spend(1, 7, 0, 0))
    os._exit(0)
"""


def used(db: Database) -> list[int]:
    return [row[0] for row in db.execute("SELECT used FROM budgets ORDER BY limit_id")]


def test_processes_together_serve_just_what_the_limit_allows(home: Path, db: Database) -> None:
    make_key(db, "400req/7d", "1M-tokens/7d", "3 concurrent")

    served = [int(text) for text in run_together(IMPORTS, USE_UP, home)]

    assert sum(served) == 400
    assert used(db) == [400, 7 * 400, 0]


def test_what_a_process_held_when_it_died_is_served_by_the_others(home: Path, db: Database) -> None:
    """It dies with requests in flight, budget in hand, and with writes that may not have come through."""
    make_key(db, "200req/7d", "20 concurrent")

    served = [int(text) for text in run_together(IMPORTS, ONE_DIES + USE_UP, home) if text]

    assert len(served) == 3
    assert used(db)[0] == 200
    assert 196 <= sum(served) <= 200
