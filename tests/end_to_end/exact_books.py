"""The upstream's own books against the ledger, request by request and attempt by attempt, to the token.

What a request's calls met in the simulator says what its row must hold; a difference is an assertion.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass

from codexlb_store.exchanges import ExchangeRow
from codexlb_store.ledger import UNKNOWN, AttemptRow, Outcome, Tokens
from scripts.simulator.account import Books as SimulatedBooks
from scripts.simulator.faults import Act, Fault, Moment
from scripts.simulator.journal import Ending, Entry
from tests.end_to_end.exact_crowd import Killed, Seen
from tests.end_to_end.exact_plan import Leaves, Planned

NOTICED_SECONDS = 2.0
"""A busy proxy notices that a client has left a moment after it did."""


MOST_BEHIND_SECONDS = 5.0
"""A writer beside an event loop that is never idle is some tenths of a second behind."""

FIGURES = (
    "requests", "attempts", "failovers", "counted", "estimated",
    "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens",
)  # fmt: skip
"""What a report says and the simulator knows."""

Group = tuple[str | None, ...]
Figures = dict[str, int]


@dataclass(frozen=True, slots=True)
class Books:
    """What everybody wrote down: the simulator its calls, the clients what they saw, the proxies their rows."""

    planned: Mapping[str, Planned]
    seen: Mapping[str, Seen]
    calls: Mapping[str, Sequence[Entry]]
    rows: Mapping[str, ExchangeRow]
    names: Mapping[str, str]
    """The simulator's name of each account id."""


def collected(
    seen: Iterable[Seen], calls: Iterable[Entry], rows: Iterable[ExchangeRow], names: Mapping[str, str]
) -> Books:
    """Everything by the name of its request; whatever has two rows, or was planned by nobody, is an assertion."""
    by_name = {one.request.name: one for one in seen}
    of_name: defaultdict[str, list[Entry]] = defaultdict(list)
    for call in calls:
        of_name[call.header("user-agent") or ""].append(call)
    found = list(rows)
    twice = [name for name, count in Counter(row.client for row in found).items() if count > 1]
    assert not twice, f"requests with more than one row: {twice}"
    strange = ({row.client for row in found} | of_name.keys()) - by_name.keys()
    assert not strange, f"rows or calls of requests that nobody made: {strange}"
    planned = {name: one.request for name, one in by_name.items()}
    return Books(planned, by_name, dict(of_name), {row.client or "": row for row in found}, names)


def failure_of(fault: Fault) -> str | None:
    """What the ledger calls what a call met; None is a call that served, or that its client left."""
    if fault.status is not None:
        return str(fault.body["error"]["code"])
    match fault.act, fault.at:
        case Act.FAILED, _:
            return str(fault.error["code"])
        case Act.RESET, Moment.REQUEST:
            return "transport"
        case ((Act.CLOSE | Act.GARBAGE), Moment.CREATED):
            return "stream"
        case ((Act.CLOSE | Act.GARBAGE), Moment.OUTPUT):
            return "stream_cut"
    return None


def told(call: Entry) -> Tokens:
    """What the upstream reported of a call."""
    usage = call.usage
    if usage is None:
        return UNKNOWN
    return Tokens(usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.reasoning_tokens)


def added(used: Iterable[Tokens]) -> Tokens:
    """What is known of them, added up."""
    known = [one for one in used if one != UNKNOWN]
    if not known:
        return UNKNOWN
    return Tokens(
        sum(one.input or 0 for one in known),
        sum(one.cached or 0 for one in known),
        sum(one.output or 0 for one in known),
        sum(one.reasoning or 0 for one in known),
    )


def check_attempt(attempt: AttemptRow, call: Entry, names: Mapping[str, str]) -> None:
    """An attempt is the very call that the simulator had."""
    seen = (attempt, call.number, call.account, call.fault)
    assert names[attempt.account_id or ""] == call.account, seen
    assert attempt.failure == failure_of(call.fault), seen
    assert attempt.tokens == told(call), seen
    # A head that came as its client left is known to one side only.
    assert attempt.status == call.status or (attempt.status is None and call.ending is Ending.LEFT), seen
    if attempt.upstream_request_id is not None:
        assert attempt.upstream_request_id == f"req_{call.number:08}", seen
    assert call.at >= attempt.started_at - 0.001, seen


def check_row(books: Books, name: str) -> None:
    """A row that is closed says what happened, all of it and nothing else."""
    request, row, calls = books.planned[name], books.rows[name], books.calls.get(name, ())
    seen = (name, row, [(call.number, call.account, call.fault) for call in calls])
    assert row.outcome is request.kind.outcome, seen
    assert len(row.attempts) == len(calls), seen
    for attempt, call in zip(row.attempts, calls, strict=True):
        check_attempt(attempt, call, books.names)
    assert row.tokens == added(map(told, calls)), seen
    assert (row.estimate is not None) == request.kind.is_estimated, seen
    if calls:
        assert (row.model, row.session, row.thread) == (request.model, request.session, name), seen
        assert books.names[row.account_id or ""] == calls[-1].account, seen
    if row.outcome in (Outcome.COMPLETED, Outcome.INCOMPLETE):
        assert row.response_id == calls[-1].response_id, seen
    status = books.seen[name].status
    assert status in (None, row.status), seen


def check_lost(row: ExchangeRow) -> None:
    """Of a request that was in flight at a kill only that is known."""
    assert (row.outcome, row.tokens, row.estimate, row.attempts) == (Outcome.LOST, UNKNOWN, None, ()), row
    assert row.error, row


def written_until(rows: Iterable[ExchangeRow]) -> float:
    """The moment up to which a killed proxy wrote everything: it writes in order, so nothing older is missing."""
    opened = [row.opened_at for row in rows]
    closed = [row.ended_at or 0.0 for row in rows if row.outcome is not Outcome.LOST]
    return max(opened + closed)


def check_killed(books: Books, killed: Killed) -> tuple[list[str], list[str]]:
    """Whose row is lost, and who has none: each was in flight, or over after the last row that was written. Those
    without a row had not reached the upstream before that."""
    rows = {name: books.rows[name] for name in killed.names if name in books.rows}
    until = written_until(rows.values())
    lost = [name for name, row in rows.items() if row.outcome is Outcome.LOST]
    missing = [name for name in killed.names if name not in rows]
    for name in lost:
        check_lost(rows[name])
    for name in (*lost, *missing):
        seen, has_left = books.seen[name], books.planned[name].kind.leaves is not Leaves.NEVER
        over_at = seen.ended_at + (NOTICED_SECONDS if has_left else 0.0)
        assert seen.is_broken or over_at >= until, f"{name} was over {until - over_at:.3f} s before the last row"
    for name in missing:
        early = [call for call in books.calls.get(name, ()) if call.at < until]
        assert not early, f"{name} was called before the last row was written, and has none"
    assert killed.at - until < MOST_BEHIND_SECONDS, "the writer had not written for a long while"
    called = [name for name in missing if books.calls.get(name)]
    words = f"{len(lost)} lost, {len(missing)} without a row, {len(called)} of them sent upstream"
    print(f"\nkilled {1000 * (killed.at - until):.0f} ms after the last row: {words}", end="")
    return lost, missing


def check_accounts(books: Books, gone: Collection[str], simulated: Mapping[str, SimulatedBooks]) -> None:
    """What the simulator booked on each account is what the attempts there used, and what was `gone` in a kill."""
    used: defaultdict[str, list[Tokens]] = defaultdict(list)
    for row in books.rows.values():
        for attempt in row.attempts:
            used[books.names[attempt.account_id or ""]].append(attempt.tokens)
    for name in gone:
        for call in books.calls.get(name, ()):
            used[call.account or ""].append(told(call))
    for name, booked in simulated.items():
        found = added(used[name])
        usage = booked.usage
        assert found == Tokens(usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.reasoning_tokens)


def expected(books: Books, gone: Collection[str], group_of: Callable[[ExchangeRow], Group]) -> dict[Group, Figures]:
    """What a report must say of each group, by the simulator's books."""
    sums: defaultdict[Group, Counter[str]] = defaultdict(Counter)
    for name, row in books.rows.items():
        calls = () if name in gone else books.calls.get(name, ())
        used = added(map(told, calls))
        is_estimated = name not in gone and books.planned[name].kind.is_estimated
        figures = (1, len(calls), len(calls) > 1, used != UNKNOWN, is_estimated, *astuple(used))
        sums[group_of(row)].update(dict(zip(FIGURES, (int(figure or 0) for figure in figures), strict=True)))
    return {group: {name: figures[name] for name in FIGURES} for group, figures in sums.items()}
