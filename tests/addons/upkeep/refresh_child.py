"""A process that refreshes one account and says what came of it: `python -m ... ISSUER ACCOUNT_ID`.

Then it waits for the end of its input, so that it can be killed after the refresh as well as in it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from addons.upkeep.household import household
from addons.wire.origins import parse_origin
from addons.wire.tokens import RefreshProblem
from codexlb_store.home import home_folder


async def refresh(issuer: str, account_id: str) -> None:
    origin = parse_origin(issuer)
    async with household(home_folder(os.environ), os.environ, origin, origin) as home:
        found = await home.refresh(account_id)
        problem = found.code if isinstance(found, RefreshProblem) else None
        print(json.dumps({"problem": problem}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(refresh(*sys.argv[1:]))
