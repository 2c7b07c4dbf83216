"""The origins a command talks to, as options: what a person wrote goes in, an Origin or a usage error comes out."""

from __future__ import annotations

import click

from addons.wire.origins import Origin, parse_origin

DEFAULT_ISSUER, DEFAULT_UPSTREAM = "https://auth.openai.com", "https://chatgpt.com"


def read_origin(_context: click.Context, _option: click.Parameter, text: str) -> Origin:
    """The origin that was written; a usage error for anything else."""
    try:
        return parse_origin(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


issuer_option = click.option(
    "--issuer",
    default=DEFAULT_ISSUER,
    show_default=True,
    callback=read_origin,
    metavar="ORIGIN",
    help="Origin that refreshes tokens.",
)
upstream_option = click.option(
    "--upstream",
    default=DEFAULT_UPSTREAM,
    show_default=True,
    callback=read_origin,
    metavar="ORIGIN",
    help="Origin that is asked.",
)
