"""``crackscope data corrections``: the files of two people who looked at the same photos, as one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def corrections(
    first: Annotated[Path, typer.Argument(help="A corrections.csv.")],
    second: Annotated[Path, typer.Argument(help="Another person's, of the same photos.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path(
        "corrections.csv"
    ),
) -> None:
    """Join two people's corrections, and say how far they agree (Cohen's kappa).

    What they saw differently is not to be told, until somebody settles it in the file.
    """
    from crackscope.dataset.agreement import agree
    from crackscope.dataset.corrections import read_corrections, write_corrections

    found = agree(read_corrections(first), read_corrections(second))
    if found.both:
        kappa = "undefined" if found.kappa is None else f"{found.kappa:.2f}"
        share = found.same / found.both
        typer.echo(f"both looked at {found.both:,} photos and saw {found.same:,} alike ({share:.0%})")
        typer.echo(f"Cohen's kappa {kappa}")
    else:
        typer.echo("no photo was looked at by both: nothing is known of how far they agree")
    write_corrections(output, found.merged)
    typer.echo(f"written: {output}, {len(found.merged):,} photos")
