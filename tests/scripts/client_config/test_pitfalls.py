from __future__ import annotations

from typing import Any

import pytest

from scripts.client_config.pitfalls import pitfalls

LOCAL = "http://127.0.0.1:2455/backend-api/codex"
REMOTE = "https://lb.example.com/backend-api/codex"


def config(url: str = LOCAL, top: dict[str, Any] | None = None, **table: Any) -> dict[str, Any]:
    return {**(top or {}), "model_providers": {"p": {"name": "OpenAI", "base_url": url, **table}}}


@pytest.mark.parametrize(
    ("data", "environ", "words"),
    [
        pytest.param(config(), {}, (), id="nothing"),
        pytest.param(config(top={"profile": "x"}), {}, ('profile = "x"', "since 0.134"), id="a profile by default"),
        pytest.param(config(top={"chatgpt_base_url": "x"}), {}, ("past Codex-LB",), id="chatgpt_base_url"),
        pytest.param(config(requires_openai_auth=True), {}, ("a ChatGPT login of its own",), id="requires_openai_auth"),
        pytest.param(config(requires_openai_auth=False), {}, (), id="not required"),
        pytest.param(config(top={"forced_login_method": "api"}), {}, ("needs none",), id="forced_login_method"),
        pytest.param(config(env_key="K", auth={"command": "x"}), {}, ("exclude each other",), id="auth and env_key"),
        pytest.param(config(experimental_bearer_token="hush"), {}, ("--key-env",), id="a token in the file"),
        pytest.param(config(experimental_bearer_token="hush", env_key="K"), {}, (), id="which env_key overrides"),
        pytest.param(config("http://lb/backend-api/codex"), {}, ("not encrypted",), id="not encrypted"),
        pytest.param(config(REMOTE), {"HTTPS_PROXY": "x", "HTTP_PROXY": "x"}, (), id="a proxy on the way"),
        pytest.param(config(), {"http_proxy": "x"}, ("NO_PROXY=127.0.0.1",), id="a proxy in the way"),
        pytest.param(config(), {"ALL_PROXY": "x", "NO_PROXY": "h"}, ("ALL_PROXY is set",), id="of all protocols"),
        pytest.param(config(), {"HTTP_PROXY": "x", "no_proxy": "h, 127.0.0.1"}, (), id="spared"),
        pytest.param(config(), {"HTTP_PROXY": "x", "NO_PROXY": "*"}, (), id="all spared"),
        pytest.param(config(top={"openai_base_url": "x"}), {}, ("openai_base_url is set",), id="openai_base_url"),
        pytest.param(config(), {"OPENAI_BASE_URL": "x"}, ("OPENAI_BASE_URL is set",), id="OPENAI_BASE_URL"),
    ],
)
def test_what_leads_past_the_proxy_is_told(data: Any, environ: dict[str, str], words: tuple[str, ...]) -> None:
    sentences = pitfalls(data, "p", environ)

    assert len(sentences) == bool(words)
    assert all(word in sentences[0] for word in words)
    assert "hush" not in str(sentences)
