"""A click group whose commands are loaded when they are asked for: `report` must not wait for mitmproxy to load."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

import click

CANNOT_BE_WRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What becomes of output into a full or broken place; click itself sees to a reader that has left."""


class LazyGroup(click.Group):
    """Takes a table: command name to the module whose attribute `command` is the click command."""

    def __init__(self, *arguments: Any, modules: Mapping[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._modules = modules

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run; output that cannot be written is one sentence on standard error, and exit code 1."""
        try:
            return super().main(*arguments, **options)
        except OSError as error:
            if error.errno not in CANNOT_BE_WRITTEN:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the rest of it, at Python's own end
            where = error.filename or "The output"
            sys.exit(f"Error: {where} cannot be written ({error.strerror}): make room, and run the command again.")

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._modules:
            return None
        command: click.Command = importlib.import_module(self._modules[cmd_name]).command
        return command
