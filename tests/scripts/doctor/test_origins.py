"""The servers behind the proxy, and the clock: real ones on loopback, and what is said of each case."""

from __future__ import annotations

import sys
import threading
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from addons.wire.origins import parse_origin
from scripts.doctor.bounded import together
from scripts.doctor.finding import Finding, Verdict
from scripts.doctor.http_call import Hurdle, Said, UnheardError
from scripts.doctor.origins import Reached, check_origins
from scripts.doctor.origins_seen import see_origins
from tests.ports import free_port
from tests.scripts.doctor.servers import certificate, server

CHATGPT = parse_origin("https://chatgpt.com")
NOW = 1_795_383_139.0


def said(ahead: float = 0.0) -> Said:
    """An answer to a machine whose clock is so many seconds ahead."""
    return Said(403, None, formatdate(NOW, usegmt=True), b"", NOW + ahead)


def checked(*answers: Said | UnheardError | None, url: str = "https://chatgpt.com", **environ: str) -> list[Finding]:
    return check_origins([Reached("upstream", parse_origin(url), each) for each in answers], environ, is_served=False)


@pytest.mark.parametrize(
    ("answer", "words", "mend"),
    [
        (UnheardError(Hurdle.NAME, "no such name"), "its name cannot be looked up (no such name).", None),
        (UnheardError(Hurdle.REFUSED, "connection refused"), "nothing listens there", None),
        (
            UnheardError(Hurdle.TRUST, "self-signed certificate in certificate chain"),
            "its certificate cannot be trusted (self-signed certificate in certificate chain).",
            "codexlb serve --set ssl_verify_upstream_trusted_ca=CA.pem",
        ),
        (None, "it does not answer.", None),
    ],
    ids=["name", "refused", "certificate", "too late"],
)
def test_a_server_that_is_not_reached(answer: UnheardError | None, words: str, mend: str | None) -> None:
    [found] = checked(answer)

    assert (found.verdict, found.mend) == (Verdict.ERROR, mend)
    assert found.sentence.startswith("https://chatgpt.com: ")
    assert found.sentence.endswith(words) or words in found.sentence


def test_a_proxy_for_https_is_told_where_nothing_is_reached() -> None:
    [found] = checked(None, HTTPS_PROXY="http://proxy:3128")

    assert "HTTPS_PROXY is set, but Codex-LB goes through no other proxy" in found.sentence
    assert "proxy:3128" not in found.sentence
    assert "HTTPS_PROXY" not in checked(said(), HTTPS_PROXY="http://proxy:3128")[0].sentence


def test_what_a_running_proxy_trusts_is_not_known() -> None:
    [found] = check_origins([Reached("upstream", CHATGPT, UnheardError(Hurdle.TRUST, "unknown"))], {}, is_served=True)

    assert found.verdict is Verdict.WARNING
    assert "if the proxy was started with what is named here" in found.sentence


def test_the_issuer_is_trusted_by_the_systems_list() -> None:
    [found] = check_origins([Reached("issuer", CHATGPT, UnheardError(Hurdle.TRUST, "unknown"))], {}, False)

    assert found.mend == "SSL_CERT_FILE=CA.pem codexlb serve"


@pytest.mark.parametrize(
    ("ahead", "verdict", "words"),
    [
        (0.0, "ok", "clock is right"),
        (-29.0, "ok", "clock is right"),
        (45.0, "warning", "45 s ahead"),
        (-300.0, "warning", "5 min behind"),
        (7300.0, "error", "2 h 1 min ahead"),
    ],
)
def test_the_clock(ahead: float, verdict: str, words: str) -> None:
    [_, found] = checked(said(ahead))

    assert (found.check, found.verdict) == ("clock", verdict)
    assert words in found.sentence
    assert (found.mend is None) == (verdict == "ok")
    if found.mend and sys.platform == "linux":
        assert found.mend == "sudo timedatectl set-ntp true"


def test_of_two_clocks_the_nearer_one_is_right() -> None:
    assert checked(said(400.0), said(3.0))[-1].verdict is Verdict.OK


def test_no_encryption_is_told() -> None:
    assert checked(said(), url="http://192.0.2.1")[0].verdict is Verdict.WARNING
    assert checked(said(), url="http://127.0.0.1")[0].verdict is Verdict.OK


def test_real_servers_are_asked_without_any_credential(tmp_path: Path) -> None:
    long_ago = formatdate(time.time() - 7200, usegmt=True)
    with server(date=long_ago) as (good, asked), server(certificate=certificate(tmp_path)) as (untrusted, _):
        gone = f"http://127.0.0.1:{free_port()}"
        origins = [parse_origin(each) for each in (good, untrusted, gone)]
        reached = see_origins([("upstream", each) for each in origins])

    assert [each.hurdle for each in reached] == [None, Hurdle.TRUST, Hurdle.REFUSED]
    assert [one.verdict for one in check_origins(reached, {}, is_served=False)] == ["ok", "error", "error", "error"]
    assert "authorization" not in asked[0].lower()


def test_nobody_waits_for_ever() -> None:
    late = threading.Event()

    def fails() -> str:
        raise OSError

    assert together(0.3, [lambda: "a", fails, lambda: str(late.wait())]) == ["a", None, None]
    late.set()
