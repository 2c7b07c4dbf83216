"""What answers where Codex asks, and which proxies run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codexlb_store.home import home_folder
from codexlb_store.processes import Conduct, InForce, ProcessMark
from scripts.doctor.finding import Trouble, Verdict
from scripts.doctor.http_call import Hurdle, Said, UnheardError
from scripts.doctor.proxy import Door, check_proxy
from scripts.doctor.running import Running, see_running

HERE = "http://127.0.0.1:2455"
OK = Said(200, None, None, b'{"status":"ok"}', 0.0)
REFUSED = UnheardError(Hurdle.REFUSED, "connection refused")
SET_UP = "codexlb client-config"


def turned_away(code: str, status: int = 400) -> Said:
    return Said(status, None, None, f'{{"error":{{"code":"{code}","message":"No."}}}}'.encode(), 0.0)


def running(port: int, version: str = "0.1.0", host: str = "127.0.0.1", tls: bool = False) -> Running:
    return Running("77-abc", Conduct(version, ((host, port),), tls))


@pytest.mark.parametrize(
    ("url", "health", "processes", "words", "mend"),
    [
        (HERE, REFUSED, [], "nothing listens there (connection refused)", "codexlb serve"),
        ("http://127.0.0.1:2456", REFUSED, [], "nothing listens there", "codexlb serve --port 2456"),
        ("http://[::1]:2455", REFUSED, [], "nothing listens there", "codexlb serve --listen ::1"),
        (HERE, REFUSED, [running(9)], "listens on http://127.0.0.1:9", f"{SET_UP} --base-url http://127.0.0.1:9"),
        (
            HERE, REFUSED, [running(9, host="0.0.0.0", tls=True)], "A proxy listens on https://127.0.0.1:9",
            f"{SET_UP} --base-url https://127.0.0.1:9",
        ),
        (HERE, REFUSED, [running(9, host="::1")], "http://[::1]:9", f"{SET_UP} --base-url http://[::1]:9"),
        ("https://lb.example.com", REFUSED, [], "nothing listens there", None),
        (HERE, Said(404, "nginx", None, b"", 0.0), [], "calls itself nginx (HTTP 404)", "codexlb serve --port 2456"),
        (HERE, Said(200, None, None, b"{}", 0.0), [], "Something else than Codex-LB", "codexlb serve --port 2456"),
        (HERE, UnheardError(Hurdle.ANSWER, "BadStatusLine"), [], "does not speak HTTP", "codexlb serve --port 2456"),
        (HERE, UnheardError(Hurdle.TLS, "wrong version"), [running(2455)], "no TLS with it", None),
        (HERE, UnheardError(Hurdle.SILENCE, "no answer in time"), [], "does not answer", None),
        ("https://127.0.0.1:2455", REFUSED, [], "nothing listens", "codexlb serve --cert CERTIFICATE.pem"),
        (
            "https://localhost:9", UnheardError(Hurdle.TRUST, "self-signed certificate"), [running(9, tls=True)],
            "its certificate cannot be trusted", "export CODEX_CA_CERTIFICATE=CA.pem",
        ),
        ("http://127.0.0.1:65535", Said(404, None, None, b"", 0.0), [], "else", "codexlb serve --port 65534"),
        (HERE, turned_away("unknown_host"), [running(9)], "turns away what comes to", None),
    ],
    ids=[
        *("nothing", "other port", "IPv6", "it runs elsewhere", "with TLS", "on IPv6", "far away", "nginx", "else"),
        *("no HTTP", "no TLS", "silent", "nothing, with TLS", "nobody's certificate", "last port", "turned away"),
    ],
)  # fmt: skip
def test_what_is_not_codexlb(
    url: str, health: Said | UnheardError, processes: list[Running], words: str, mend: str | None
) -> None:
    found = check_proxy(Door(url, health), processes, "0.1.0", SET_UP, 2455)[0]

    assert (found.verdict, found.covers, found.mend) == (Verdict.ERROR, Trouble.REFUSED, mend)
    assert words in found.sentence
    assert url in found.sentence


@pytest.mark.parametrize(
    ("turns", "is_ours"),
    [
        (turned_away("method_not_allowed", 405), True),
        (turned_away("method_not_allowed", 400), False),
        (Said(405, None, None, b'{"detail":"Method Not Allowed"}', 0.0), False),
        (Said(405, None, None, b'{"error":"x"}', 0.0), False),
        (UnheardError(Hurdle.SILENCE, "no answer in time"), False),
    ],
    ids=["Codex-LB", "another status", "OpenAI", "no object", "silent"],
)
def test_behind_a_server_that_lets_through_what_codex_asks_only(turns: Said | UnheardError, is_ours: bool) -> None:
    door = Door("https://lb.example.com", Said(404, "nginx", None, b"", 0.0), turns=turns)

    assert (check_proxy(door, [], "0.1.0", SET_UP, 2455)[0].verdict is Verdict.OK) == door.is_ours == is_ours


@pytest.mark.parametrize(
    ("body", "mend"),
    [
        (b'{"reason":"no_accounts","message":"There is none."}', "codexlb accounts login"),
        (b'{"reason":"no_account_free","message":"There is none."}', "codexlb accounts list"),
        (b'["?"]', "codexlb accounts list"),
    ],
)
def test_why_it_is_not_ready_and_what_helps(body: bytes, mend: str) -> None:
    [_, ready] = check_proxy(Door(HERE, OK, Said(503, None, None, body, 0.0)), [], "0.1.0", SET_UP, 2455)

    assert (ready.check, ready.verdict, ready.mend) == ("readiness", Verdict.ERROR, mend)
    assert ready.sentence in ("There is none.", "HTTP 503")


def test_readiness_may_be_a_secret() -> None:
    assert [one.check for one in check_proxy(Door(HERE, OK, Said(401, None, None, b"", 0.0)), [], "1", SET_UP, 1)] == [
        "proxy"
    ]


def test_the_processes() -> None:
    processes = [running(2455), running(2456, "0.0.9"), Running("78-x", None)]

    [_, _, same, older, silent] = check_proxy(Door(HERE, OK, OK), processes, "0.1.0", SET_UP, 2455)

    assert (same.verdict, same.sentence) == (Verdict.OK, "Process 77 is a proxy on 127.0.0.1:2455, of Codex-LB 0.1.0.")
    assert (older.verdict, older.mend) == (Verdict.WARNING, "kill 77")
    assert (silent.verdict, silent.mend) == (Verdict.NOTE, None)


def test_marks_are_read_and_left_alone() -> None:
    home = home_folder(os.environ)
    assert see_running(home) == []
    silent, speaking = ProcessMark.take(home), ProcessMark.take(home)
    conduct = Conduct("0.1.0", (("127.0.0.1", 2455),), False, {"codexlb_upstream": InForce("http://x", "file")})
    speaking.tell(conduct)
    dead = home / "processes" / "1-dead.lock"
    dead.touch()
    os.mkfifo(home / "processes" / "2-pipe.lock")

    found = {each.id: each for each in see_running(home)}

    assert found == {silent.id: Running(silent.id, None), speaking.id: Running(speaking.id, conduct)}
    assert found[speaking.id].setting("codexlb_upstream") == "http://x"
    assert found[silent.id].setting("codexlb_upstream") is None
    assert found[silent.id].pid == str(os.getpid())
    assert dead.exists()
    for mark in (silent, speaking):
        mark.release()
    assert see_running(home) == []
    assert see_running(Path("/nowhere")) == []
