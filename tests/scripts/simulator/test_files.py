"""The simulated service keeps a file at the account that it was announced to."""

from __future__ import annotations

import pytest

from scripts.simulator.server import Simulator
from tests.scripts.simulator.caller import call, credentials


@pytest.mark.parametrize("folder", ["/backend-api/codex/files", "/backend-api/files"])
async def test_a_file_is_known_to_its_own_account_alone(sim: Simulator, folder: str) -> None:
    mine, other = (credentials(sim.auth_json(name)) for name in ("plus-1", "pro-1"))
    told = (await call(sim, "POST", folder, mine, {"file_name": "a.txt"})).json()
    path = f"{folder}/{told['file_id']}/uploaded"

    assert told["upload_url"].endswith(told["file_id"])
    assert (await call(sim, "POST", path, mine, {})).json()["status"] == "success"
    assert (await call(sim, "POST", path, other, {})).status == 404
    assert (await call(sim, "POST", f"{folder}/file_x/uploaded", mine, {})).status == 404
    assert (await call(sim, "POST", folder, {}, {})).status == 401
