from __future__ import annotations

import pytest

from scripts.client_config.difference import difference


def test_a_difference_is_coloured() -> None:
    told = difference("f", "a\nb\nc\r\n", "a\nB\nc\r\n")

    assert told.plain == "--- f\n+++ f\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c"
    assert {told.plain[span.start : span.end]: span.style for span in told.spans if span.style} == {
        "--- f": "bold", "+++ f": "bold", "@@ -1,3 +1,3 @@": "cyan", "-b": "red", "+B": "green",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('experimental_bearer_token = "hush"', "experimental_bearer_token = …"),
        ("env = { API_TOKEN = 'hush', A = 'b' }", "env = { API_TOKEN = …, A = 'b' }"),
        ('http_headers = { "Authorization" = "Bearer \\"hush" }', 'http_headers = { "Authorization" = … }'),
        ('OPENAI_KEY="hush"', "OPENAI_KEY=…"),
        ('"x-api-key" = "hush"', '"x-api-key" = …'),
        ('env_key = "CODEX_LB_API_KEY"', 'env_key = "CODEX_LB_API_KEY"'),
        ("model_auto_compact_token_limit = 20000", "model_auto_compact_token_limit = 20000"),
        ("a = '\x1b[31m'", "a = '?[31m'"),
    ],
)
def test_no_secret_and_no_control_character_is_shown(line: str, shown: str) -> None:
    assert difference("f", f"{line}\n", f"{line}\nnew\n").plain.splitlines()[3:] == [f" {shown}", "+new"]


def test_an_end_without_a_line_end_is_no_trouble() -> None:
    assert difference("f", "a", "a\nb\n").plain.splitlines()[3:] == ["-a", "+a", "+b"]
