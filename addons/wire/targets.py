"""A request target: raw bytes as text in; its path as a server reads it, a flaw, or the same without `/v1` out."""

from __future__ import annotations

import re
import urllib.parse

TREE = "/backend-api/codex/"
"""Where a Codex provider's base_url points to."""

MOST_TARGET_BYTES = 8 * 1024
"""Codex's own targets are shorter than a hundred bytes."""

_VERSIONED = TREE + "v1/"

# Controls, spaces, NUL and halves of characters never stand in an honest request target.
_UNCLEAN = re.compile(r"[^\x21-\x7e]")

# Looked for after one percent-decoding. A `%` left then is a second encoding: the next decoder on the way
# would see a path that nobody checked here. At `;`, `?` and `#` some servers cut a name or the whole path off.
_TRICK = re.compile(r"[\x00-\x1f\x7f\\%;?#]|//|/\.{1,2}(?:/|$)")


def without_version(target: str) -> str:
    """The target without the `v1/` that some clients put behind base_url, once and only where it stands plainly.

    This is done before anything is judged, so that what is judged is what goes upstream.
    """
    return TREE + target.removeprefix(_VERSIONED) if target.startswith(_VERSIONED) else target


def path_of(target: str) -> str:
    """The path of a request target as it is routed: without parameters, and decoded once."""
    # Latin-1 maps each byte to one character, so no decoding error can hide one.
    return urllib.parse.unquote(target.partition("?")[0], "latin-1")


def flaw_of(target: str) -> str | None:
    """Why a target cannot be routed: what of it two readers could take for different paths."""
    if not target.startswith("/"):
        return "it must be a path that starts with a slash"
    if _UNCLEAN.search(target):
        return "it holds a control, space or non-ASCII character"
    if "#" in target:
        return "it holds a fragment"
    if _TRICK.search(path_of(target)):
        return "its path holds a dot or empty segment, a control character, a double encoding or one of \\ ; ? #"
    return None


def as_a_lax_server_reads(path: str) -> str:
    """The path without what some servers overlook: what is a known one to them must not be an unknown one here, where
    other rules and limits of a key are held against it."""
    return path.rstrip("/. ").lower()


def reads_as_versioned(path: str) -> bool:
    """Whether a decoded path still has a `v1` that some server could overlook: in other letters, escaped, or twice."""
    return (as_a_lax_server_reads(path) + "/").startswith(_VERSIONED)
