"""Why a request went where it did, as text: its exchange, its choices and the accounts in, lines out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from addons.exchange import Exchange
from addons.flows.texts import ID_CHARACTERS, comment_of, name_of
from codexlb_store.accounts import Account
from codexlb_store.choices import ChoiceRow, Considered
from codexlb_store.ledger import AttemptRow

NOTHING_KEPT = "How its account was chosen is not written down yet, or not any more."

Accounts = Mapping[str, Account]


def explained(exchange_id: str, exchange: Exchange | None, choices: Sequence[ChoiceRow], accounts: Accounts) -> str:
    """What is known of an exchange; one that is not in memory any more has its choices alone."""
    lines = [*_head(exchange_id, exchange, accounts)]
    for choice in choices:
        lines += _choice(choice, accounts)
    if not choices:
        lines.append(NOTHING_KEPT)
    if exchange:
        lines += _attempts(exchange, accounts)
    return "\n".join(lines)


def _head(exchange_id: str, exchange: Exchange | None, accounts: Accounts) -> Iterator[str]:
    if exchange is None:
        yield exchange_id[:ID_CHARACTERS]
        return
    ask = exchange.ask
    asked = [text for text in (ask.kind, ask.model, ask.effort, ask.tier) if text] if ask else []
    yield " · ".join([exchange_id[:ID_CHARACTERS], *(asked or [exchange.route.value])])
    yield comment_of(exchange, accounts) or "It runs."


def _choice(choice: ChoiceRow, accounts: Accounts) -> Iterator[str]:
    chosen = name_of(choice.account_id, accounts)
    yield f"Choice {choice.number}: {chosen} ({choice.reason})"
    for one in choice.candidates:
        yield f"  {'>' if one.account_id == choice.account_id else ' '} {_considered(one, accounts)}"


def _considered(one: Considered, accounts: Accounts) -> str:
    name = name_of(one.account_id, accounts)
    if one.excluded:
        return f"{name}: not considered, {one.excluded.replace('_', ' ')}"
    terms = ", ".join(f"{term.replace('_', ' ')} {_number(value)}" for term, value in one.terms.items())
    weight = "" if one.weight is None else f"weight {_number(one.weight)}"
    return f"{name}: {weight or 'considered'}" + (f" ({terms})" if terms else "")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _attempts(exchange: Exchange, accounts: Accounts) -> Iterator[str]:
    rows: Sequence[AttemptRow] = exchange.closing.attempts if exchange.closing else exchange.attempts
    for row in rows:
        what = " ".join(str(part) for part in (row.status, row.failure) if part is not None) or "no answer"
        yield f"Attempt {row.number}: {name_of(row.account_id, accounts)}, {what}, {row.milliseconds:.0f} ms"
