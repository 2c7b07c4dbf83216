"""Forks of what changes its length."""

from __future__ import annotations

import pytest

from scripts.sessions.bases import with_bases
from scripts.sessions.edits import Edit
from scripts.sessions.rollout_line import Base, Value

NAME = Edit(10, b'"openai"', b'"codex-lb"')


def base(rollout: str, offset: int, start: int = 50) -> Base:
    return Base(rollout, Value(start, b"%d}" % offset, offset))


def number(was: int, becomes: int, start: int = 50) -> Edit:
    return Edit(start, b"%d}" % was, b"%d}" % becomes)


@pytest.mark.parametrize(
    ("named", "bases", "edits"),
    [
        ({}, {"b": base("a", 90)}, {}),
        ({"a": (NAME,)}, {}, {"a": (NAME,)}),
        ({"a": (NAME,)}, {"b": base("a", 90)}, {"a": (NAME,), "b": (number(90, 92),)}),
        ({"a": (NAME,), "b": (NAME,)}, {"b": base("a", 90)}, {"a": (NAME,), "b": (NAME, number(90, 92))}),
        ({"b": (NAME,)}, {"b": base("a", 90)}, {"b": (NAME,)}),
        # Based on the beginning: nothing grew before it.
        ({"a": (NAME,)}, {"b": base("a", 10)}, {"a": (NAME,)}),
        # The number of b takes a digit more, and c is based on b.
        (
            {"a": (NAME,)},
            {"c": base("b", 200), "b": base("a", 98)},
            {"a": (NAME,), "b": (number(98, 100),), "c": (number(200, 201),)},
        ),
        ({"a": (NAME,)}, {"a": base("b", 70), "b": base("a", 90)}, {"a": (NAME,), "b": (number(90, 92),)}),
        ({"a": (NAME,)}, {"b": base("gone", 90)}, {"a": (NAME,)}),
    ],
    ids=["nothing", "no fork", "fork", "fork named too", "fork alone", "early", "fork of a fork", "circle", "gone"],
)
def test_edits_with_those_of_forks(
    named: dict[str, tuple[Edit, ...]], bases: dict[str, Base], edits: dict[str, tuple[Edit, ...]]
) -> None:
    assert with_bases(named, bases) == edits


def test_a_thousand_forks_of_each_other() -> None:
    bases = {str(number): base(str(number - 1), 90) for number in range(2000, 0, -1)}

    assert with_bases({"0": (NAME,)}, bases).keys() == {"0", "1"}
