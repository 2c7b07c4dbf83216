"""What is said of a flow in a line: how its exchange ended goes in, a comment and a marker come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from addons.exchange import Exchange
from addons.wire.failures import Break
from codexlb_store.accounts import Account
from codexlb_store.ledger import AttemptRow, Closing, Outcome, Tokens

ID_CHARACTERS = 12
"""As much of an exchange's id as people are shown; filters and reports find it by that."""

FAILED_ATTEMPT = ":orange_circle:"
"""mitmproxy's names of emoji, the same in 11 and 12."""

ENDS = {
    Break.CONNECT: "The connection could not be opened",
    Break.TRANSPORT: "The upstream broke off, or its answer was none.",
    Break.TIMEOUT: "The upstream was silent for too long.",
    Break.STATUS: "",
    Break.STREAM: "The stream ended before its first output.",
    Break.CREDENTIAL: "Nothing was sent: there is no credential",
}
"""How an attempt ended that has no answer; mitmproxy's own words may quote the upstream's bytes."""


def marker_of(outcome: Outcome) -> str:
    """The emoji that stands beside a flow."""
    match outcome:
        case Outcome.COMPLETED:
            return ":green_circle:"
        case Outcome.INCOMPLETE:
            return ":yellow_circle:"
        case Outcome.FAILED:
            return ":red_circle:"
        case Outcome.CANCELLED:
            return ":white_circle:"
        case Outcome.REFUSED:
            return ":purple_circle:"
        case Outcome.LOST:
            return ":black_circle:"


def name_of(account_id: str | None, accounts: Mapping[str, Account]) -> str:
    """What people call the account; its id when it is not there any more."""
    account = accounts.get(account_id or "")
    return account.name if account else account_id or "no account"


def comment_of(exchange: Exchange, accounts: Mapping[str, Account]) -> str:
    """How an exchange ended: account, outcome, tokens, cost, and what else is out of the ordinary."""
    return " · ".join(_parts(exchange, accounts))


def _parts(exchange: Exchange, accounts: Mapping[str, Account]) -> Iterator[str]:
    result, closing = exchange.result, exchange.closing
    if exchange.lease:
        yield name_of(exchange.lease.account_id, accounts)
    if result:
        yield f"{result.outcome}: {result.error}" if result.error else result.outcome.value
    if closing:
        yield from tokens_in_words(closing.tokens)
        yield from _cost(closing)
    if exchange.client and exchange.client.key:
        yield f"key {exchange.client.key.name}"
    if failed := len(exchange.attempts):
        attempts = "attempt" if failed == 1 else "attempts"
        yield f"after {failed} failed {attempts} ({exchange.id[:ID_CHARACTERS]})"


def tokens_in_words(tokens: Tokens) -> Iterator[str]:
    """What the upstream counted; nothing where it did not."""
    if tokens.input is not None:
        yield f"{tokens.input:,} in" + (f" ({tokens.cached:,} cached)" if tokens.cached else "")
    if tokens.output is not None:
        yield f"{tokens.output:,} out"


def _cost(closing: Closing) -> Iterator[str]:
    if closing.cost_usd is not None:
        yield f"${closing.cost_usd:.4f}"
    elif estimate := closing.estimate:
        cost = "" if estimate.cost_usd is None else f", ${estimate.cost_usd:.4f}"
        yield f"about {estimate.input_tokens:,} in, {estimate.output_tokens:,} out{cost} (estimated)"


def comment_of_attempt(exchange: Exchange, row: AttemptRow, accounts: Mapping[str, Account]) -> str:
    """Which attempt of which exchange this was, and what was wrong with it."""
    what = " ".join(str(part) for part in (row.status, row.failure) if part is not None)
    where = name_of(row.account_id, accounts)
    return f"attempt {row.number} of {exchange.id[:ID_CHARACTERS]}: {what} on {where}"


def error_of_attempt(how: Break, message: str, problem: str | None) -> str:
    """Why an attempt has no answer, in one sentence; empty when it has one."""
    match how:
        case Break.CONNECT:
            return f"{ENDS[how]}: {message}" if message else f"{ENDS[how]}."
        case Break.CREDENTIAL:
            return f"{ENDS[how]} ({problem or 'unknown'})."
        case _:
            return ENDS[how]
