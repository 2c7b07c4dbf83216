from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from codexlb_store.keys import Key
from codexlb_store.limit_texts import parse_limit
from scripts.keys.rule_texts import Enforcement
from scripts.keys.rules import Rules, RulesError, draft, one_of_each

NONE = Rules(
    expires=None, models=None, efforts=None, limits=(), concurrency=None, enforce=None, time_zone="Europe/Berlin"
)
NOW = 1000.0


def drafted(**rules: Any) -> Key:
    return draft("laptop", replace(NONE, **rules), None, NOW)


def test_without_rules_everything_is_allowed_for_ever() -> None:
    assert drafted() == Key("laptop", NOW, time_zone="Europe/Berlin")


def test_every_rule_has_its_place_in_the_draft() -> None:
    day, four = parse_limit("5M-tokens/day"), parse_limit("4 concurrent")
    rules = replace(
        NONE,
        expires=60,
        models=("gpt-5.5*",),
        efforts=("low",),
        limits=(day,),
        concurrency=four,
        enforce=Enforcement("gpt-5.5", "low", "flex"),
    )

    assert draft("laptop", rules, ("a1",), NOW) == Key(
        name="laptop",
        created_at=NOW,
        expires_at=NOW + 60,
        time_zone="Europe/Berlin",
        enforced_model="gpt-5.5",
        enforced_effort="low",
        enforced_tier="flex",
        models=("gpt-5.5*",),
        efforts=("low",),
        accounts=("a1",),
        limits=(day, four),
    )


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        (
            {"models": ("gpt-5.5*",), "enforce": Enforcement(model="gpt-5.4")},
            "The key would enforce the model gpt-5.4, which its --models do not allow.",
        ),
        (
            {"efforts": ("low",), "enforce": Enforcement(effort="high")},
            "The key would enforce the effort high, which its --efforts do not allow.",
        ),
        (
            {"limits": (parse_limit("2 concurrent"),), "concurrency": parse_limit("4 concurrent")},
            "The limits 2 concurrent and 4 concurrent are of the same: give one of them.",
        ),
    ],
    ids=["model", "effort", "limit"],
)
def test_rules_that_contradict_each_other_are_refused(rules: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RulesError) as raised:
        drafted(**rules)

    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ("texts", "is_fine"),
    [
        (["5M-tokens/day", "20M-tokens/week", "5M-input/day", "5M-tokens/day:gpt-5.5"], True),
        (["5M-tokens/day", "60req/min", "6M-tokens/day"], False),
        (["60req/min", "60req/min"], False),
    ],
)
def test_limits_of_one_key_differ_in_more_than_the_amount(texts: list[str], is_fine: bool) -> None:
    limits = tuple(map(parse_limit, texts))
    if is_fine:
        assert one_of_each(limits) == limits
        return
    with pytest.raises(RulesError, match="are of the same"):
        one_of_each(limits)
