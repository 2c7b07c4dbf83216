from __future__ import annotations

import pytest

from scripts.accounts.problems import WORDS, in_words


@pytest.mark.parametrize("code", WORDS)
def test_known_codes_have_words_and_stay_searchable(code: str) -> None:
    assert in_words(code) == f"{WORDS[code]} ({code})"


def test_other_codes_speak_for_themselves() -> None:
    assert in_words("http_503") == "http_503"
