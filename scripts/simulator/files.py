"""The endpoints for files, below the tree and beside it: announced to an account, confirmed on the same one."""

from __future__ import annotations

import re

from scripts.simulator.call import Call, Handler
from scripts.simulator.refusals import not_found
from scripts.simulator.world import World

_PATH = re.compile(r"/backend-api/(?:codex/)?files(?:/([A-Za-z0-9_-]+)/uploaded)?")


class FilesApi:
    """Knows which account has which file; the bytes themselves would go elsewhere."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._owners: dict[str, str] = {}

    def handler(self, method: str, path: str) -> Handler | None:
        """Who answers a request; None for one that is not about files."""
        found = _PATH.fullmatch(path) if method == "POST" else None
        if found is None:
            return None
        return self.confirm if found[1] else self.announce

    async def announce(self, call: Call) -> None:
        """A new file, and where its bytes may be put."""
        account = self._world.admit(call.request.headers)
        file_id = f"file_{call.entry.number:032x}"
        self._owners[file_id] = account.seat.name
        await call.json(200, {"file_id": file_id, "upload_url": f"https://files.invalid/{file_id}"})

    async def confirm(self, call: Call) -> None:
        """The bytes are there; on another account than the file's, there is no such file."""
        account = self._world.admit(call.request.headers)
        file_id = call.entry.path.split("/")[-2]
        if self._owners.get(file_id) != account.seat.name:
            raise not_found()
        await call.json(200, {"status": "success", "file_name": "a.txt", "mime_type": "text/plain"})
