"""No secret is written down or said anywhere but in the vault and by `accounts export`, whatever happens."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scripts.simulator.client import SimulatorProcess
from tests.end_to_end.canary_scene import FLOWS, TEMPORARY, Crashing, Scene
from tests.end_to_end.canary_steps import (
    check_and_refresh,
    damage_database,
    damage_key,
    damage_tokens,
    import_logins,
    log_in,
    look,
    mistake,
    serve_and_suffer,
)
from tests.end_to_end.odd_client import send_odd, turn
from tests.end_to_end.relay import RecordingRelay
from tests.end_to_end.web_view import PASSWORD, watching, web_pages
from tests.ports import free_port

BUSY = ("--set", "codexlb_poll_seconds=1", "--set", "codexlb_strategy=round_robin")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Programs that say all they can: what asyncio wonders about, and where they are when they crash."""
    with SimulatorProcess("ann:plus,bob:plus,cleo:pro,dan:plus", device_interval=1) as simulator:
        where = urlsplit(simulator.origin)
        assert where.hostname and where.port
        (tmp_path / TEMPORARY).mkdir()
        monkeypatch.setenv("TMPDIR", str(tmp_path / TEMPORARY))
        monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
        monkeypatch.setenv("PYTHONFAULTHANDLER", "1")
        with RecordingRelay((where.hostname, where.port)) as wire:
            yield Scene(tmp_path, simulator, wire)


def live(scene: Scene, proxy: Crashing) -> None:
    """A long day."""
    serve_and_suffer(scene, proxy)
    check_and_refresh(scene)
    send_odd(proxy)
    log_in(scene)
    assert {turn(proxy) for _ in range(6)} == {200}
    look(scene)


async def test_nothing_that_is_kept_or_said_holds_a_secret(scene: Scene) -> None:
    import_logins(scene)
    mistake(scene)
    port = free_port()
    web = ("--web", "--web-port", str(port), *PASSWORD)
    with scene.serve("-w", str(scene.folder / FLOWS), *web, *BUSY) as proxy:
        async with watching(port) as pushed:
            await asyncio.to_thread(live, scene, proxy)
        pages = await asyncio.to_thread(web_pages, port)
        for name, shown in (("pushed", pushed), ("pages", pages)):
            scene.keep(name, b"\n".join(shown))
        only_the_key = {scene.key_file: ["the key at 0"]}
        assert scene.leaks() == only_the_key, "while it runs"
        proxy.stop()

    assert scene.leaks() == only_the_key
    everything = (pages[0], b"".join(pushed), scene.flows())
    assert all(b"/backend-api/codex/responses" in shown for shown in everything)
    assert all(b": 401 " in shown and b"attempt 1 of " in shown for shown in everything), "failed attempts, too"
    (scene.folder / TEMPORARY / "dump").write_bytes(base64.b64encode(scene.logins[-1].encode()))
    assert len(scene.leaks()) == 2, "what is planted is found"


def test_nothing_that_is_said_in_a_crash_holds_a_secret(scene: Scene) -> None:
    import_logins(scene)
    with scene.serve() as proxy:
        assert turn(proxy) == 200
        damage_tokens(scene, proxy)
        proxy.abort()
        assert "Fatal Python error: Aborted" in proxy.log()
    assert scene.leaks() == {scene.key_file: ["the key at 0"]}

    damage_key(scene)
    damage_database(scene)
    assert scene.leaks() == {scene.key_file: ["the key at 0"]}
