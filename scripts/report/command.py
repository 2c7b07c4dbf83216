"""The command `codexlb report`: what was used, and how the accounts are; one module per subcommand."""

from __future__ import annotations

import time

import click
from click.core import ParameterSource

from scripts.data_folder import data_folder
from scripts.lazy_group import LazyGroup
from scripts.report.delivery import deliver
from scripts.report.form import Form, Wanted, form_options
from scripts.report.grouping import AskedRows, grouping, rows_options
from scripts.report.selection import Asked, select, selection_options
from scripts.report.writing import Asking, written
from scripts.watch.watching import start

COMMANDS = {
    "requests": "scripts.report.requests",
    "explain": "scripts.report.explain",
    "verify": "scripts.report.verify",
}


@click.group(cls=LazyGroup, modules=COMMANDS, invoke_without_command=True)
@rows_options
@selection_options
@form_options
@click.option("--watch", "watching", is_flag=True, help="Stay, and draw everything anew as it changes; q ends it.")
@click.pass_context
def command(context: click.Context, rows: AskedRows, asked: Asked, wanted: Wanted, watching: bool) -> None:
    """Show what was used, and the limits now.

    Without --by: the windows of each account, then requests, tokens and cost of today, of the last 7 days and of all
    there is, or of the time asked for.
    """
    if context.invoked_subcommand is not None:
        refuse_early_options(context, context.invoked_subcommand)
        return
    if watching:
        context.exit(start(context, asked.tz))
    now = time.time()
    by, order = grouping(rows, is_for_people=wanted.form is Form.TABLE)
    with data_folder() as folder:
        text = written(folder, Asking(by, order, select(folder.db, asked, now), now), wanted)
    deliver(text, wanted.output)


def refuse_early_options(context: click.Context, subcommand: str) -> None:
    """An option before a subcommand would do nothing: say where it belongs."""
    for parameter in context.command.params:
        if parameter.name and context.get_parameter_source(parameter.name) is not ParameterSource.DEFAULT:
            raise click.UsageError(f"Write {parameter.opts[0]} after `{subcommand}`, if it takes it.")
