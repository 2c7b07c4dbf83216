"""One turn of the real Codex CLI while an account fails in one of the ways there are: a scene in, what was seen out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from codexlb_store.accounts import AccountStatus
from codexlb_store.ledger import Outcome
from scripts.simulator.account import AccountChange, Condition, WindowChange
from scripts.simulator.faults import Act, Fault
from scripts.simulator.journal import Entry
from tests.addons.test_failover import FAILURES
from tests.end_to_end.codex_cli import Turn
from tests.end_to_end.relay import Exchange
from tests.end_to_end.stage import stage

Tried = tuple[str | None, str | None]
"""An account's name, and what it failed of."""

FULL = WindowChange(minutes=300, used_percent=100.0, resets_in_seconds=7200)


@dataclass(frozen=True, slots=True)
class Scene:
    """What happens to account A, what the ledger then says of A's attempts, and how A stands as the next one begins."""

    failures: tuple[str, ...]
    status: str
    faults: tuple[Fault, ...] = ()
    change: AccountChange | None = None
    settings: tuple[str, ...] = ()
    served_by_a: bool = False


SCENES = {
    # the very table of the test inside one process, with the real client and real processes
    **{
        name: Scene(tuple(failures), status, (Fault(times=times, **fault),), served_by_a=name == "500 once")
        for name, (fault, times, failures, status) in FAILURES.items()
    },
    # what the account itself went through
    "window full": Scene(("usage_limit_reached",), "limited", change=AccountChange(windows=(FULL,))),
    "account deactivated": Scene(
        ("account_deactivated",), "deactivated", change=AccountChange(condition=Condition.DEACTIVATED)
    ),
    "workspace deactivated": Scene(
        ("deactivated_workspace",), "deactivated", change=AccountChange(condition=Condition.WORKSPACE_DEACTIVATED)
    ),
    "token revoked": Scene(
        ("token_invalidated",), "active", change=AccountChange(access_tokens="revoked"), served_by_a=True
    ),
    "token and refresh token revoked": Scene(
        ("token_invalidated", "refresh_token_invalidated"),
        "needs_login",
        change=AccountChange(access_tokens="revoked", refresh_tokens="revoked"),
    ),
    # nothing at all
    "silence before the head": Scene(
        ("timeout",), "active", (Fault(act=Act.SILENCE),), settings=("codexlb_head_timeout_seconds=1",)
    ),
}


@dataclass(frozen=True, slots=True)
class Played:
    """What everybody saw of one turn: accounts by name, A's status as the last attempt began."""

    a: str
    b: str
    turn: Turn
    sent: list[Exchange]
    calls: list[Entry]
    attempts: list[list[Tried]]
    outcomes: list[Outcome | None]
    status: AccountStatus


def at(account: str, *faults: Fault) -> list[Fault]:
    """The same trouble for the turns of one account only."""
    return [replace(fault, account=account, path="/responses") for fault in faults]


def play(scene: Scene, folder: Path, codex: Path) -> Played:
    """One turn of the real client on a stage of its own."""
    with stage(folder, "x:plus,y:plus", *scene.settings) as setting:
        a, b = setting.in_turn
        setting.simulator.script(*at(a, *scene.faults))
        if scene.change:
            setting.simulator.change(a, scene.change)
        turn = setting.codex(codex).turn("say one word")
        setting.proxy.stop()
        rows = setting.rows()
        assert rows and rows[-1].attempts, (turn, setting.proxy.log())
        return Played(
            a, b, turn, setting.before.exchanges(), setting.calls(),
            [setting.attempts(row) for row in rows], [row.outcome for row in rows],
            setting.status(a, rows[-1].attempts[-1].started_at),
        )  # fmt: skip
