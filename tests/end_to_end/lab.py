"""A client's whole way under observation: client -> recorder -> proxy -> recorder -> simulated ChatGPT."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from addons.upkeep.calls import USER_AGENT
from scripts.simulator.client import SimulatorProcess
from scripts.simulator.world import Settings, World
from tests.end_to_end.relay import Exchange, RecordingRelay
from tests.processes import ProxyProcess, run

Spent = tuple[int | None, int | None, int | None, int | None]
"""Input, cached, output and reasoning tokens of one request."""


CODEX_TREE = "/backend-api/codex/"
URL_SAFE = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True)
class Lab:
    """All that stands on the way; `before` is between client and proxy, `behind` between it and ChatGPT."""

    simulator: SimulatorProcess
    proxy: ProxyProcess
    before: RecordingRelay
    behind: RecordingRelay

    def sent(self) -> list[Exchange]:
        """What the client sent and got."""
        return self.before.exchanges()

    def passed(self) -> list[Exchange]:
        """The same requests as the upstream had them; the proxy also asks it about usage and models by itself."""
        found = [exchange for exchange in self.behind.exchanges() if exchange.target.startswith(CODEX_TREE)]
        return [exchange for exchange in found if exchange.headers.get("user-agent") != USER_AGENT]

    def rows(self) -> list[dict[str, Any]]:
        """The ledger, oldest first; only complete after the proxy ended."""
        report = json.loads(run("report", "requests", "--json", "--limit", "1000"))
        return list(reversed(report["rows"]))

    def served(self) -> list[Spent]:
        """What the simulator reported for each request that uses tokens, by its own books."""
        used = [entry.usage for entry in self.simulator.log() if entry.usage]
        return [(u.input_tokens, u.cached_tokens, u.output_tokens, u.reasoning_tokens) for u in used]


def spent(rows: Iterable[dict[str, Any]]) -> list[Spent]:
    """The tokens in ledger rows that have any."""
    found = [(r["input_tokens"], r["cached_tokens"], r["output_tokens"], r["reasoning_tokens"]) for r in rows]
    return [tokens for tokens in found if tokens != (None, None, None, None)]


def asked(exchanges: Iterable[Exchange]) -> Counter[tuple[str, str, bytes]]:
    """What was asked: method, target and body, byte for byte, each as often as it came."""
    return Counter((exchange.method, exchange.target, exchange.body) for exchange in exchanges)


def answered(exchanges: Iterable[Exchange]) -> Counter[tuple[int, str, bytes]]:
    """What was answered: status, content type and body, byte for byte; a stream at least to its last event."""
    return Counter((x.status, x.answer_headers.get("content-type", ""), x.answer) for x in exchanges)


def secrets_in(auth_json: str) -> list[str]:
    """The tokens of a login, which may stand on the wire to the upstream and nowhere else."""
    tokens = json.loads(auth_json)["tokens"]
    return [tokens["access_token"], tokens["refresh_token"], tokens["id_token"]]


def traces(secret: str, data: bytes) -> list[str]:
    """How a secret shows in some bytes: as it is, or in base64, at whichever of its three alignments."""
    found = ["plain"] if secret.encode() in data else []
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret.encode()).rstrip(b"=")
        own = encoded[4 if shift else 0 : -1]  # the characters at both ends depend on the neighbours, too
        if own in data or own.translate(URL_SAFE) in data:
            found.append(f"base64, shifted by {shift}")
    return found


def leaks(secrets: Iterable[str], places: Iterable[Path]) -> list[str]:
    """Every file of these places in which one of the secrets shows."""
    secrets = list(secrets)
    files = [file for place in places for file in (place, *place.rglob("*")) if file.is_file()]
    found = [(file, traces(secret, file.read_bytes())) for file in files for secret in secrets]
    return [f"{file}: {', '.join(how)}" for file, how in found if how]


def own_login() -> str:
    """A login of the client's own, of no account of the pool."""
    return World(Settings(accounts="client:pro", seed=2)).login("client")
