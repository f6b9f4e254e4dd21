"""Write docs/reference.md from the commands themselves: ``python docs/write_reference.py``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from crackscope.cli.app import app
from crackscope.storage import write_text

TARGET = Path(__file__).parent / "reference.md"

HEAD = """# Command reference

Written by `python docs/write_reference.py` from the commands themselves. Exit codes: 0 done (also where
single photos failed and are rows with an error), 1 the run could not be done, 2 wrong usage, 130
stopped by Ctrl-C.
"""


def leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, under its full name, in alphabetical order."""
    if command.hidden:
        return
    children = getattr(command, "commands", {})
    if not children or command.invoke_without_command:
        yield path, command
    for name, child in sorted(children.items()):
        yield from leaves(child, f"{path} {name}")


def section(path: str, command: Any) -> str:
    """One command: what it does and a table of its arguments and options."""
    rows = "\n".join(
        row(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)
    )
    table = f"\n\n| | meaning | default |\n|---|---|---|\n{rows}" if rows else ""
    return f"## {path}\n\n{inspect.cleandoc(command.help or '')}{table}\n"


def row(parameter: Any) -> str:
    """One argument or option."""
    if parameter.param_type_name == "option":
        name = ", ".join(f"`{flag}`" for flag in [*parameter.opts, *parameter.secondary_opts])
    else:
        name = f"`{(parameter.name or '').upper()}`"
    meaning = " ".join((getattr(parameter, "help", None) or "").split()).replace("|", "\\|")
    default = (
        ""
        if parameter.default in (None, (), [], "") or callable(parameter.default)
        else f"`{parameter.default}`"
    )
    return f"| {name} | {meaning} | {default} |"


def reference() -> str:
    """The whole page."""
    return "\n".join(
        [HEAD, *(section(path, command) for path, command in leaves(get_command(app), "crackscope"))]
    )


if __name__ == "__main__":
    write_text(TARGET, reference())
