"""The servers that the proxy needs: how far each was reached goes in, what is in the way comes out; and the clock."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from addons.wire.origins import Origin
from codexlb_store.quantity import duration
from scripts.client_config.base_url import is_exposed
from scripts.doctor.finding import Finding, Verdict
from scripts.doctor.http_call import Hurdle, Said, UnheardError

MOST_SKEW_SECONDS, WORST_SKEW_SECONDS = 30.0, 300.0
"""A token is refreshed five minutes before it expires: a clock that is as much behind uses dead ones."""

PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")

SETS_THE_CLOCK = {"darwin": "sudo sntp -sS time.apple.com"}


@dataclass(frozen=True, slots=True)
class Reached:
    """What a server that is called `purpose` said; None where even that took too long."""

    purpose: str
    origin: Origin
    answer: Said | UnheardError | None

    @property
    def hurdle(self) -> Hurdle | None:
        """Where it ended; None where it was reached."""
        if self.answer is None:
            return Hurdle.SILENCE
        return self.answer.hurdle if isinstance(self.answer, UnheardError) else None


def check_origins(reached: Sequence[Reached], environ: Mapping[str, str], is_served: bool) -> list[Finding]:
    """Whether each server can be reached with TLS, and whether this machine's clock agrees with theirs.

    `is_served` says whether a proxy runs.
    """
    return [*(_origin(each, environ, is_served) for each in reached), *_clock(reached)]


def _origin(seen: Reached, environ: Mapping[str, str], is_served: bool) -> Finding:
    url, hurdle = seen.origin.url, seen.hurdle
    if hurdle is None:
        if is_exposed(url):
            sentence = f"{url} is reached, without encryption: everybody on the way can read tokens and prompts."
            return Finding(seen.purpose, Verdict.WARNING, sentence)
        trusted = "" if url.startswith("http:") else ", with a certificate that can be trusted"
        return Finding(seen.purpose, Verdict.OK, f"{url} is reached{trusted}.")
    sentence = f"{url}: {seen.answer or hurdle.value}."
    if hurdle is Hurdle.TRUST and is_served:
        # With what a proxy was started that is no setting is not known.
        sentence += " All is well if the proxy was started with what is named here, or the like."
        return Finding(seen.purpose, Verdict.WARNING, sentence, _trust(seen.purpose))
    if hurdle is Hurdle.TRUST:
        return Finding(seen.purpose, Verdict.ERROR, sentence, _trust(seen.purpose))
    if proxy := next((name for name in PROXIES if environ.get(name)), None):
        sentence += f" {proxy} is set, but Codex-LB goes through no other proxy: let it out directly."
    return Finding(seen.purpose, Verdict.ERROR, sentence)


def _trust(purpose: str) -> str:
    """What has the proxy trust another authority: mitmproxy has its own list, and everything else the system's."""
    if purpose == "upstream":
        return "codexlb serve --set ssl_verify_upstream_trusted_ca=CA.pem"
    return "SSL_CERT_FILE=CA.pem codexlb serve"


def skew(said: Said) -> float | None:
    """By how many seconds this machine's clock is ahead of a server's; None where that does not tell its time."""
    try:
        return said.heard_at - parsedate_to_datetime(said.date or "").timestamp()
    except ValueError:
        return None


def _clock(reached: Sequence[Reached]) -> Iterator[Finding]:
    skews = [found for each in reached if isinstance(each.answer, Said) and (found := skew(each.answer)) is not None]
    if not skews:
        return
    # That server errs least whose time is nearest: a page may come from a cache.
    least = min(skews, key=abs)
    if abs(least) <= MOST_SKEW_SECONDS:
        yield Finding("clock", Verdict.OK, "This machine's clock is right.")
        return
    verdict = Verdict.ERROR if abs(least) > WORST_SKEW_SECONDS else Verdict.WARNING
    way = "ahead" if least > 0 else "behind"
    sentence = (
        f"This machine's clock is {duration(abs(least))} {way}: by it is told when tokens expire and limits are over."
    )
    yield Finding("clock", verdict, sentence, SETS_THE_CLOCK.get(sys.platform, "sudo timedatectl set-ntp true"))
