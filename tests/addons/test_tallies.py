"""What is counted of a closed row, and that no text from elsewhere makes labels without end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prometheus_client import generate_latest

from addons.tallies import MOST_NAMES, Names, Tallies
from codexlb_store.ledger import UNKNOWN, AttemptRow, Closing, Outcome, Tokens

SERVED = AttemptRow(1, "a", None, 200, "req_1", 1.0, 900.0, Tokens(100, 40, 20, 5), 0.5)
CLOSING = Closing(
    id="x", ended_at=2.0, outcome=Outcome.COMPLETED, status=200, account_id="a", model="gpt-5.5", tier=None,
    tokens=SERVED.tokens, cost_usd=0.5, first_token_ms=300.0, total_ms=900.0, response_id="r", error=None,
    attempts=(SERVED,),
)  # fmt: skip


def counted(*closings: Closing, kind: str = "turn", asked: str | None = "gpt-5.5") -> dict[str, float]:
    """Every sample that is not 0, but for those of the process and how histograms are cut."""
    tallies = Tallies()
    for closing in closings:
        tallies.count(kind, asked, closing)
    lines = [line for line in generate_latest(tallies.registry).decode().splitlines() if line.startswith("codexlb_")]
    pairs = [line.rpartition(" ") for line in lines if "_bucket" not in line and "_created" not in line]
    return {name: float(value) for name, _, value in pairs if float(value)}


def test_a_request_that_was_served_at_the_first_try() -> None:
    assert counted(CLOSING, CLOSING) == {
        'codexlb_requests_total{kind="turn",outcome="completed"}': 2,
        'codexlb_attempts_total{account="a",failure="none"}': 2,
        'codexlb_tokens_total{account="a",model="gpt-5.5",type="input"}': 200,
        'codexlb_tokens_total{account="a",model="gpt-5.5",type="cached"}': 80,
        'codexlb_tokens_total{account="a",model="gpt-5.5",type="output"}': 40,
        'codexlb_tokens_total{account="a",model="gpt-5.5",type="reasoning"}': 10,
        'codexlb_cost_usd_total{account="a",model="gpt-5.5"}': 1.0,
        'codexlb_first_token_seconds_count{kind="turn"}': 2,
        'codexlb_first_token_seconds_sum{kind="turn"}': 0.6,
        'codexlb_duration_seconds_count{kind="turn"}': 2,
        'codexlb_duration_seconds_sum{kind="turn"}': 1.8,
    }


def test_what_a_failed_attempt_used_counts_for_its_own_account() -> None:
    failed = replace(SERVED, account_id="b", failure="overloaded", tokens=Tokens(7, None, None, None), cost_usd=None)
    found = counted(replace(CLOSING, attempts=(failed, replace(SERVED, number=2))))

    assert found['codexlb_attempts_total{account="b",failure="overloaded"}'] == 1
    assert found['codexlb_tokens_total{account="b",model="gpt-5.5",type="input"}'] == 7
    assert found['codexlb_tokens_total{account="a",model="gpt-5.5",type="input"}'] == 100


@pytest.mark.parametrize("outcome", Outcome)
def test_a_request_that_used_nothing_known_names_no_model(outcome: Outcome) -> None:
    nothing = replace(
        CLOSING, outcome=outcome, tokens=UNKNOWN, cost_usd=None, first_token_ms=None, attempts=(), account_id=None
    )

    assert counted(nothing, asked="anything that a client makes up") == {
        f'codexlb_requests_total{{kind="turn",outcome="{outcome}"}}': 1,
        'codexlb_duration_seconds_count{kind="turn"}': 1,
        'codexlb_duration_seconds_sum{kind="turn"}': 0.9,
    }


def test_unknown_tokens_are_not_counted_as_none() -> None:
    part = Tokens(100, None, 20, None)
    found = counted(replace(CLOSING, attempts=(replace(SERVED, tokens=part, cost_usd=None),)))

    assert [name for name in found if "cached" in name or "reasoning" in name or "cost" in name] == []


def test_there_are_so_many_models_at_most() -> None:
    found = counted(*[replace(CLOSING, model=f"m-{number}") for number in range(3 * MOST_NAMES)])
    inputs = {name: value for name, value in found.items() if 'type="input"' in name}

    assert len(inputs) == MOST_NAMES + 1
    assert inputs['codexlb_tokens_total{account="a",model="other",type="input"}'] == 100 * 2 * MOST_NAMES


def test_there_are_so_many_failures_at_most() -> None:
    tallies = Tallies()
    for number in range(3 * MOST_NAMES):
        tallies.count_attempt(replace(SERVED, failure=f"code_{number}"))
    text = generate_latest(tallies.registry).decode()

    assert text.count("codexlb_attempts_total{") == MOST_NAMES + 1
    assert f'codexlb_attempts_total{{account="a",failure="other"}} {2.0 * MOST_NAMES}' in text


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("gpt-5.5", "gpt-5.5"),
        ("openai/gpt-5:beta", "openai/gpt-5:beta"),
        ('a"b\nc{d}', "a_b_c_d_"),
        ("modèle", "mod_le"),
        ("x" * 500, "x" * 64),
        (None, "none"),
    ],
)
def test_labels_are_plain_and_short(text: str | None, label: str) -> None:
    assert Names().label(text) == label
