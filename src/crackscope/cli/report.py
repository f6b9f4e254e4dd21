"""``crackscope report``: the inspection report of a scan or of a server's project."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crackscope.cli.inspected import is_project
from crackscope.errors import SettingsError
from crackscope.extras import needs_extra

if TYPE_CHECKING:
    from crackscope.reporting.records import Report


def report(
    source: Annotated[
        Path,
        typer.Argument(
            help="Folder of `crackscope scan`'s results, or data folder of `crackscope serve`.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write, ending in .html, .pdf, .docx or .xlsx.")
    ],
    project: Annotated[
        str | None, typer.Option(help="Name or number of a project in the data folder of a server.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="SQLAlchemy URL of the server's database, if not SQLite.")
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the report: en or de.")] = "en",
    title: Annotated[str | None, typer.Option(help="Title, if not the usual one.")] = None,
    structure: Annotated[str | None, typer.Option(help="The structure that was inspected.")] = None,
    element: Annotated[str | None, typer.Option(help="The element of it.")] = None,
    inspector: Annotated[str | None, typer.Option(help="Who inspected, and signs.")] = None,
    inspected_on: Annotated[
        str | None, typer.Option("--date", help="Day of the inspection: YYYY-MM-DD.")
    ] = None,
    notes: Annotated[str | None, typer.Option(help="Remarks for the first page.")] = None,
    number: Annotated[str | None, typer.Option(help="Number of the report.")] = None,
    letterhead: Annotated[
        str | None, typer.Option(help="Who made it: name and address, a line each, above the title.")
    ] = None,
    logo: Annotated[Path | None, typer.Option(help="PNG or JPEG beside the letterhead.")] = None,
    zone: Annotated[
        str | None, typer.Option(help="Time zone of all times, such as Europe/Zurich; else this machine's.")
    ] = None,
    font: Annotated[
        Path | None,
        typer.Option(help="Font file for letters that a PDF's own font lacks, such as Chinese ones."),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(help="Folder of `crackscope compare-inspections`: a chapter on what changed."),
    ] = None,
    photos: Annotated[
        Path | None, typer.Option(help="Folder where the photos lie now, if they moved since the scan.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", "-m", help="Folder of the model; without it the shipped detector."),
    ] = None,
) -> None:
    """Write an inspection report: annotated photos, photo log, regions, reviews, model and limits.

    HTML and PDF are for people, Excel holds the tables. What the flags say stands in the report beside what
    is known from the photos; for a project, flags replace what the project says.
    """
    from dataclasses import replace

    from crackscope.inspection.changes_file import read_comparison

    with needs_extra("report"):
        from crackscope.reporting.logo import read_logo
        from crackscope.reporting.records import ComparedWith
        from crackscope.reporting.write import form_of, write_report
    form_of(output)
    known = (
        _of_project(source, project, database, model)
        if is_project(source, project, database)
        else _of_scan(source, photos, model)
    )
    said: dict[str, Any] = {
        "title": title,
        "structure": structure,
        "element": element,
        "inspector": inspector,
        "inspected_on": None if inspected_on is None else _day(inspected_on),
        "notes": notes,
        "number": number,
        "letterhead": letterhead,
        "logo": None if logo is None else read_logo(logo),
    }
    changes = {name: value for name, value in said.items() if value is not None}
    known = replace(
        known, inspection=replace(known.inspection, **changes), zone=zone or known.zone, font=font
    )
    if compare is not None:
        known = replace(known, compared=ComparedWith(comparison=read_comparison(compare), folder=compare))
    write_report(output, known, language=language)
    typer.echo(f"{len(known.photos)} photos, {len(known.shown)} of them shown: {output}")


def _of_scan(source: Path, photos: Path | None, model: Path | None) -> Report:
    from crackscope.bundle import load_bundle
    from crackscope.reporting.results_file import scan_report

    return scan_report(source, photos, load_bundle(model))


def _of_project(data_dir: Path, project: str | None, database: str | None, model: Path | None) -> Report:
    from crackscope.bundle import load_bundle

    with needs_extra("serve"):
        from crackscope.serving.reports import data_dir_report
    return data_dir_report(data_dir, database, project, load_bundle(model))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"--date is {text!r}; expected a day such as 2026-11-22") from None
