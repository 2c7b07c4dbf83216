"""Where forks begin: edits of rollouts and the bases of forks go in, edits of those bases come out.

A fork says up to which byte of another rollout its history goes. When that rollout changes length before this byte, so
must the number; and that may change the length of the fork, on which others are based.
"""

from __future__ import annotations

from collections.abc import Mapping

from scripts.sessions.edits import Edit, moved
from scripts.sessions.rollout_line import Base

Edits = tuple[Edit, ...]


def with_bases(named: Mapping[str, Edits], bases: Mapping[str, Base]) -> dict[str, Edits]:
    """All edits by rollout id, those of bases among them; what needs none is left out."""
    found = {rollout: edits for rollout, edits in named.items() if edits and rollout not in bases}
    for rollout in bases:
        for each in reversed(_line_of_descent(rollout, bases, found)):
            own = named.get(each, ())
            edits = tuple(sorted((*own, *_base_edit(bases[each], found)), key=lambda edit: edit.start))
            if edits:
                found[each] = edits
    return found


def _line_of_descent(rollout: str, bases: Mapping[str, Base], found: Mapping[str, Edits]) -> list[str]:
    """The rollout, what it is based on, and so on; what is done already or goes in a circle is left out."""
    line: dict[str, None] = {}
    while rollout in bases and rollout not in found and rollout not in line:
        line[rollout] = None
        rollout = bases[rollout].rollout
    return list(line)


def _base_edit(base: Base, found: Mapping[str, Edits]) -> Edits:
    offset = moved(base.offset, found.get(base.rollout, ()))
    if offset == base.offset:
        return ()
    return (Edit(base.value.start, base.value.token, b"%d" % offset + base.value.token[-1:]),)
