"""For mitmdump, mitmweb and mitmproxy: `-s addons/codexlb.py` puts the whole chain into a reverse proxy."""

import logging
import os

from mitmproxy import ctx

from addons.chain import chain
from addons.flows.inspection import inspection
from codexlb_store.pricing import PriceError
from codexlb_store.schema import StoreError
from codexlb_store.vault import VaultError

addons = []
try:
    addons.append(chain(os.environ, inspection(ctx.master.addons.get("view"))))
except (StoreError, VaultError, PriceError) as error:
    logging.getLogger(__name__).error("%s", error)  # mitmproxy ends over an error at its start
