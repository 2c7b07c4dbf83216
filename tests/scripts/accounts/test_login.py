"""`codexlb accounts login` from the first word to the last: whose account it is, and what becomes of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from addons.upkeep.login_calls import LoginError
from addons.wire.tokens import NewTokens
from codexlb_store.accounts import AccountStatus, set_state
from codexlb_store.credentials import load_credentials
from codexlb_store.home import home_folder
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault
from scripts.accounts.login import Keeper
from scripts.data_folder import DataFolder
from scripts.simulator.client import SimulatorProcess
from scripts.simulator.faults import Act, Fault
from scripts.simulator.tokens import AUTH_CLAIM
from tests.codexlb_store.rows import a_jwt, wait_until
from tests.conftest import StartProxy
from tests.processes import run
from tests.scripts.accounts.login_process import LoginProcess, browse, chosen, is_free, log_in, rows, visit
from tests.scripts.accounts.people import stored

TOKEN = "/oauth/token"


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    """Ann in two workspaces, and Bob."""
    with SimulatorProcess("ann@acme:plus,ann@home:pro,bob@acme:pro") as running:
        yield running


@pytest.fixture
def login(simulator: SimulatorProcess) -> Iterator[LoginProcess]:
    with LoginProcess(simulator.origin) as process:
        yield process


def decide(account_id: str, state: AccountStatus, reason: str | None) -> None:
    with contextlib.closing(open_store(home_folder(os.environ))) as db:
        set_state(db, account_id, state, reason)


def secrets(sim: SimulatorProcess) -> set[str]:
    """What went over the wire or into the store and is nobody's business."""
    home = home_folder(os.environ)
    with contextlib.closing(open_store(home)) as db:
        credentials = load_credentials(db, Vault.open(home, os.environ)).values()
    [form] = [parse_qs((entry.body or b"").decode()) for entry in sim.log()[-1:] if entry.path == TOKEN]
    return {
        *(form[field][0] for field in ("code", "code_verifier")),
        *(token for held in credentials for token in (held.access_token, held.refresh_token)),
    }


def test_a_login_in_the_browser_adds_an_account(login: LoginProcess) -> None:
    seen = browse(chosen(login.address(), "ann@acme"))
    ended = login.ended()

    [account] = stored()
    assert (account.email, account.plan, account.state) == ("ann@example.com", "plus", AccountStatus.ACTIVE)
    added = f"Added ann@example.com (plus, {account.id})."
    assert (ended.exit_code, ended.last_line, ended.stderr) == (0, added, "")
    assert seen.status == 200
    assert added in seen.text
    assert "You may close this window" in seen.text
    assert is_free(login.port)


def test_no_secret_is_said_or_shown(simulator: SimulatorProcess, login: LoginProcess) -> None:
    seen = browse(chosen(login.address(), "ann@acme"))
    ended = login.ended()

    found = secrets(simulator)
    assert len(found) == 4
    said = ended.stdout + ended.stderr + seen.text + seen.policy
    assert [secret for secret in found if secret in said] == []


def test_a_login_asks_as_codex_does_with_fresh_secrets(simulator: SimulatorProcess) -> None:
    asked = []
    for _ in range(2):
        with LoginProcess(simulator.origin) as process:
            asked.append(parse_qs(urlsplit(process.address()).query))

    fresh = ("state", "code_challenge", "redirect_uri")
    assert all(asked[0][name] != asked[1][name] for name in fresh)
    kept = [{name: values for name, values in query.items() if name not in fresh} for query in asked]
    assert kept[0] == kept[1]
    assert kept[0]["originator"] == ["codex_cli_rs"]


def test_the_same_seat_again_is_updated_and_another_is_added(simulator: SimulatorProcess) -> None:
    first = log_in(simulator, "ann@acme")
    _, tokens = rows()
    again = log_in(simulator, "ann@acme")

    assert (again.id, len(stored())) == (first.id, 1)
    assert rows()[1] != tokens
    elsewhere = log_in(simulator, "ann@home")
    colleague = log_in(simulator, "bob@acme")
    assert {account.id for account in stored()} == {first.id, elsewhere.id, colleague.id}
    assert elsewhere.email == first.email
    assert colleague.chatgpt_account_id == first.chatgpt_account_id


def test_a_login_mends_an_account_that_needed_one(simulator: SimulatorProcess) -> None:
    account = log_in(simulator, "ann@acme")
    decide(account.id, AccountStatus.NEEDS_LOGIN, "refresh_token_expired")

    mended = log_in(simulator, "ann@acme", "--account", "ANN@example.com")

    assert (mended.id, mended.state, mended.state_reason) == (account.id, AccountStatus.ACTIVE, None)


def test_a_paused_account_stays_paused(simulator: SimulatorProcess) -> None:
    account = log_in(simulator, "ann@acme")
    decide(account.id, AccountStatus.PAUSED, None)

    assert log_in(simulator, "ann@acme").state is AccountStatus.PAUSED


@pytest.mark.parametrize(("name", "came"), [("bob@acme", "bob"), ("ann@home", "ann")], ids=["person", "workspace"])
def test_the_login_of_another_seat_is_refused(simulator: SimulatorProcess, name: str, came: str) -> None:
    account = log_in(simulator, "ann@acme")
    before = rows()

    with LoginProcess(simulator.origin, "--account", account.id) as process:
        seen = browse(chosen(process.address(), name))
        ended = process.ended()

    assert ended.exit_code == 1
    assert ended.stderr.startswith(f"Error: You logged in as {came}@example.com (workspace ")
    assert f", not as ann@example.com (workspace {account.chatgpt_account_id}): nothing was changed." in ended.stderr
    assert (seen.status, ended.stderr.count("\n"), rows()) == (400, 1, before)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        pytest.param(Fault(path=TOKEN, act=Act.RESET), "could not be reached", id="reset"),
        pytest.param(Fault(path=TOKEN, status=503), "http_503", id="503"),
        pytest.param(Fault(path=TOKEN, status=400, body={"error": "invalid_grant"}), "invalid_grant", id="refused"),
        pytest.param(
            Fault(path=TOKEN, status=200, body={"access_token": "opaque", "refresh_token": "rt"}),
            "do not say whose they are",
            id="nobody's",
        ),
    ],
)
def test_tokens_that_are_not_given_leave_nothing(
    simulator: SimulatorProcess, login: LoginProcess, fault: Fault, why: str
) -> None:
    simulator.script(fault)
    seen = browse(chosen(login.address(), "ann@acme"))
    ended = login.ended()

    assert ended.exit_code == 1
    assert why in ended.stderr
    assert (seen.status, ended.stderr.count("\n"), stored(), is_free(login.port)) == (400, 1, [], True)
    assert "The login did not work" in seen.text


def test_a_database_that_cannot_be_written_is_one_sentence(folder: DataFolder) -> None:
    tokens = NewTokens(a_jwt({AUTH_CLAIM: {"chatgpt_user_id": "u", "chatgpt_account_id": "w"}}), "rt", None, None)
    keeper = Keeper(folder, Vault.open(folder.home, os.environ), None)
    folder.db.execute("PRAGMA busy_timeout = 0")
    with contextlib.closing(open_store(folder.home)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LoginError, match=r"^The login could not be stored \(database is locked\): log in again\.$"):
            keeper.keep(tokens)

    assert keeper.keep(tokens).startswith("Added u (unknown, ")


def test_an_account_that_is_not_there_is_said_before_anybody_logs_in(simulator: SimulatorProcess) -> None:
    with LoginProcess(simulator.origin, "--account", "nobody") as process:
        ended = process.ended()

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error: There is no account 'nobody'")


def test_a_key_that_does_not_fit_is_said_before_anybody_logs_in(simulator: SimulatorProcess) -> None:
    log_in(simulator, "ann@acme")
    (home_folder(os.environ) / "codexlb.key").unlink()

    with LoginProcess(simulator.origin) as process:
        ended = process.ended()

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "The key file" in ended.stderr


def test_an_origin_that_is_none_is_a_usage_error() -> None:
    with LoginProcess("auth.openai.com") as process:
        ended = process.ended()

    assert ended.exit_code == 2
    assert "'auth.openai.com' is not an origin" in ended.stderr


def test_a_running_proxy_uses_the_login_at_once(simulator: SimulatorProcess, proxy: StartProxy) -> None:
    running = proxy()
    log_in(simulator, "ann@acme")

    models = f"{running.origin}/backend-api/codex/models?client_version=0.169.0"
    wait_until(lambda: visit(models).status == 200, "a request was served")
    assert [entry.account for entry in simulator.log() if entry.path.endswith("/codex/models")][-1] == "ann@acme"


def test_help_names_the_ways_in() -> None:
    said = run("accounts", "login", "--help")

    assert all(option in said for option in ("--device", "--account", "--no-browser", "--issuer", "--port"))
