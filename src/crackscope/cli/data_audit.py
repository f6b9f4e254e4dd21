"""``crackscope data audit``: what can't be read, is there twice, contradicts itself or stands out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.cli.labelled_data import Folders, Negative, Positive, find_photos, fingerprint_with_bar

if TYPE_CHECKING:
    from rich.table import Table

    from crackscope.dataset.audit import Audit


def audit(
    data: Folders = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for audit.csv and contact_sheet.html; without it, neither."
        ),
    ] = None,
    positive: Positive = None,
    negative: Negative = None,
) -> None:
    """Look a data set over: unreadable files, copies, contradictory labels, odd sizes and colours.

    Nothing is moved, renamed or deleted.
    """
    from rich.console import Console

    from crackscope.dataset.audit import audit_dataset
    from crackscope.dataset.audit_csv import write_audit_csv
    from crackscope.dataset.contact_sheet import write_contact_sheet

    dataset = find_photos(data, positive, negative)
    found = audit_dataset(dataset, fingerprint_with_bar(dataset))
    console = Console()
    console.print(_classes_table(found), _findings_table(found), sep="\n")
    if output is not None:
        write_audit_csv(output / "audit.csv", found)
        write_contact_sheet(output / "contact_sheet.html", found)
        typer.echo(f"written: {output / 'audit.csv'}, {output / 'contact_sheet.html'}")
    elif found.findings:
        typer.echo("to see them: --output FOLDER")


def _classes_table(found: Audit) -> Table:
    from rich.table import Table

    table = Table("data set", "class")
    for name in ("photos", "share", "brightness", "contrast"):
        table.add_column(name, justify="right")
    totals: dict[str, int] = {}
    for one in found.classes:
        totals[one.source] = totals.get(one.source, 0) + one.photos
    for one in found.classes:
        share = f"{100 * one.photos / totals[one.source]:.0f} %"
        levels = f"{one.brightness:.0f}", f"{one.contrast:.0f}"
        table.add_row(one.source, str(one.label), f"{one.photos:,}", share, *levels)
    sizes = ", ".join(
        f"{width} x {height} ({count:,})" for (height, width), count in found.sizes.most_common(4)
    )
    more = f" and {len(found.sizes) - 4:,} other sizes" if len(found.sizes) > 4 else ""
    table.caption = f"medians in grey levels; pixels: {sizes}{more}"
    return table


def _findings_table(found: Audit) -> Table:
    from rich.table import Table

    from crackscope.dataset.audit import Kind

    table = Table("finding")
    table.add_column("files", justify="right")
    table.add_column("groups", justify="right")
    table.add_column("for example", overflow="fold")
    for kind in Kind:
        findings = found.of(kind)
        files = sum(len(finding.paths) for finding in findings)
        groups = f"{len(findings):,}" if kind in (Kind.CONTRADICTORY, Kind.EXACT, Kind.NEAR) else ""
        table.add_row(
            str(kind),
            f"{files:,}",
            groups,
            _example(findings[0].paths, findings[0].detail) if findings else "",
        )
    return table


def _example(paths: tuple[str, ...], detail: str) -> str:
    from rich.markup import escape

    shown = ", ".join(paths[:2]) + (" ..." if len(paths) > 2 else "")
    return escape(f"{shown}: {detail}" if detail else shown)
