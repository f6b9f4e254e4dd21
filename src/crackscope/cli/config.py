"""``crackscope config``: which defaults are set, and where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crackscope.cli.defaults import Setting


def config(
    context: typer.Context,
    command: Annotated[
        str | None, typer.Argument(help="Show every option of this command, such as predict or data.audit.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show the defaults that crackscope.toml and CRACKSCOPE_* variables set, and who set them.

    A file has a table for each command, such as [predict] with threshold = 0.4. The environment is stronger
    than the project's crackscope.toml (in this folder or above it), which is stronger than the user's; what
    stands on the command line is the strongest.
    """
    from crackscope.cli.defaults import Defaults, find_files, user_file

    defaults, files = Defaults(context.find_root().command), find_files()
    settings = defaults.read(files)
    if command is not None:
        words = tuple(command.replace(" ", ".").split("."))
        settings = [*defaults.own(words), *(one for one in settings if one.command == words)]
    rows = _rows(settings)
    if as_json:
        typer.echo(json.dumps(rows, indent=2, default=str))
        return
    for row in rows:
        typer.echo(f"{row['command']}.{row['option']} = {row['value']}    ({row['from']})")
    read = ", ".join(str(path) for path in files) or "none"
    typer.echo(f"Files read: {read}. The user's file is {user_file()}.", err=True)


def _rows(settings: list[Setting]) -> list[dict[str, Any]]:
    """A row for each option; of several who set it the last and strongest counts."""
    strongest = {(one.command, one.option): one for one in settings}
    return [
        {"command": ".".join(one.command), "option": one.option, "value": one.value, "from": one.source}
        for one in strongest.values()
    ]
