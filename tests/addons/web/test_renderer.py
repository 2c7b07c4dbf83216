"""Which paths are pages."""

from __future__ import annotations

import pytest

from addons.web.renderer import NAVIGATION, PAGES, kind_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        *((path, path) for path, _ in NAVIGATION),
        ("/dashboard/requests/0a1b", "/dashboard/requests/ID"),
        ("/dashboard/live", None),
        ("/dashboard/", None),
        ("/api/v1/keys", None),
        ("", None),
    ],
)
def test_every_page_is_of_a_kind(path: str, kind: str | None) -> None:
    assert kind_of(path) == kind
    assert kind is None or kind in PAGES
