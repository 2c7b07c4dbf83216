"""The small words of reports: spans of time, paces, coverage, terms, and what is made harmless."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from codexlb_store.anomalies import Anomalies, CacheLosses
from codexlb_store.forecast import Pace, PaceState
from codexlb_store.ledger import AttemptRow, CacheLoss
from codexlb_store.phrases import reason_words
from codexlb_store.pricing import PriceSource, load_prices
from codexlb_store.reconciliation import Range, Reconciliation
from codexlb_store.usage import Dimension, Sums
from codexlb_store.verify import Gaps, Mismatch, OnlySums, Verification
from scripts.report.anomaly_lines import anomaly_lines, coverage, estimates
from scripts.report.explained import term
from scripts.report.labels import Labels
from scripts.report.overview_page import cost_note
from scripts.report.pace_words import end_words, pace_words
from scripts.report.plain import csv_text, harmless, markdown_text
from scripts.report.printable import LONGEST, printable
from scripts.report.proof import proof_page, proof_record
from scripts.report.requests_table import attempt_words
from scripts.report.span import Span, parse_until, parse_zone, span_words
from tests.scripts.snapshots import printed

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime.datetime(2026, 11, 22, 18, 20, tzinfo=BERLIN).timestamp()
NOTHING_ODD = Anomalies(0, 0, 0, 0, 0, 0, 0, (), ())


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-20", "2026-11-21T00:00+01:00"),
        (" 2026-10-25 ", "2026-10-26T00:00+01:00"),
        ("2026-11-20T00:00", "2026-11-20T00:00+01:00"),
        ("2026-11-20T10:00Z", "2026-11-20T10:00+00:00"),
        ("24h", "2026-11-21T18:20+01:00"),
        ("9999-12-30", "9999-12-31T00:00+01:00"),
    ],
    ids=["all of that day", "a day of 25 hours", "a time", "a time of its own zone", "a length", "the last day"],
)
def test_an_end_is_before_a_time_or_after_a_day(text: str, meant: str) -> None:
    assert parse_until(text, NOW, BERLIN) == datetime.datetime.fromisoformat(meant).timestamp()


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-02-30"])
def test_an_end_that_is_none_is_answered_with_what_can_be_written(text: str) -> None:
    with pytest.raises(ValueError, match="is no time that can be read"):
        parse_until(text, NOW, BERLIN)


@pytest.mark.parametrize("name", ["", "Berlin", "../etc/passwd", "Europe/", "/etc/localtime", "a" * 300])
def test_a_zone_that_is_none_is_answered_with_one_that_is(name: str) -> None:
    with pytest.raises(ValueError, match="write one such as Europe/Berlin or UTC"):
        parse_zone(name)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Span(), "All there is"),
        (Span(since=NOW - 3600), "Since 17:20"),
        (Span(until=NOW - 86_400), "Until Sat 18:20"),
        (Span(NOW - 90 * 86_400, NOW - 86_400), "Since 24 Aug 19:20 until Sat 18:20"),
    ],
)
def test_a_span_says_from_when_to_when(span: Span, words: str) -> None:
    assert span_words(span, NOW, BERLIN) == words


def pace(state: PaceState, ahead: float | None = None, out: float | None = None, lasts: bool | None = None) -> Pace:
    return Pace(50.0, ahead, state, out, lasts, 60.0)


@pytest.mark.parametrize(
    ("found", "used", "words", "end"),
    [
        (pace(PaceState.ON_TRACK, 2.0, lasts=True), 52, "on track", "lasts"),
        (pace(PaceState.AHEAD, 12.4, NOW + 3600), 62, "ahead 12%", "19:20"),
        (pace(PaceState.AHEAD, 50.0, NOW), 100, "ahead 50%", "used up"),
        (pace(PaceState.BEHIND, -30.0, lasts=True), 20, "behind 30%", "lasts"),
        (pace(PaceState.NOT_STARTED), 0, "not started", ""),
        (pace(PaceState.UNKNOWN), 40, "n/a", ""),
    ],
)
def test_a_pace_in_words(found: Pace, used: float, words: str, end: str) -> None:
    assert pace_words(found).plain == words
    assert end_words(found, used, NOW, BERLIN).plain == end


@pytest.mark.parametrize(
    ("total", "found", "words"),
    [
        (Sums(1, counted=1), None, "1 request, all counted"),
        (Sums(1204, counted=1192, estimated=9), Anomalies(1204, 0, 0, 0, 2, 9, 3, ("gpt-9",), ()),
         "1,204 requests, 9 estimated, 2 lost, 1 without any figures, 3 without a price: gpt-9"),
        (Sums(3, counted=1, running=2), NOTHING_ODD, "3 requests, 2 still running"),
        (Sums(9, counted=9), Anomalies(9, 0, 0, 0, 0, 0, 9, tuple("abcdefg"), ()),
         "9 requests, 9 without a price: a, b, c, d, e, 2 more"),
        (Sums(1, counted=1), Anomalies(1, 0, 0, 0, 0, 0, 1, (), ()),
         "1 request, 1 without a price: requests without a model"),
    ],
)  # fmt: skip
def test_coverage_says_of_how_many_requests_the_figures_are(total: Sums, found: Anomalies | None, words: str) -> None:
    assert coverage(total, found) == words


def test_only_what_happened_is_told_of() -> None:
    losses = (CacheLosses(CacheLoss.UPSTREAM_MISS, 2, 1_200_000), CacheLosses(CacheLoss.IDLE, 1, 0))

    assert anomaly_lines(NOTHING_ODD) == []
    assert anomaly_lines(Anomalies(9, 0, 0, 3, 0, 0, 0, (), losses)) == [
        ("1.20M", "warm tokens lost: 1.20M upstream miss")
    ]


def test_estimates_are_told_apart() -> None:
    assert estimates(Sums(3)) is None
    assert estimates(Sums(3, estimated=1, estimated_input_tokens=20_000, estimated_output_tokens=300)) == (
        "Estimated, and in no figure above: 20.0k input, 300 output tokens, n/a"
    )


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("warm home", "it has the session's prompt cache, still warm"),
        ("capacity_weighted", "chosen by capacity weighted"),
        ("reset_drain, waited", "chosen by reset drain, after a wait"),
        ("nobody can serve, waited", "nobody could serve, after a wait"),
    ],
)
def test_a_reason_in_words(reason: str, words: str) -> None:
    assert reason_words(reason) == words


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("long_used_percent", 47.6, "long used 47%"),
        ("long_reset_seconds", 273_600.0, "long reset 3 d 4 h"),
        ("in_flight", 3.0, "in flight 3"),
        ("pace", 0.52631, "pace 0.526"),
    ],
)
def test_a_term_has_its_unit(name: str, value: float, words: str) -> None:
    assert term(name, value) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gpt-5.5 ✓ Größe 模型", "gpt-5.5 ✓ Größe 模型"),
        ("a\x1b[2J\nb\x07\u202ec\u200bd\x9b", "a\ufffd[2J\ufffdb\ufffd\ufffdc\ufffdd\ufffd"),
        ("x" * LONGEST, "x" * LONGEST),
        ("x" * (LONGEST + 1), "x" * (LONGEST - 1) + "…"),
    ],
    ids=["words", "what steers a terminal", "long", "too long"],
)
def test_words_of_clients_are_made_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_an_upstreams_word_for_a_failure_is_made_printable() -> None:
    attempt = AttemptRow(1, "a1", "over\x1b[2Jloaded_now", 529, None, 0.0, 1.0)

    assert attempt_words(attempt, Labels()).plain == "a1: over\ufffd[2Jloaded now 529"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"


def test_csv_quotes_what_needs_it_and_leaves_figures_alone() -> None:
    assert csv_text(["a", "b"], [['say "hi", all', -1.5], ["two\nlines", None]]) == (
        'a,b\r\n"say ""hi"", all",-1.5\r\n"two\nlines",\r\n'
    )


def test_markdown_has_no_marks_but_its_own() -> None:
    assert markdown_text(["a", "b"], [["x|y *z* <b> `c`\n[l](u)", "1"]], 1) == (
        "| a | b |\n| --- | ---: |\n| x\\|y \\*z\\* \\<b> \\`c\\` \\[l\\](u) | 1 |\n"
    )


def test_the_cost_note_names_both_price_lists() -> None:
    prices = load_prices()
    own = PriceSource("mine", datetime.date(2026, 1, 31))

    assert cost_note(prices).endswith(f"by its prices of {prices.as_of}.")
    assert cost_note(replace(prices, own=own)).endswith(f"by its prices of {prices.as_of} and your own of 2026-01-31.")


def test_a_proof_shows_all_it_knows_and_not_too_much() -> None:
    gaps = Gaps(0, 2, {"lost": 1}, {None: 3}, 1, 1, OnlySums("2025-01-01", "2025-02-01", 900))
    wrong = tuple(Mismatch(f"day {number}", "input_tokens", None, 1.0, 2.5) for number in range(52))
    estimates = {
        ("a1", 300): Reconciliation(2, 0.5, Range(0.1, 0.2), Range(0.4, 0.61)),
        ("a1", 10_080): Reconciliation(2, 0.5, None, None),
    }
    found = Verification(10, 1, wrong, gaps, estimates)

    text = printed(proof_page(found, Labels({Dimension.ACCOUNT: {"a1": "ann"}})), 100)

    assert text.startswith("The ledger does not add up: 52 of its figures differ.")
    assert "… and 2 more" in text
    assert "1  have tokens but no attempt that used them" in text
    assert "3  without a price: no model" in text
    assert "900  of 2025-01-01 to 2025-02-01 have their sums only" in text
    assert [line.split() for line in text.splitlines()[-2:]] == [
        ["ann", "5", "h", "2", "$0.50", "$0.40", "to", "$0.61"],
        ["ann", "week", "2", "$0.50", "cannot", "tell"],
    ]
    record = proof_record(found)
    assert (record["holds"], len(record["mismatches"])) == (False, 52)
    assert record["estimates"][1] == {
        "account": "a1", "minutes": 10_080, "estimates": 2, "estimated_usd": 0.5, "usd_per_percent": None,
        "implied_usd": None,
    }  # fmt: skip
    assert json.loads(json.dumps(record))["gaps"]["unpriced"] == [{"model": None, "requests": 3}]


def test_a_use_without_an_attempt_is_a_mismatch() -> None:
    found = Verification(10, 1, (), Gaps(0, 0, {}, {}, 2, 1, None), {})

    assert printed(proof_page(found, Labels()), 100).startswith("The ledger does not add up: 3 of its figures differ.")
