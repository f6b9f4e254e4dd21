"""What ``crackscope data audit`` prints and writes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from crackscope.dataset.audit import Audit


def report(found: Audit, output: Path | None) -> None:
    """Print what was found and, where there is a folder for it, write the table and the contact sheet."""
    from rich.console import Console

    from crackscope.dataset.audit_csv import write_audit_csv
    from crackscope.dataset.contact_sheet import write_contact_sheet

    tables = [_classes_table(found)] if found.classes else []
    Console().print(*tables, _findings_table(found), sep="\n")
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

    from crackscope.dataset.audit import SEEN_BY_MODEL, Kind

    table = Table("finding")
    table.add_column("files", justify="right")
    table.add_column("groups", justify="right")
    table.add_column("for example", overflow="fold")
    asked_model = any(found.of(kind) for kind in SEEN_BY_MODEL)
    for kind in Kind:
        if kind in SEEN_BY_MODEL and not asked_model:
            continue
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
