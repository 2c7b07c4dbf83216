"""What people, clients, upstream and issuer do in the scene: each step shows secrets to programs that may not tell."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

from cryptography.fernet import Fernet

from codexlb_store.schema import DATABASE_NAME, open_store
from scripts.simulator.account import AccountChange
from scripts.simulator.faults import Fault
from tests.end_to_end.canary_scene import Crashing, Scene, wait
from tests.end_to_end.odd_client import turn
from tests.ports import free_port
from tests.scripts.accounts.login_process import LoginProcess, browse, chosen, visit

ANN, BOB, CLEO, DAN = (f"{name}@example.com" for name in ("ann", "bob", "cleo", "dan"))

LOOKS = (
    ("accounts", "list"),
    ("accounts", "list", "--json"),
    ("accounts", "show", ANN),
    ("accounts", "show", CLEO, "--json"),
    ("report",),
    ("report", "--by", "account", "--json"),
    ("report", "requests"),
    ("report", "requests", "--json"),
)

API_KEY = "sk-proj-canary-of-a-person/who+has=one"


def import_logins(scene: Scene) -> None:
    """Three good ones, and whatever else may be taken for one."""
    good = [scene.file(f"{name}.json", scene.login(name)) for name in ("ann", "bob", "dan")]
    assert scene.codexlb("accounts", "import", *good) == 0
    assert scene.codexlb("accounts", "import", *(scene.file(*each) for each in broken(scene))) == 1
    assert scene.codexlb("accounts", "import", "-", stdin=scene.login("ann")[:-5]) == 1


def broken(scene: Scene) -> Iterator[tuple[str, str | bytes]]:
    """Files that hold secrets and no login."""
    text, scene.others = scene.login("ann"), [*scene.others, API_KEY]
    tokens = json.loads(text)["tokens"]
    yield "cut", text[:-5]
    yield "of another program", text.encode("utf-16")
    yield "not quite text", text.encode() + b"\xff"
    yield "an API key", json.dumps({"auth_mode": "apikey", "OPENAI_API_KEY": API_KEY})
    yield "a token alone", tokens["access_token"]
    yield "a token as tokens", json.dumps({"tokens": tokens["access_token"]})
    yield "nested", json.dumps({"tokens": {"access_token": tokens}})
    yield "nobody's", json.dumps({"tokens": {"access_token": tokens["refresh_token"]}})
    yield "not ASCII", json.dumps({"tokens": tokens | {"access_token": tokens["access_token"] + "\N{BULLET}"}})
    expired = json.loads(scene.login("ann", -60.0))["tokens"]
    yield "over", json.dumps({"tokens": expired | {"refresh_token": ""}})


def mistake(scene: Scene) -> None:
    """A person types tokens where files, names and numbers belong; they are told, and nothing remembers it."""
    tokens = json.loads(scene.login("ann"))["tokens"]
    access, refresh = tokens["access_token"], tokens["refresh_token"]
    names = (("import", access), ("import", refresh), ("show", access), ("refresh", refresh))
    others = (("login", "--account", refresh), ("rename", ANN, access), ("weight", ANN, refresh), (refresh,))
    for line in (*names, *others):
        assert scene.mistyped("accounts", *line) != 0


def quoting(*logins: Mapping[str, str]) -> dict[str, Any]:
    """An error that repeats what it may have been sent."""
    tokens = [token for login in logins for token in login.values()]
    return {"error": {"code": "token_invalidated", "message": f"I know none of {' and '.join(tokens)}."}}


def is_over(accounts: Mapping[str, Any], first_tokens: Mapping[str, Any]) -> bool:
    """Whether it was noticed that Ann's tokens were revoked, and that Dan can get no new ones."""
    is_refused: bool = accounts[DAN]["status"] == "needs_login"
    return is_refused and accounts[ANN]["token"] != first_tokens


def serve_and_suffer(scene: Scene, proxy: Crashing) -> None:
    """Turns and polls whose tokens are refused by an upstream and an issuer that quote them."""
    assert {turn(proxy) for _ in range(6)} == {200}
    first_tokens = scene.accounts()[ANN]["token"]
    scene.simulator.change("ann", AccountChange(access_tokens="revoked"))
    scene.simulator.change("dan", AccountChange(access_tokens="revoked", refresh_tokens="revoked"))
    wait(lambda: turn(proxy) == 200 and is_over(scene.accounts(), first_tokens), proxy.log)
    quoted = quoting(scene.export(ANN), scene.export(BOB))
    scene.simulator.script(
        Fault(account="ann", path="/responses", status=401, body=quoted),
        Fault(account="bob", path="/wham/usage", status=401, body=quoted),
        Fault(path="/oauth/token", status=500, body=quoted, times=2),
    )
    wait(lambda: turn(proxy) == 200 and len(scene.faults_met()) == 4, lambda: f"{scene.faults_met()}\n{proxy.log()}")


def check_and_refresh(scene: Scene) -> None:
    """Likewise, for commands."""
    quoted = quoting(scene.export(BOB))
    scene.simulator.script(Fault(account="bob", path="/wham/accounts/check", status=200, body=quoted))
    assert scene.codexlb("accounts", "check", BOB, *scene.origins) == 1
    scene.simulator.script(Fault(account="bob", path="/oauth/token", status=403, body=f"<html>{quoted}"))
    assert scene.codexlb("accounts", "refresh", BOB, *scene.issuer) == 1
    scene.simulator.clear_faults()
    assert scene.codexlb("accounts", "refresh", ANN, BOB, *scene.issuer) == 0
    assert scene.codexlb("accounts", "refresh", DAN, *scene.issuer) == 1
    assert scene.codexlb("accounts", "check", *scene.origins) == 1


def log_in(scene: Scene) -> None:
    """In the browser, after a stranger has been there; by pasting, which the issuer refuses; on another device."""
    with LoginProcess(scene.wire.origin) as process:
        right = scene.came_back(chosen(process.address(), "cleo"))
        scene.keep("stranger", visit(right.replace("state=", "state=x")).text.encode())
        scene.keep("page", browse(right).text.encode())
        assert scene.ended(process) == 0
    with LoginProcess(scene.wire.origin, stdin=subprocess.PIPE) as process:
        right = scene.came_back(chosen(process.address(), "dan"))
        refusal = {"error": "invalid_grant", "error_description": f"I do not know {right}."}
        scene.simulator.script(Fault(path="/oauth/token", status=400, body=refusal))
        process.types(right.replace("state=", "state=x"))
        process.types(right)
        assert scene.ended(process) == 1
    with LoginProcess(scene.wire.origin, "--device", port=None) as process:
        [user_code] = re.findall(r"\b[A-Z0-9]{4}-[A-Z0-9]{5}\b", process.says(r"\b[A-Z0-9]{4}-[A-Z0-9]{5}\b"))
        scene.simulator.approve_device(user_code, "dan")
        assert scene.ended(process) == 0


def damage_tokens(scene: Scene, proxy: Crashing) -> None:
    """What lies in the vault cannot be read any more, and the running proxy says so."""
    with contextlib.closing(open_store(scene.home)) as db:
        db.execute("UPDATE tokens SET access_token = substr(access_token, 2)")
        db.conn.commit()
    wait(lambda: "could not be read" in proxy.log(), proxy.log)
    assert turn(proxy) == 200
    refuse_all(scene)


def damage_key(scene: Scene) -> None:
    """Another key lies there, or somebody has put a login in its place."""
    key = scene.key_file.read_bytes()
    for wrong in (Fernet.generate_key(), scene.login("ann").encode()):
        scene.key_file.write_bytes(wrong)
        refuse_all(scene)
    scene.key_file.write_bytes(key)


def damage_database(scene: Scene) -> None:
    """It ends in the middle, and then it is another file, with tokens in it."""
    database = scene.home / DATABASE_NAME
    for log in scene.home.glob(f"{DATABASE_NAME}-*"):
        log.unlink()
    database.write_bytes(database.read_bytes()[:5000])
    refuse_all(scene)
    database.write_text(scene.login("ann"))
    refuse_all(scene)
    database.unlink()


def refuse_all(scene: Scene) -> None:
    """Nothing that needs tokens works."""
    new = scene.file("new.json", scene.login("bob"))
    for line in (
        ("accounts", "refresh", ANN, *scene.issuer),
        ("accounts", "export", ANN, "--yes"),
        ("accounts", "import", new),
        ("serve", "--port", str(free_port()), *scene.origins),
    ):
        assert scene.codexlb(*line) == 1


def look(scene: Scene) -> None:
    """Everything there is to see."""
    for line in LOOKS:
        assert scene.codexlb(*line) == 0
    assert scene.codexlb("accounts", "export", ANN) == 1  # it asks, and nobody is there
