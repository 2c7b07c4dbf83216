"""Where things are: what is looked for goes in, the address of a page comes out."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping

REQUESTS, CONVERSATIONS, LIVE = "/dashboard/requests", "/dashboard/conversations", "/dashboard/live"


class Link(str):
    """An address of ours: made here, so it is not cut off like words of others."""

    __slots__ = ()


def link(path: str, parameters: Mapping[str, str]) -> Link:
    """The address of a page of ours with these parameters, those without a value left out."""
    query = urllib.parse.urlencode({name: value for name, value in parameters.items() if value})
    return Link(f"{path}?{query}" if query else path)


def requests_link(parameters: Mapping[str, str]) -> Link:
    """The address of the requests that pass these filters."""
    return link(REQUESTS, parameters)
