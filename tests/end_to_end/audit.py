"""What a crowd was answered, held against the ledger and the upstream's own books; a difference is an assertion."""

from __future__ import annotations

from collections import Counter

from addons.wire.failures import Break
from codexlb_store.exchanges import ExchangeRow
from codexlb_store.ledger import Outcome
from tests.end_to_end.crowd import Said
from tests.end_to_end.stage import Stage

NO_ANSWER = {str(how) for how in (Break.CONNECT, Break.TRANSPORT, Break.TIMEOUT)}
"""What the ledger calls an attempt that could not reach the upstream."""


def check_answer(said: Said, row: ExchangeRow) -> None:
    """A whole answer, each event once and in order."""
    events = said.events
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    kinds = Counter(event["type"] for event in events)
    assert (kinds["response.created"], kinds["response.completed"]) == (1, 1)
    assert events[-1]["type"] == "response.completed"
    text = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    assert [event["text"] for event in events if event["type"] == "response.output_text.done"] == [text]
    assert len({event["response"]["id"] for event in events if "response" in event}) == 1
    assert (row.outcome, row.response_id) == (Outcome.COMPLETED, events[-1]["response"]["id"])
    assert row.attempts[-1].failure is None


def check_error(said: Said, row: ExchangeRow) -> None:
    """A final answer that says what happened: nobody could reach the upstream, or every account was tried."""
    tried = {attempt.account_id for attempt in row.attempts}
    unreachable = {attempt.account_id for attempt in row.attempts if attempt.failure in NO_ANSWER}
    seen = (said.status, said.error, row)
    assert (row.outcome, row.error) == (Outcome.FAILED, said.error["code"]), seen
    assert said.error["message"], seen
    assert all(attempt.failure for attempt in row.attempts), seen
    match said.error["code"]:
        case "upstream_unreachable":
            assert said.status == 502, seen
            assert len(unreachable) == 2 or len(tried) == 4, seen
        case "busy":
            assert int(said.headers["retry-after"]) >= 1, seen
        case _:
            assert (said.status, len(tried)) == (503, 4), seen


def check_books(setting: Stage, rows: list[ExchangeRow]) -> None:
    """The ledger has what the upstream has in its books, account by account."""
    known = {name: account_id for account_id, name in setting.names.items()}
    for name, books in setting.simulator.books().items():
        completed = [row for row in rows if row.outcome is Outcome.COMPLETED and row.account_id == known[name]]
        used = [(row.tokens.input, row.tokens.cached, row.tokens.output, row.tokens.reasoning) for row in completed]
        usage = books.usage
        total = (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.reasoning_tokens)
        assert len(completed) == books.completed
        assert tuple(sum(count or 0 for count in counts) for counts in zip(*used, strict=True)) == total
