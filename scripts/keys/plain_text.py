"""A key's plain text: where it may never stand goes in, nothing happens; and how a new one reaches a person, once."""

from __future__ import annotations

import re

import click

from codexlb_store.key_changes import KEY_START, PREFIX_CHARACTERS
from scripts.lazy_group import LazyGroup

PLAIN_TEXT = re.compile(rf"{KEY_START}[A-Za-z0-9_-]{{20,}}")
"""All or much of a key; a piece shorter than that leaves more open than anybody can try."""

HOW_TO_USE = (
    "It is shown this once. Where Codex runs: `export CODEX_LB_API_KEY=...`, and "
    '`env_key = "CODEX_LB_API_KEY"` below `base_url` in config.toml.'
)


class KeysGroup(LazyGroup):
    """Takes no plain text of a key in any place: what is not read is neither stored nor repeated in a message."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for found in filter(None, map(PLAIN_TEXT.search, args)):
            raise click.ClickException(
                "A key itself is for its client alone: give its name here, or its beginning "
                f"{found[0][:PREFIX_CHARACTERS]}."
            )
        return super().parse_args(ctx, args)


def hand_over(plain: str, said: str) -> None:
    """Print a new key by itself to standard output, and to the person what it is and what to do with it."""
    click.echo(f"{said}\n", err=True)
    click.echo(plain)
    click.echo(f"\n{HOW_TO_USE}", err=True)
