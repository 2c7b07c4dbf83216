"""While looking at flows a person asks why, and lets an account rest; both as the command line would."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from mitmproxy.exceptions import CommandError

from codexlb_store.accounts import AccountStatus, load_accounts, set_state
from codexlb_store.schema import open_store
from tests.addons.flows.lab import TURN, Scripted, failing, flows_of, inspecting, run_command, until
from tests.addons.proxy import store_with


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "ann", "bob").close()
    return tmp_path


def states(home: Path) -> dict[str, AccountStatus]:
    """The accounts' states as the store has them."""
    with closing(open_store(home)) as db:
        return {account.email.partition("@")[0]: account.state for account in load_accounts(db)}


async def test_explain_tells_account_candidates_and_attempts(home: Path) -> None:
    async with inspecting(home, Scripted(failing(429, b'{"error":{"code":"rate_limit_exceeded"}}'))) as (proxy, view):
        await proxy.ask(body=TURN)
        await until(lambda: "Choice 2" in run_command("codexlb.explain", "@focus"))
        text = run_command("codexlb.explain", "@focus")
        _, attempt = flows_of(view)
        assert run_command("codexlb.explain", f"@{attempt.id}") == text
        assert run_command("codexlb.explain", "@all") == text
    first, served = ("ann", "bob") if "on ann" in attempt.comment else ("bob", "ann")
    lines = text.splitlines()
    assert lines[0].endswith("turn · gpt-5.5")
    assert lines[1].startswith(f"{served}@example.com · completed")
    assert f"  > {first}@example.com: weight " in text
    assert f"Choice 2: {served}@example.com (" in text
    assert f"    {first}@example.com: not considered, " in text
    assert f"Attempt 1: {first}@example.com, 429 rate_limit_exceeded, " in text
    assert f"Attempt 2: {served}@example.com, 200, " in text


async def test_there_is_nothing_to_explain_of_what_was_turned_away(home: Path) -> None:
    async with inspecting(home) as (proxy, _):
        await proxy.ask("GET", "/nothing", b"")
        with pytest.raises(CommandError, match="Nothing to explain"):
            run_command("codexlb.explain", "@all")


async def test_a_paused_account_serves_nobody_from_then_on(home: Path) -> None:
    async with inspecting(home) as (proxy, view):
        assert run_command("codexlb.account.pause", "ann") == "Paused ann@example.com."
        for _ in range(4):
            await proxy.ask(body=TURN)
        assert {flow.comment.partition(" ")[0] for flow in flows_of(view)} == {"bob@example.com"}
        await until(lambda: states(home)["ann"] is AccountStatus.PAUSED)
        assert run_command("codexlb.account.pause", "bob@example.com") == "Paused bob@example.com."
        assert (await proxy.ask(body=TURN))[0] != 200
        assert run_command("codexlb.account.resume", "ann@example.com") == "Resumed ann@example.com."
        assert (await proxy.ask(body=TURN))[0] == 200
        await until(lambda: states(home) == {"ann": AccountStatus.ACTIVE, "bob": AccountStatus.PAUSED})
        assert run_command("codexlb.account.resume", "ann") == "ann@example.com was not paused."


@pytest.mark.parametrize("command", ["codexlb.account.pause", "codexlb.account.resume"])
async def test_an_unknown_name_is_one_sentence(home: Path, command: str) -> None:
    async with inspecting(home):
        with pytest.raises(CommandError, match=r"There is no account 'eve': give one of ann@example.com, bob@"):
            run_command(command, "eve")


async def test_who_needs_a_login_is_not_brought_back_by_a_word(home: Path) -> None:
    with closing(open_store(home)) as db:
        set_state(db, load_accounts(db)[0].id, AccountStatus.NEEDS_LOGIN, "token_expired")
    async with inspecting(home):
        with pytest.raises(CommandError, match=r"needs login \(token_expired\); run `codexlb accounts login --account"):
            run_command("codexlb.account.resume", "ann")
    assert states(home)["ann"] is AccountStatus.NEEDS_LOGIN
