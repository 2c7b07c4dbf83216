"""What a person can ask and decide while looking at flows: why this account; this account shall rest."""

from __future__ import annotations

import queue
import shlex
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from mitmproxy import command
from mitmproxy import flow as flows
from mitmproxy.exceptions import CommandError

from addons.flows.explainer import Explainer
from addons.shared import Shared
from codexlb_store.accounts import OUT_OF_ORDER, Account, AccountStatus, set_state
from codexlb_store.names import AccountNameError, find_account

MOST_EXPLAINED = 20
"""Flows in one answer: with `@all` nobody reads more."""

RESTS = frozenset({AccountStatus.PAUSED, AccountStatus.DRAINING})


def paused(account: Account) -> Account:
    """The account as it serves nobody; what is wrong with its login stays true."""
    reason = None if account.state is AccountStatus.DEACTIVATED else account.state_reason
    return replace(account, state=AccountStatus.PAUSED, state_reason=reason)


def resumed(account: Account) -> Account:
    """The account as it serves again; raises CommandError for one that no decision of ours brings back."""
    if account.state in OUT_OF_ORDER:
        name, reason = shlex.quote(account.name), account.state_reason or "no reason is known"
        helps = "login --account" if account.state is AccountStatus.NEEDS_LOGIN else "check"
        state = account.state.replace("_", " ")
        raise CommandError(
            f"{account.name} is out of order: {state} ({reason}); run `codexlb accounts {helps} {name}`."
        )
    return replace(account, state=AccountStatus.ACTIVE)


class FlowCommands:
    """The commands that begin with `codexlb.`."""

    def __init__(self, shared: Shared, explainer: Explainer) -> None:
        self.shared = shared
        self.explainer = explainer

    @command.command("codexlb.explain")  # type: ignore[untyped-decorator]
    def explain(self, chosen: Sequence[flows.Flow]) -> str:
        """Say which account a request went to and why, who else was considered, and which attempts failed."""
        ids = list(dict.fromkeys(filter(None, map(self.explainer.id_of, chosen))))
        if not ids:
            raise CommandError("Nothing to explain: none of these went to an account.")
        texts = [self.explainer.explain(exchange_id) for exchange_id in ids[:MOST_EXPLAINED]]
        if len(ids) > len(texts):
            texts.append(f"[{len(ids) - len(texts)} more]")
        return "\n\n".join(texts)

    @command.command("codexlb.account.pause")  # type: ignore[untyped-decorator]
    def pause(self, name: str) -> str:
        """Let an account serve nobody until it is resumed; requests under way go on to their end."""
        account = self.account(name)
        self.decide(paused(account))
        return f"Paused {account.name}."

    @command.command("codexlb.account.resume")  # type: ignore[untyped-decorator]
    def resume(self, name: str) -> str:
        """Let a paused or draining account serve again."""
        account = self.account(name)
        self.decide(resumed(account))
        return f"Resumed {account.name}." if account.state in RESTS else f"{account.name} was not paused."

    def account(self, name: str) -> Account:
        """The account of this name; raises CommandError."""
        try:
            return find_account(list(self.shared.pool.accounts.values()), name)
        except AccountNameError as error:
            raise CommandError(str(error)) from error

    def decide(self, account: Account) -> None:
        """From now on in this process, and in the store for all others."""
        change = partial(set_state, account_id=account.id, state=account.state, reason=account.state_reason)
        try:
            self.shared.writer.put(change)
        except queue.Full as error:
            raise CommandError("The database cannot be written now: try again in a moment.") from error
        self.shared.pool.note_account(account)
        self.shared.pool.changed()
