"""What README and CHANGELOG say is so: commands, options and figures of speech stand in the code."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator

import click
import pytest

from addons.settings.catalog import SETTINGS
from scripts.cli import main
from tests.sources import ROOT

README = (ROOT / "README.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text() if (ROOT / "CHANGELOG.md").exists() else ""
CI = (ROOT / ".ci" / "run").read_text()

CODE = re.compile(r"^```\w*\n(?P<block>.*?)^```|(?<!`)`(?P<span>[^`\n]+)`(?!`)", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[\s/])codexlb(?= )(?P<arguments>(?:[^\n|;&#<>\\]|\\\n)*)")
"""`codexlb` and its arguments, up to a pipe, a redirection, a comment or the next command."""


Commands = dict[tuple[str, ...], click.Command]
"""The words that lead to a command, and the command."""


def code_of(text: str) -> list[str]:
    """Every code block and every code span of a Markdown text."""
    return [match["block"] or match["span"] or "" for match in CODE.finditer(text)]


def invocations(text: str) -> list[list[str]]:
    """The arguments of every `codexlb ...` in the code of a Markdown text."""
    found = [match["arguments"] for code in code_of(text) for match in COMMAND.finditer(code)]
    return [shlex.split(arguments.replace("\\\n", " ")) for arguments in found]


def commands(group: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below `group` with the words that lead to it."""
    yield path, group
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            assert found is not None
            yield from commands(found, *path, name)


def mistakes(arguments: list[str], known: Commands) -> list[str]:
    """The words of one invocation that name no command or option; values and placeholders are not judged."""
    path: tuple[str, ...] = ()
    wrong = []
    for word in arguments:
        options = {option for parameter in known[path].params for option in parameter.opts} | {"--help", "-h"}
        if (*path, word) in known:
            path = (*path, word)
        elif word.startswith("-") and len(word) > 1 and word.partition("=")[0] not in options:
            wrong.append(f"{' '.join(path)} has no option {word}")
        elif not path and not word.startswith("-") and word.islower():
            wrong.append(f"there is no command {word}")
    return wrong


@pytest.fixture(scope="module")
def known() -> Commands:
    return dict(commands(main))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("Run `codexlb serve --port 1`.", [["serve", "--port", "1"]], id="span"),
        pytest.param("Codex-LB and codexlb serve are words", [], id="prose"),
        pytest.param("```bash\nx && .venv/bin/codexlb demo  # try\n```\n", [["demo"]], id="block"),
        pytest.param("```\ncodexlb report \\\n  --json | jq .\n```\n", [["report", "--json"]], id="2 lines"),
    ],
)
def test_commands_are_found_in_code_only(text: str, found: list[list[str]]) -> None:
    assert invocations(text) == found


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["serve", "--port", "1"], 0),
        (["report", "requests", "--json"], 0),
        (["report", "--colour"], 1),
        (["conquer"], 1),
        (["accounts", "import", "~/.codex/auth.json"], 0),
    ],
    ids=["value", "subcommand", "no such option", "no such command", "path"],
)
def test_a_command_or_option_that_is_not_there_is_a_mistake(arguments: list[str], wrong: int, known: Commands) -> None:
    assert len(mistakes(arguments, known)) == wrong


def test_every_command_in_the_readme_exists(known: Commands) -> None:
    found = invocations(README)

    assert found
    assert [wrong for arguments in found for wrong in mistakes(arguments, known)] == []


def test_the_readme_names_every_command(known: Commands) -> None:
    named = [" ".join(arguments) for arguments in invocations(README)]

    ends = [" ".join(path) for path, command in known.items() if path and not isinstance(command, click.Group)]
    assert [end for end in ends if not any(name.startswith(end) for name in named)] == []


def test_every_command_and_option_has_help(known: Commands) -> None:
    silent = [" ".join(path) for path, command in known.items() if not command.get_short_help_str()]
    mute = [
        f"{' '.join(path)} {option.opts[-1]}"
        for path, command in known.items()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]

    assert silent == []
    assert mute == []


def first_commands(text: str) -> list[str]:
    """The lines of code that begin with a fresh virtual environment: what a new user types."""
    lines = [line for code in code_of(text) for line in code.splitlines()]
    return [line for line in lines if line.startswith("python3 -m venv ")]


def test_continuous_integration_runs_the_readmes_two_commands_as_written() -> None:
    show, check = first_commands(README)

    assert show.endswith("codexlb demo")
    assert check.endswith("pytest")
    assert [line for line in (show, check) if line not in CI] == []


def test_the_readme_has_a_table_of_exactly_the_settings_there_are_and_their_defaults() -> None:
    rows = re.findall(r"^\| `(codexlb_\w+|listen_\w+|certs|body_size_limit)` \| (.*?) ?\|", README, re.MULTILINE)

    written = [(each.name, f"`{each.default}`" if each.kind is str else str(each.default)) for each in SETTINGS]
    assert sorted(rows) == sorted((name, "" if default == "``" else default) for name, default in written)


def test_the_changelog_is_kept_as_a_changelog() -> None:
    """https://keepachangelog.com: the newest release first, dated, with its own six kinds of news only."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    releases = re.findall(r"^## \[(.+?)\]( - \d{4}-\d{2}-\d{2})?$", CHANGELOG, re.MULTILINE)
    sections = set(re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE))

    assert CHANGELOG.startswith("# Changelog\n")
    assert releases[0][0] in ("Unreleased", version)
    assert all(date for name, date in releases if name != "Unreleased")
    assert sections <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
