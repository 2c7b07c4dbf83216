"""How long what was seen is kept."""

from __future__ import annotations

from addons.settings.setting import whole_number

DEFAULT_KEEP_DAYS = 400
"""A year can be compared with the one before."""
DEFAULT_EXPLAIN_DAYS = 30
DEFAULT_FLOWS = 500

RETENTION_DAYS = whole_number(
    "codexlb_retention_days",
    DEFAULT_KEEP_DAYS,
    "How long each request keeps its row; of older ones only the sums of their day stay. 0: for ever.",
    least=0,
    wanted="0 (for ever) or more days",
)
EXPLAIN_DAYS = whole_number(
    "codexlb_explain_days",
    DEFAULT_EXPLAIN_DAYS,
    "How long it is kept why a request went to its account. 0: as long as its row.",
    least=0,
    wanted="0 (for ever) or more days",
)
WEB_FLOWS = whole_number(
    "codexlb_web_flows",
    DEFAULT_FLOWS,
    "How many ended requests mitmweb keeps to be looked at; the oldest go first.",
    least=1,
    wanted="1 or more",
)
