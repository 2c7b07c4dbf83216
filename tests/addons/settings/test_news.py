"""What another version of the file changes, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from addons.settings.news import News, news
from addons.settings.resolve import SettingsFile, resolve
from addons.settings.setting import Value

ROUND, FILL = 'codexlb_strategy = "round_robin"', 'codexlb_strategy = "fill_first"'


@pytest.mark.parametrize(
    ("before", "after", "taken", "changes", "words"),
    [
        pytest.param(ROUND, ROUND, {}, {}, "", id="nothing"),
        pytest.param("codexlb_poll_seconds = 300", "", {}, {}, "", id="the default, no longer said"),
        pytest.param(
            ROUND, FILL, {}, {"codexlb_strategy": "fill_first"}, "codexlb_strategy is fill_first now (file)", id="value"
        ),
        pytest.param(
            FILL, "", {}, {"codexlb_strategy": "capacity_weighted"},
            "codexlb_strategy is capacity_weighted now (default)", id="removed",
        ),
        pytest.param(
            "codexlb_hosts = 'pool'", "codexlb_hosts = ''", {}, {"codexlb_hosts": ""},
            "codexlb_hosts is empty now (file)", id="empty",
        ),
        pytest.param("", "listen_port = 8", {}, {}, "listen_port is 8 from the next start on", id="not while it runs"),
        pytest.param(
            ROUND, FILL, {"codexlb_strategy": "usage_weighted"}, {},
            "codexlb_strategy is usage_weighted all the same, for the command line or mitmweb says so", id="taken",
        ),
        pytest.param(
            "", FILL + "\nlisten_port = 8", {}, {"codexlb_strategy": "fill_first"},
            "codexlb_strategy is fill_first now (file); listen_port is 8 from the next start on", id="two",
        ),
    ],
)  # fmt: skip
def test_what_is_new(before: str, after: str, taken: dict[str, Value], changes: dict[str, Value], words: str) -> None:
    was, is_now = (resolve({}, {}, SettingsFile(Path("/c"), text)) for text in (before, after))

    assert news(was, is_now, taken) == News(changes, f"The settings were changed: {words}." if words else "")
