"""What is older than it is to be kept goes by itself; how long that is has to make sense."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.exceptions import OptionsError
from mitmproxy.test import taddons

from addons.ledger_rows import closing_of, opening_of
from addons.retention import Retention
from codexlb_store.choices import ChoiceRow, load_choices, save_choice
from codexlb_store.exchanges import requests
from codexlb_store.ledger import close_exchange, open_exchange
from codexlb_store.schema import open_store
from codexlb_store.writer import Writer
from tests.addons.price_list import PRICES
from tests.addons.proxy import running
from tests.addons.samples import a_flow, an_answered_exchange
from tests.addons.test_ledger_rows import SERVED
from tests.addons.waiting import until

DAY = 86_400


def add(home: Path, name: str, age_days: float) -> None:
    """An exchange of that age, and why it went where it did."""
    at = time.time() - age_days * DAY
    exchange = an_answered_exchange(id=name, opened_at=at, sent_at=at)
    with closing(open_store(home)) as db:
        open_exchange(db, opening_of(exchange, a_flow(), "p0"))
        close_exchange(db, closing_of(exchange, SERVED, PRICES, at + 1))
        save_choice(db, ChoiceRow(name, 1, at, "a", "fill_first", ()))


def kept(home: Path) -> tuple[list[str], list[str]]:
    """The exchanges that have a row still, and those that can still be explained."""
    with closing(open_store(home)) as db:
        names = [row.id for row in requests(db, 100)]
        return names, [name for name in ("new", "older", "oldest") if load_choices(db, name)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, age_days in (("new", 1), ("older", 40), ("oldest", 500)):
        add(tmp_path, name, age_days)
    return tmp_path


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, (["new", "older"], ["new"]), id="400 days, explained for 30"),
        pytest.param({"codexlb_retention_days": 30}, (["new"], ["new"]), id="a month"),
        pytest.param({"codexlb_retention_days": 0, "codexlb_explain_days": 100},
                     (["new", "older", "oldest"], ["new", "older"]), id="rows for ever"),
        pytest.param({"codexlb_explain_days": 0}, (["new", "older"], ["new", "older"]), id="explained as long"),
    ],
)  # fmt: skip
async def test_what_is_too_old_is_gone_soon_after_a_start(
    home: Path, options: dict[str, Any], expected: tuple[list[str], list[str]]
) -> None:
    async with running(home, **options):
        await until(lambda: kept(home) == expected)


async def test_the_sums_of_what_is_gone_stay(home: Path) -> None:
    async with running(home, codexlb_retention_days=30):
        await until(lambda: kept(home)[0] == ["new"])
    with closing(open_store(home)) as db:
        assert db.execute("SELECT sum(requests) FROM sums").fetchone()[0] == 3


@pytest.mark.parametrize("name", ["codexlb_retention_days", "codexlb_explain_days"])
async def test_fewer_than_no_days_are_refused(name: str, tmp_path: Path) -> None:
    addon = Retention(Writer(tmp_path))
    with taddons.context(addon) as context, pytest.raises(OptionsError, match=f"{name} is -1: give 0"):
        context.configure(addon, **{name: -1})


async def test_a_store_that_cannot_be_written_is_only_logged(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(open_store(home)) as db:
        db.execute("ALTER TABLE choices RENAME TO hidden")
    async with running(home) as proxy:
        await until(lambda: [record for record in caplog.records if record.name == "addons.retention"])
        assert (await proxy.ask("GET", "/health", b""))[0] == 200
