from __future__ import annotations

import re

import pytest

from scripts.client_config.change import Change, changed, undone
from scripts.client_config.editing import EditError
from scripts.client_config.meaning import TomlError, meaning
from scripts.client_config.provider import Asked, Provider, wanted_values
from scripts.client_config.statements import KeyPath
from tests.scripts.client_config.people import CONFIG, CONFIGURED
from tests.scripts.client_config.samples import SAMPLES

URL = "http://127.0.0.1:2455/backend-api/codex"


def values(key: str | None = None, chooser: KeyPath = (), model: str | None = None) -> dict[KeyPath, str | None]:
    return wanted_values(Provider("OpenAI", URL, key), Asked("codex-lb", model=model), chooser)


def test_a_whole_configuration() -> None:
    assert changed(CONFIG, values()).text == CONFIGURED


@pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize("chooser", [(), ("profiles", "p")], ids=["default", "profile"])
def test_every_configuration_can_be_changed_once_and_back(text: str, chooser: KeyPath) -> None:
    wanted = values("KEY", chooser, "gpt-5.4")
    before = meaning(text)

    change = changed(text, wanted)
    again = changed(change.text, wanted)
    back = undone(change.text, change)

    assert (again.text, again.steps) == (change.text, ())
    assert back.kept == ()
    assert meaning(back.text) == before
    if "codex-lb.http_headers" not in text:  # else the header of the provider itself stays, with nothing below it
        assert squeezed(back.text) in (squeezed(text), squeezed(text + end_of(text)))


def squeezed(text: str) -> str:
    """The text without what tomlkit leaves different behind what was the last one in an inline table."""
    return re.sub(r"[ \t]+[}]", "}", text.replace("}, # c", "} # c"))


def end_of(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


USER = """
[notice]
hide_full_access_warning = true
"""
INSIDE = CONFIGURED.replace("wire_api", "# retries\nrequest_max_retries = 9\nwire_api")


@pytest.mark.parametrize(
    ("now", "back", "kept"),
    [
        pytest.param(CONFIGURED + USER, CONFIG + USER, (), id="something was added below"),
        pytest.param("x = 1\n" + CONFIGURED, "x = 1\n" + CONFIG, (), id="and above"),
        pytest.param(CONFIGURED + "# mine\n\n[t]\n", CONFIG + "# mine\n\n[t]\n", (), id="a comment of the next table"),
        pytest.param(INSIDE, CONFIG, (), id="something was added to the provider"),
        pytest.param(CONFIGURED + '[model_providers.codex-lb.http_headers]\na = "b"\n', CONFIG, (), id="or below it"),
        pytest.param(CONFIGURED.replace(URL, "https://x/backend-api/codex"), CONFIG, (), id="another address"),
        pytest.param(
            CONFIGURED.replace('= "codex-lb"', '= "other"'),
            CONFIG.replace("\n\n[", '\nmodel_provider = "other"\n\n['),
            (("model_provider",),),
            id="another provider was chosen",
        ),
        pytest.param(CONFIG, CONFIG, (), id="it was undone by hand"),
        pytest.param("", "", (), id="everything is gone"),
    ],
)
def test_it_is_undone_whatever_else_was_changed_since(now: str, back: str, kept: tuple[KeyPath, ...]) -> None:
    result = undone(now, changed(CONFIG, values()))

    assert (result.text, result.kept) == (back, kept)


def test_what_was_replaced_comes_back_as_it_was_written() -> None:
    before = "model_provider = 'openai' # mine\n[model_providers.codex-lb]\nname='openai'\nwire_api = \"chat\"\n"
    change = changed(before, values("KEY"))

    assert undone(change.text + USER, change).text == before + USER


def test_a_key_that_was_taken_out_comes_back() -> None:
    before = changed(CONFIG, values("KEY")).text
    change = changed(before, values())

    assert "env_key" not in change.text
    assert undone(change.text, change).text == before


@pytest.mark.parametrize(
    "text",
    [
        "model_providers = 1\n",
        "[[model_providers]]\nx = 1\n",
        "[model_providers]\ncodex-lb = 'x'\n",
        "[model_providers.codex-lb]\nname.first = 'x'\n",
        "model_provider.x = 1\n",
    ],
)
def test_what_cannot_be_edited_without_damage_is_refused(text: str) -> None:
    with pytest.raises(EditError):
        changed(text, values())


def test_what_is_no_toml_is_refused() -> None:
    with pytest.raises(TomlError):
        changed("a = \n", values())
    with pytest.raises(TomlError):
        undone("a = \n", Change("", (), ()))
