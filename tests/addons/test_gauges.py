"""How the proxy stands at one moment, in Prometheus' words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, generate_latest

from addons.gauges import Page, families, moment_of
from codexlb_store.accounts import AccountStatus
from codexlb_store.pool import Pool
from codexlb_store.windows import Window
from codexlb_store.writer import Writer
from tests.addons.samples import ACCOUNT, a_pool

NOW = 1000.0
BEN = replace(ACCOUNT, id="b", alias='Ben "the\nbold"', email="ben@example.com", state=AccountStatus.PAUSED)
WINDOWS = (
    Window("a", 300, 42.0, NOW + 60, NOW - 1),
    Window("a", 10_080, 80.0, NOW - 60, NOW - 120),
    Window("b", 300, 7.0, None, NOW - 1),
)


def samples(pool: Pool) -> list[str]:
    moment = moment_of(pool, Writer(Path("/nowhere")), waiting=3, is_ready=True, now=NOW)
    text = generate_latest(Page(CollectorRegistry(), families(moment))).decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_every_account_with_its_windows_and_what_it_serves() -> None:
    pool = a_pool(ACCOUNT, BEN, windows=WINDOWS)
    pool.take("a", NOW)
    found = samples(pool)

    assert 'codexlb_account_info{account="a",alias="",plan="plus"} 1.0' in found
    assert r'codexlb_account_info{account="b",alias="Ben \"the\nbold\"",plan="plus"} 1.0' in found
    assert 'codexlb_accounts{status="active"} 1.0' in found
    assert 'codexlb_accounts{status="paused"} 1.0' in found
    assert 'codexlb_accounts{status="limited"} 0.0' in found
    assert 'codexlb_in_flight{account="a"} 1.0' in found
    assert 'codexlb_window_used_percent{account="a",minutes="300"} 42.0' in found
    assert 'codexlb_window_used_percent{account="a",minutes="10080"} 0.0' in found, "it has started afresh"
    assert [line for line in found if "reset_timestamp" in line] == [
        'codexlb_window_reset_timestamp_seconds{account="a",minutes="300"} 1060.0'
    ]
    assert {"codexlb_ready 1.0", "codexlb_waiting 3.0", "codexlb_writer_healthy 0.0"} <= set(found)


def test_nobodys_address_and_no_token_is_told() -> None:
    text = "\n".join(samples(a_pool(ACCOUNT, BEN, windows=WINDOWS)))

    assert "example.com" not in text
    assert "at-of-ann" not in text
    assert ACCOUNT.chatgpt_account_id not in text


def test_when_a_counter_was_made_is_left_out() -> None:
    registry = CollectorRegistry()
    Counter("things", "Things.", registry=registry).inc()
    text = generate_latest(Page(registry, ())).decode()

    assert "things_total 1.0" in text
    assert "_created" not in text
