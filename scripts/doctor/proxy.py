"""The proxy that Codex asks: what answers at its address goes in, whether that is Codex-LB and ready comes out."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from addons.settings.listening import HIGHEST_PORT
from scripts.client_config.base_url import is_loopback
from scripts.doctor.finding import Finding, Trouble, Verdict
from scripts.doctor.http_call import Hurdle, Said, UnheardError
from scripts.doctor.running import Running

SERVE = "codexlb serve"

MENDS_READINESS = {
    "no_accounts": "codexlb accounts login",
    "paused": "codexlb accounts resume NAME",
    "draining": "codexlb accounts resume NAME",
    "needs_login": "codexlb accounts login",
    "deactivated": "codexlb accounts check",
    "store_unavailable": 'df -h "${CODEXLB_HOME:-$HOME/.codex-lb}"',
}
"""By the reason that the proxy gives."""


TURNED_AWAY = frozenset({"unknown_host", "address_not_allowed", "tls_required"})
"""Error codes with which Codex-LB turns away whoever asks anything."""


@dataclass(frozen=True, slots=True)
class Door:
    """What answered at `base_url` of Codex: /health; /health/ready if that was Codex-LB's; and if it was another's, GET
    of the path that takes turns, for a reverse proxy may let nothing else through."""

    url: str
    health: Said | UnheardError
    ready: Said | UnheardError | None = None
    turns: Said | UnheardError | None = None

    @property
    def is_ours(self) -> bool:
        """Whether Codex-LB answered."""
        if isinstance(self.health, Said) and is_codexlb(self.health):
            return True
        return isinstance(self.turns, Said) and (self.turns.status, self.turns.code) == (405, "method_not_allowed")

    @property
    def refusal(self) -> str | None:
        """Why Codex-LB turns everything away that comes this way, in its own words."""
        said = [each for each in (self.health, self.turns) if isinstance(each, Said) and each.code in TURNED_AWAY]
        return said[0].message if said else None


def is_codexlb(health: Said) -> bool:
    """Whether this is what Codex-LB answers to GET /health."""
    try:
        return health.status == 200 and json.loads(health.body) == {"status": "ok"}
    except ValueError:
        return False


def check_proxy(
    door: Door, running: Sequence[Running], installed: str | None, set_up: str, usual_port: int
) -> list[Finding]:
    """Whether Codex-LB answers where Codex asks, is ready, and is the one that is installed here.

    `set_up` is the command that sets Codex up, `usual_port` is where a proxy listens that is told nothing.
    """
    found = [_door(door, running, set_up, usual_port)]
    if door.is_ours and isinstance(door.ready, Said):
        found += _ready(door.ready)
    return [*found, *_processes(running, installed)]


def _door(door: Door, running: Sequence[Running], set_up: str, usual_port: int) -> Finding:
    if door.is_ours:
        return Finding("proxy", Verdict.OK, f"Codex-LB answers at {door.url}.", covers=Trouble.REFUSED)
    if door.refusal:
        sentence = f"Codex-LB turns away what comes to {door.url}: {door.refusal}"
        return Finding("proxy", Verdict.ERROR, sentence, covers=Trouble.REFUSED)
    if isinstance(door.health, Said):
        hurdle = Hurdle.ANSWER
        named = f", which calls itself {door.health.server}" if door.health.server else ""
        sentence = f"Something else than Codex-LB answers at {door.url}{named} (HTTP {door.health.status})."
    else:
        hurdle = door.health.hurdle
        sentence = f"{door.url}: {door.health}."
    mend = None
    places = filter(None, map(origin_of, running))
    if elsewhere := next((place for place in places if not _is_same(place, door.url)), None):
        sentence = f"{sentence} A proxy listens on {elsewhere}."
        mend = f"{set_up} --base-url {elsewhere}"
    elif is_loopback(door.url) and hurdle is Hurdle.REFUSED:
        mend = _serve(door.url, usual_port)
    elif is_loopback(door.url) and hurdle is Hurdle.ANSWER:
        sentence = f"{sentence} Have Codex-LB listen on another port, then run this again."
        mend = f"{SERVE} --port {_next(urlsplit(door.url).port or usual_port)}"
    elif hurdle is Hurdle.TRUST:
        sentence = f"{sentence} Tell Codex whom to trust."
        mend = "export CODEX_CA_CERTIFICATE=CA.pem"
    return Finding("proxy", Verdict.ERROR, sentence, mend, Trouble.REFUSED)


def _serve(url: str, usual_port: int) -> str:
    """The command that has Codex-LB listen at this URL."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = "" if parts.hostname in ("127.0.0.1", "localhost") else f" --listen {parts.hostname}"
    certificate = " --cert CERTIFICATE.pem" if parts.scheme == "https" else ""
    return SERVE + host + ("" if port == usual_port else f" --port {port}") + certificate


def _next(port: int) -> int:
    return port + 1 if port < HIGHEST_PORT else port - 1


def _is_same(one: str, other: str) -> bool:
    """Whether two origins are one door of this machine, under two of its names."""
    first, second = urlsplit(one), urlsplit(other)
    is_here = is_loopback(one) and is_loopback(other) and ":" not in f"{first.hostname}{second.hostname}"
    return one == other or (is_here and (first.scheme, first.port) == (second.scheme, second.port))


def origin_of(running: Running) -> str | None:
    """An address of a proxy on which this machine reaches it."""
    scheme = "https" if running.conduct and running.conduct.tls else "http"
    for host, port in running.listen:
        shown = host if _is_address(host) else "127.0.0.1"
        return f"{scheme}://{f'[{shown}]' if ':' in shown else shown}:{port}"
    return None


def _is_address(host: str) -> bool:
    """Whether one can connect to it; 0.0.0.0 is every one."""
    try:
        return not ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return bool(host)


def _ready(ready: Said) -> Iterator[Finding]:
    if ready.status == 200:
        yield Finding("readiness", Verdict.OK, "It can serve a request now.")
    elif ready.status == 503:
        try:
            reason = str(json.loads(ready.body).get("reason"))
        except (ValueError, AttributeError):
            reason = ""
        yield Finding("readiness", Verdict.ERROR, ready.message, MENDS_READINESS.get(reason, "codexlb accounts list"))


def _processes(running: Sequence[Running], installed: str | None) -> Iterator[Finding]:
    for each in running:
        if each.conduct is None:
            sentence = f"Process {each.pid} works on the data folder, and does not say how: a command, or an old proxy."
            yield Finding("process", Verdict.NOTE, sentence)
            continue
        version = each.conduct.version
        what = f"Process {each.pid} is a proxy on {each.places}, of Codex-LB {version}"
        if installed not in (None, version):
            sentence = f"{what}, and {installed} is installed: end it, and start it anew as you did."
            yield Finding("process", Verdict.WARNING, sentence, f"kill {each.pid}")
        else:
            yield Finding("process", Verdict.OK, f"{what}.")
