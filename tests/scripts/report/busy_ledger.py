"""A ledger in which everything happened that a report has words for, written as the proxy writes it."""

from __future__ import annotations

from codexlb_store.accounts import Account, load_accounts
from codexlb_store.choices import ChoiceRow, Considered, save_choice
from codexlb_store.ledger import (
    UNKNOWN,
    AttemptRow,
    CacheLoss,
    Closing,
    Estimate,
    Opening,
    Outcome,
    Tokens,
    close_exchange,
    mark_lost,
    open_exchange,
)
from codexlb_store.projects import name_project, project_id
from codexlb_store.windows import Window, save_windows
from scripts.data_folder import DataFolder
from tests.scripts.sample_ledger import DAY, HOUR, NOW, add_account, use

WEBSHOP = project_id("git@github.com:ann/webshop.git", None) or ""
LEGACY = project_id(None, "/home/ann/legacy") or ""

EVIL_MODEL = "gpt-\x1b[31m9\u202e"
"""What a client may call a model: it must not colour or turn round a terminal."""

FORMULA_SESSION = "=cmd|' /C calc'!A0"


def fill(folder: DataFolder, process: str) -> None:
    """The days of use of the sample ledger, and a last hour with everything in it."""
    use(folder, process)
    ann, bob, carol = load_accounts(folder.db)
    name_project(folder.db, WEBSHOP, "webshop")
    folder.db.execute("INSERT INTO keys (id, name, created_at, time_zone) VALUES ('k1', 'laptop', 0, 'UTC')")
    dora = add_account(folder, "dora@example.net", "plus")
    add_account(folder, "emil@example.net", "plus")
    save_windows(folder.db, [*_readings(ann), *_old_readings(dora)])
    served = _add(folder, "a1", ann, -50 * 60, tokens=Tokens(30_000, 4_000, 900, 300), cost=0.15,
                  loss=CacheLoss.MOVED, tried=(bob,), project=WEBSHOP, key="k1")  # fmt: skip
    _explain(folder, served, ann, bob, carol)
    _add(folder, "b2", bob, -40 * 60, tokens=Tokens(42_000, 30_000, 700, 0), cost=0.09, loss=CacheLoss.IDLE,
         project=LEGACY, key="k1")  # fmt: skip
    _add(folder, "c3", ann, -30 * 60, outcome=Outcome.CANCELLED, estimate=Estimate(18_900, 480, 0.04), project=WEBSHOP)
    _add(folder, "d4", ann, -20 * 60, tokens=Tokens(12_000, 0, 300, 10), model=EVIL_MODEL, session=FORMULA_SESSION)
    _add(folder, "e5", carol, -10 * 60, outcome=None)
    mark_lost(folder.db, [process], NOW)
    folder.db.conn.commit()


def _old_readings(dora: Account) -> list[Window]:
    """Nobody has heard of them for hours: the short window is over by now."""
    return [
        Window(dora.id, 300, 90.0, NOW - HOUR, NOW - 3 * HOUR),
        Window(dora.id, 10_080, 30.0, NOW + 5 * DAY, NOW - 3 * HOUR),
    ]


def _readings(ann: Account) -> list[Window]:
    """How ann's windows came to be what they are."""
    return [
        Window(ann.id, 300, 20.0, NOW + 8000, NOW - HOUR),
        Window(ann.id, 300, 62.0, NOW + 8000, NOW),
        Window(ann.id, 10_080, 55.0, NOW + 273_600, NOW - DAY),
        Window(ann.id, 10_080, 61.0, NOW + 273_600, NOW),
    ]


def _add(
    folder: DataFolder,
    mark: str,
    account: Account,
    at: float,
    *,
    outcome: Outcome | None = Outcome.COMPLETED,
    tokens: Tokens = UNKNOWN,
    cost: float | None = None,
    estimate: Estimate | None = None,
    loss: CacheLoss | None = None,
    tried: tuple[Account, ...] = (),
    model: str = "gpt-5.5",
    session: str = "01a203d1-0000-77f1-bce4-20f8c1926071",
    project: str | None = None,
    key: str | None = None,
) -> str:
    number, opened_at = mark * 16, NOW + at
    path, client = "/backend-api/codex/responses", "codex_exec/0.169.0"
    open_exchange(folder.db, Opening(number, "gone", opened_at, "turn", path, key, session, session, account.id, model,
                                     "high", None, client, 30_000, project))  # fmt: skip
    if outcome is None:
        return number
    failed = [AttemptRow(n, one.id, "usage_limit", 429, None, opened_at + n, 210.0) for n, one in enumerate(tried, 1)]
    last = AttemptRow(len(tried) + 1, account.id, None, 200, "req_9", opened_at + 0.3, 4100.0, tokens, cost)
    close_exchange(
        folder.db,
        Closing(
            number, opened_at + 4.4, outcome, 200, None, None, None, tokens, cost, 830.0, 4400.0, "resp_9", None,
            (*failed, last), moved=loss is CacheLoss.MOVED, estimate=estimate,
            expected_cached=None if loss is None else 40_000, cache_loss=loss,
        ),
    )  # fmt: skip
    return number


def _explain(folder: DataFolder, number: str, ann: Account, bob: Account, carol: Account) -> None:
    """Bob was the session's home until his window was full."""
    full = {"capacity": 10.0, "short_used_percent": 99.0, "long_used_percent": 81.0, "in_flight": 3.0}
    free = {"capacity": 1.0, "short_used_percent": 47.4, "long_used_percent": 12.0, "long_reset_seconds": 273_600.0}
    home = ChoiceRow(number, 1, NOW - 50 * 60, bob.id, "warm home", (Considered(bob.id, terms=full),))
    then = ChoiceRow(
        number,
        2,
        NOW - 50 * 60 + 1,
        ann.id,
        "capacity_weighted, waited",
        (
            Considered(ann.id, weight=0.5263, terms=free),
            Considered(bob.id, excluded="tried"),
            Considered(carol.id, excluded="limited"),
        ),
    )
    for choice in (home, then):
        save_choice(folder.db, choice)
