"""The command `codexlb keys`: one module per subcommand."""

from __future__ import annotations

import click

from scripts.keys.plain_text import KeysGroup

COMMANDS = {
    "create": "scripts.keys.creating",
    "list": "scripts.keys.listing",
    "show": "scripts.keys.showing",
    "limit": "scripts.keys.limiting",
    "rotate": "scripts.keys.rotating",
    "disable": "scripts.keys.disabling",
    "enable": "scripts.keys.enabling",
    "revoke": "scripts.keys.revoking",
}
"""In the order of the help: adding, seeing, changing, ending."""


@click.group(cls=KeysGroup, modules=COMMANDS)
def command() -> None:
    """Give clients keys of their own, see what each uses, limit what each may use.

    NAME is a key's name or id, or the beginning of one or of the key itself that means no other key. LIMIT is an
    amount of tokens, input, output, req or usd for each min, hour, 5h, day, 7d, week or month, such as 5M-tokens/day
    or 20usd/week, perhaps for some models only, as in 2M-output/month:gpt-5.5*.
    """
