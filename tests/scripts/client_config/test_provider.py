from __future__ import annotations

import pytest

from scripts.client_config.base_url import DEFAULT
from scripts.client_config.editing import Data, EditError
from scripts.client_config.provider import (
    Asked,
    Provider,
    ProviderError,
    checked_id,
    checked_variable,
    provider_of,
    wanted_values,
)

REMOTE = "https://lb.example.com/backend-api/codex"


def there(**table: object) -> Data:
    return {"model_providers": {"p": table}}


@pytest.mark.parametrize(
    ("data", "asked", "found"),
    [
        pytest.param({}, Asked("p"), Provider("OpenAI", DEFAULT, None), id="nothing is there"),
        pytest.param(
            {}, Asked("p", REMOTE, "openai", "K"), Provider("openai", REMOTE, "K"), id="everything was asked for"
        ),
        pytest.param(
            there(name="openai", base_url=REMOTE, env_key="K"), Asked("p"), Provider("openai", REMOTE, "K"),
            id="what is there stays",
        ),
        pytest.param(
            there(name="Codex LB", base_url="http://127.0.0.1:9/v1", env_key=3), Asked("p"),
            Provider("OpenAI", "http://127.0.0.1:9/backend-api/codex", None), id="what cannot work is mended",
        ),
        pytest.param(
            there(base_url=REMOTE, env_key="K"), Asked("p", no_key=True), Provider("OpenAI", REMOTE, None), id="no key"
        ),
        pytest.param(there(env_key="K"), Asked("p", key_env="L"), Provider("OpenAI", DEFAULT, "L"), id="another key"),
    ],
)  # fmt: skip
def test_what_was_left_open_stays_if_it_can_work(data: Data, asked: Asked, found: Provider) -> None:
    assert provider_of(data, asked) == found


@pytest.mark.parametrize("url", ["https://api.other.example/v1", 3])
def test_a_provider_of_another_service_is_not_taken_over_unasked(url: object) -> None:
    data = there(name="Other", base_url=url)

    with pytest.raises(ProviderError, match="leads elsewhere"):
        provider_of(data, Asked("p"))
    assert provider_of(data, Asked("p", REMOTE)).base_url == REMOTE


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(EditError, match=r"model_providers\.p is no table"):
        provider_of({"model_providers": {"p": 1}}, Asked("p"))


def test_values_come_in_the_order_in_which_they_are_written() -> None:
    values = wanted_values(Provider("OpenAI", DEFAULT, None), Asked("p", model="m"), ("profiles", "x"))

    assert list(values.items()) == [
        (("profiles", "x", "model"), "m"),
        (("profiles", "x", "model_provider"), "p"),
        (("model_providers", "p", "name"), "OpenAI"),
        (("model_providers", "p", "base_url"), DEFAULT),
        (("model_providers", "p", "wire_api"), "responses"),
        (("model_providers", "p", "env_key"), None),
    ]


def test_another_provider_may_stay_the_one_that_is_used() -> None:
    values = wanted_values(Provider("OpenAI", DEFAULT, None), Asked("p", is_default=False), ())

    assert {path[0] for path in values} == {"model_providers"}


@pytest.mark.parametrize("text", ["openai", "ollama", "lmstudio", "amazon-bedrock", "a b", "", "a.b", "é"])
def test_ids_that_codex_refuses_are_refused(text: str) -> None:
    with pytest.raises(ProviderError):
        checked_id(text)


def test_a_key_in_the_place_of_a_variables_name_is_not_repeated() -> None:
    with pytest.raises(ProviderError) as refused:
        checked_variable("sk-clb-hush")

    assert "hush" not in str(refused.value)
    assert (checked_variable("CODEX_LB_API_KEY"), checked_id("codex-lb")) == ("CODEX_LB_API_KEY", "codex-lb")
