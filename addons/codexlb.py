"""For mitmdump, mitmweb and mitmproxy: `-s addons/codexlb.py` puts the whole chain into a reverse proxy."""

import asyncio
import logging
import os
import sys

from mitmproxy import ctx
from mitmproxy.addonmanager import Loader, traverse

from addons.chain import Chain, chain
from addons.core import contract
from addons.core.refusal import refusal
from addons.flows.inspection import inspection
from codexlb_store.pricing import PriceError
from codexlb_store.schema import StoreError
from codexlb_store.vault import VaultError

logger = logging.getLogger(__name__)

addons = []
if drift := contract.problems():  # where an addon says so mitmproxy keeps it to itself
    logger.error("%s", refusal(drift))
try:
    addons.append(chain(os.environ, inspection(ctx.master.addons.get("view"))))
except (StoreError, VaultError, PriceError) as error:
    logger.error("%s", error)  # mitmproxy ends over an error at its start


def load(loader: Loader) -> None:
    """mitmproxy says nothing of an addon or an option that is refused now, and goes on without the script."""
    if addons:
        asyncio.get_running_loop().call_soon(end_unless_in_place)


def end_unless_in_place() -> None:
    """A mitmproxy without the chain forwards what nobody has judged, to wherever its mode says."""
    if not any(isinstance(each, Chain) for each in traverse(ctx.master.addons.chain)):
        logger.error("Codex-LB is not in place, and without it mitmproxy would forward everything: so it ends.")
        sys.exit(1)
