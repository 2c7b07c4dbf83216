"""All that is looked at, in order: a patient goes in, sections of findings come out one after the other.

A check that fails itself is a finding, too: nobody who asks what is wrong should be shown a traceback.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from addons.settings.listening import LISTEN_PORT
from scripts.doctor.accounts import check_accounts
from scripts.doctor.client_key import check_key, check_model, check_variable
from scripts.doctor.codex_config import SET_UP, check_config, provider_of
from scripts.doctor.codex_seen import see_sessions
from scripts.doctor.finding import Finding, Section, Verdict
from scripts.doctor.leak_check import check_leaks
from scripts.doctor.origins import check_origins
from scripts.doctor.origins_seen import see_origins
from scripts.doctor.patient import Patient
from scripts.doctor.proxy import check_proxy
from scripts.doctor.served_by import served_by
from scripts.doctor.sessions import check_sessions
from scripts.doctor.settings import check_settings
from scripts.doctor.store import check_store
from scripts.doctor.turn import check_turn, take_turn
from scripts.doctor.versions import check_versions

Waiting = Callable[[str], AbstractContextManager[object]]
"""Shows what is being done as long as it takes."""


@dataclass(frozen=True, slots=True)
class Step:
    """A section: what it is called, what is done for it, and each of its looks."""

    title: str
    doing: str
    looks: tuple[Callable[[], list[Finding]], ...]


def examine(steps: Sequence[Step], waiting: Waiting) -> Iterator[Section]:
    """The sections that have any findings, each as soon as it is ready."""
    for step in steps:
        with waiting(step.doing):
            found = [finding for look in step.looks for finding in _safely(step.title, look)]
        if found:
            yield Section(step.title, tuple(found))


def _safely(title: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return look()
    except Exception as error:  # noqa: BLE001 - whatever it is
        # Not its message: nobody knows what that holds.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        sentence = f"A check failed itself ({where}): nothing is known of this. Please report it."
        return [Finding(title.lower(), Verdict.ERROR, sentence)]


def usual_steps(patient: Patient) -> list[Step]:
    """What is always looked at."""
    return [
        Step("Programs", "Loading mitmproxy", (partial(_versions, patient),)),
        Step("Data", "Reading the database", (partial(_store, patient), partial(_settings, patient))),
        Step("Accounts", "Reading the accounts", (partial(_accounts, patient),)),
        Step("Codex", "Reading Codex's configuration", (partial(_config, patient), partial(_sessions, patient))),
        Step("Proxy", f"Asking {patient.door_url}", (partial(_proxy, patient), partial(_client, patient))),
        Step("Network", "Asking the servers that the proxy needs", (partial(_origins, patient),)),
    ]


def turn_step(patient: Patient) -> Step:
    """A turn, which takes a little of an account's quota."""
    return Step("Turn", "Taking a turn", (partial(_turn, patient),))


def leaks_step(patient: Patient, places: Sequence[Path]) -> Step:
    """A search in the data folder, and in these places."""
    return Step("Leaks", "Searching for tokens", (partial(_leaks, patient, places),))


def _versions(patient: Patient) -> list[Finding]:
    return check_versions(patient.versions)


def _store(patient: Patient) -> list[Finding]:
    return check_store(patient.store, patient.is_here)


def _settings(patient: Patient) -> list[Finding]:
    return check_settings(patient.settings)


def _accounts(patient: Patient) -> list[Finding]:
    if patient.store.content is None or (not patient.is_here and not patient.store.content.views):
        return []  # the section before says why
    if not patient.store.content.is_ours:
        return []
    return check_accounts(patient.store.content.views, bool(patient.proxies), patient.now)


def _config(patient: Patient) -> list[Finding]:
    if patient.config.data is None and patient.config.problem is None and not patient.has_codex:
        sentence = f"There is no Codex on this machine: no `codex` on PATH, and no {patient.codex_home}."
        return [Finding("codex config", Verdict.NOTE, sentence, patient.set_up)]
    found = check_config(patient.config, patient.way, patient.environ, patient.set_up)
    if patient.way is not None:
        found += check_variable(patient.way, patient.store.known.keys)
    return patient.in_place(found)


def _sessions(patient: Patient) -> list[Finding]:
    provider = provider_of(patient.config.data or {})
    return patient.in_place(check_sessions(see_sessions(patient.codex_home, patient.environ), provider))


def _proxy(patient: Patient) -> list[Finding]:
    set_up = patient.way.set_up if patient.way else SET_UP
    port = int(patient.settings.values[LISTEN_PORT.name])
    found = check_proxy(patient.door, patient.running, patient.versions.codexlb, set_up, port)
    return patient.in_place(found)


def _client(patient: Patient) -> list[Finding]:
    way, catalog = patient.way, patient.catalog
    if way is None or catalog is None:
        return []
    model = (patient.config.data or {}).get("model")
    found = check_key(catalog, way, patient.store.known.keys, patient.now)
    return patient.in_place([*found, *check_model(catalog, way, model)])


def _origins(patient: Patient) -> list[Finding]:
    return (
        check_origins(see_origins(patient.origins), patient.environ, bool(patient.proxies)) if patient.is_here else []
    )


def _turn(patient: Patient) -> list[Finding]:
    way = patient.way
    if way is None:
        return [Finding("turn", Verdict.ERROR, "Codex does not go to Codex-LB, so no turn was taken.")]
    if not patient.door.is_ours:
        return [Finding("turn", Verdict.ERROR, f"Codex-LB does not answer at {way.url}, so no turn was taken.")]
    model = (patient.config.data or {}).get("model")
    if model is None and patient.catalog is not None:
        model = next(iter(patient.catalog.to_pick), None)
    if model is None:
        return [Finding("turn", Verdict.ERROR, "It is not known which models there are, so no turn was taken.")]
    store = patient.store
    taken = take_turn(way.url, way.key, str(model), patient.trust)
    return check_turn(taken, partial(served_by, store.database, store.known.accounts))


def _leaks(patient: Patient, places: Sequence[Path]) -> list[Finding]:
    store = patient.store
    everywhere = [*([patient.home] if store.home_mode is not None else []), *places]
    found = check_leaks(everywhere, store.known.secrets, store.key_file, store.known.keys)
    if store.hides_tokens:
        sentence = "The tokens in the database could not be read, so only what looks like one was searched for."
        found.append(Finding("leaks", Verdict.NOTE, sentence))
    return found
