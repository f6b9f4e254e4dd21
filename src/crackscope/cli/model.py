"""``crackscope model``: what a model folder holds, whether it is whole, and what was measured of it."""

from __future__ import annotations

from textwrap import indent
from typing import Annotated, Any

import typer

from crackscope.cli import model_card as _card
from crackscope.cli import model_cells as _cells
from crackscope.cli.model_options import ModelFolder, SameModelFolder, one_model

app = typer.Typer(
    name="model",
    help="Look into a model folder, check it, complete its card, or fit the cells of its scans.",
    no_args_is_help=True,
)

app.command("card")(_card.card)
app.command("cells")(_cells.cells)


@app.command()
def info(
    folder: SameModelFolder = None,
    model: ModelFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print model.json as it is.")] = False,
) -> None:
    """Show what is known about a model: its input, threshold, calibration, training and licences."""
    import dataclasses
    import json

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from crackscope.bundle import load_bundle

    bundle = load_bundle(one_model(folder, model))
    facts = dataclasses.asdict(bundle.config)
    if as_json:
        typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    table = Table(title=escape(str(bundle.folder)), show_header=False, title_justify="left")
    for name, value in facts.items():
        table.add_row(name, escape(_readable(value)))
    Console(highlight=False).print(table)


@app.command()
def verify(folder: SameModelFolder = None, model: ModelFolder = None) -> None:
    """Check a model: its files and hashes, its graph, its scores, and every engine that is installed.

    Exits 1 if a check fails.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from crackscope.inference.verify import verify_bundle

    checks = verify_bundle(one_model(folder, model))
    marks = {True: "[green]ok[/]", False: "[red]FAILED[/]", None: "-"}
    table = Table(show_header=False)
    for check in checks:
        table.add_row(marks[check.passed], check.name, escape(check.detail))
    Console(highlight=False).print(table)
    if any(check.passed is False for check in checks):
        raise typer.Exit(1)


def _readable(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(_entry(str(key), part) for key, part in value.items()) or "-"
    if isinstance(value, list | tuple):
        return ", ".join(_readable(part) for part in value) or "-"
    return "-" if value is None else str(value)


def _entry(key: str, value: Any) -> str:
    if isinstance(value, dict) and value:
        return f"{key}:\n{indent(_readable(value), '  ')}"
    return f"{key}: {_readable(value)}"
