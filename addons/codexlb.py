"""For mitmdump, mitmweb and mitmproxy: `-s addons/codexlb.py` puts the whole chain into a reverse proxy."""

import os

from addons.chain import chain

addons = [chain(os.environ)]
