from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from codexlb_store.limit_texts import parse_limit
from scripts.keys.rule_texts import (
    EFFORTS,
    Enforcement,
    parse_concurrency,
    parse_efforts,
    parse_enforcement,
    parse_expiry,
    parse_key_limit,
    parse_overlap,
    parse_words,
)


@pytest.mark.parametrize(
    ("parse", "text", "meant"),
    [
        (parse_expiry, "90d", 7_776_000),
        (parse_expiry, "30min", 1800),
        (parse_expiry, "36500d", 3_153_600_000),
        (parse_overlap, "0h", 0),
        (parse_words, "gpt-5.5*", ("gpt-5.5*",)),
        (parse_words, " gpt-5.5 , gpt-5.4,gpt-5.5", ("gpt-5.5", "gpt-5.4")),
        (parse_efforts, "low,Medium,low", ("low", "medium")),
        (parse_efforts, ",".join(EFFORTS), EFFORTS),
        (parse_concurrency, "4", parse_limit("4 concurrent")),
        (parse_key_limit, "20usd/week:gpt-5.5*", parse_limit("20usd/week:gpt-5.5*")),
        # what is enforced
        (parse_enforcement, "model=gpt-5.5", Enforcement(model="gpt-5.5")),
        (parse_enforcement, " effort = LOW, tier=flex", Enforcement(effort="low", tier="flex")),
        (parse_enforcement, "tier=fast,model=a,effort=none", Enforcement("a", "none", "priority")),
    ],
)
def test_what_a_text_means(parse: Callable[[str], Any], text: str, meant: Any) -> None:
    assert parse(text) == meant


@pytest.mark.parametrize(
    ("parse", "text", "sentence"),
    [
        (parse_expiry, "soon", "'soon' is no length of time: write one such as 90d, 24h or 30min."),
        (parse_expiry, "0d", "'0d' is too short: give something from 1min to 36500d."),
        (parse_expiry, "36501d", "'36501d' is too long"),
        (parse_overlap, "-1h", "'-1h' is no length of time"),
        (parse_words, "", "'' is not one name"),
        (parse_words, "gpt-5.5,", "'' is not one name"),
        (parse_words, "gpt 5", "'gpt 5' is not one name"),
        (parse_words, "\x1b[31m", r"'\x1b[31m' is not one name"),
        (parse_efforts, "low,lwo", "'lwo' is no reasoning effort: give some of none, minimal, low, medium, high"),
        (parse_concurrency, "0", "The limit '0 concurrent' does not come to whole units"),
        (parse_concurrency, "many", "The limit 'many concurrent' cannot be read"),
        (parse_key_limit, "5M", "The limit '5M' "),
        (parse_key_limit, "5M-tokens/day:\x1b[31m", r"The limit '5M-tokens/day:\x1b[31m' has characters that cannot"),
        # what is enforced
        (parse_enforcement, "", "'' enforces nothing that is known"),
        (parse_enforcement, "speed=high", "'speed=high' enforces nothing that is known"),
        (parse_enforcement, "model=a,model=b", "'model=a,model=b' enforces nothing that is known"),
        (parse_enforcement, "model=gpt*", "The model 'gpt*' is a pattern: what is enforced must be one model."),
        (parse_enforcement, "model", "'' is not one name"),
        (parse_enforcement, "effort=most", "'most' is no reasoning effort"),
        (parse_enforcement, "tier=best", "'best' is no service tier: give one of auto, default, flex, priority, fast."),
    ],
)
def test_anything_else_is_answered_with_what_can_be_written(
    parse: Callable[[str], Any], text: str, sentence: str
) -> None:
    with pytest.raises(ValueError) as raised:
        parse(text)

    assert str(raised.value).startswith(sentence)
