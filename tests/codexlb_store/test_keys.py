from __future__ import annotations

import pytest

from codexlb_store.keys import Key, digest_of


@pytest.mark.parametrize(
    ("models", "model", "allowed"),
    [
        pytest.param(None, "anything", True, id="no rule"),
        pytest.param(("gpt-5.5",), "gpt-5.5", True, id="this one"),
        pytest.param(("gpt-5.5",), "gpt-5.5-pro", False, id="and no other"),
        pytest.param(("gpt-4", "gpt-5*"), "gpt-5.5-pro", True, id="one of several globs"),
        pytest.param((), "gpt-5.5", False, id="none at all"),
    ],
)
def test_which_models_a_key_may_use(models: tuple[str, ...] | None, model: str, allowed: bool) -> None:
    assert Key("laptop", 0, models=models).allows_model(model) is allowed


@pytest.mark.parametrize(
    ("names", "allowed"),
    [
        pytest.param(None, True, id="no rule"),
        pytest.param(("low", "high"), True, id="one of several"),
        pytest.param(("low",), False, id="another"),
    ],
)
def test_which_efforts_and_accounts_a_key_may_use(names: tuple[str, ...] | None, allowed: bool) -> None:
    assert Key("laptop", 0, efforts=names).allows_effort("high") is allowed
    assert Key("laptop", 0, accounts=names).allows_account("high") is allowed


@pytest.mark.parametrize(
    ("plain", "digest"),
    [
        pytest.param("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", id="text"),
        pytest.param("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", id="nothing"),
        pytest.param("a\udcffc", digest_of("a?c"), id="a byte that is no UTF-8"),
    ],
)
def test_whatever_a_client_sends_has_a_digest(plain: str, digest: str) -> None:
    assert digest_of(plain) == digest
