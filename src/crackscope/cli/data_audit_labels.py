"""``crackscope data audit --labels``: which labels are doubted, and the page to look at them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from crackscope.auditing.audit import audit_with_model
from crackscope.auditing.features import read_features
from crackscope.auditing.seen_by_model import findings_of_model
from crackscope.auditing.sheet import write_label_sheet
from crackscope.auditing.table import write_labels_csv
from crackscope.cli.bars import photo_bar
from crackscope.cli.data_audit_report import report
from crackscope.dataset.audit import audit_dataset
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from crackscope.auditing.confident import WrongShare
    from crackscope.auditing.doubt import LabelAudit
    from crackscope.dataset.records import Dataset, Fingerprint
    from crackscope.inference.engines import Device, Engine


def audit_labels(
    dataset: Dataset,
    fingerprints: Sequence[Fingerprint],
    output: Path | None,
    *,
    model: Path | None,
    device: Device,
    engine: Engine,
) -> None:
    """Print the audit of photos and labels; with an output folder, write the tables and both pages."""
    from rich.console import Console

    classifier = CrackClassifier.load(model, engine=engine, device=device)
    files = [dataset.absolute(photo) for photo in dataset.photos]
    with photo_bar("scoring") as progress:
        features = read_features(classifier, files, progress=progress)
    seen = findings_of_model(dataset.photos, features)
    report(audit_dataset(dataset, fingerprints, seen_by_model=seen), output)
    with photo_bar("a second look") as progress:
        found = audit_with_model(classifier, dataset, fingerprints, features, progress=progress)
    Console().print(_table(found))
    for reason in found.left_out:
        typer.echo(f"labels not audited: {reason}")
    if output is not None:
        write_labels_csv(output / "labels.csv", found)
        shown = write_label_sheet(output / "label_sheet.html", found, dataset.root)
        typer.echo(f"written: {output / 'labels.csv'}; {output / 'label_sheet.html'} with {shown:,} photos")
    typer.echo("what is right is in the photo: look at them, and keep what you see in a corrections.csv")


def _table(found: LabelAudit) -> Table:
    from rich.table import Table

    table = Table("data set", "label")
    for name in ("photos", "doubted", "expected wrong", "95 % interval"):
        table.add_column(name, justify="right")
    for source in found.sources:
        for label in sorted(Label, reverse=True):
            wrong = source.wrong[label]
            counts = f"{source.photos[label]:,}", f"{source.doubted[label]:,}"
            table.add_row(source.source, label, *counts, f"{wrong.value:.1%}", _limits(wrong))
    table.caption = "expected wrong: by confident learning; wrong labels that no head can see are not in it"
    return table


def _limits(wrong: WrongShare) -> str:
    return "-" if wrong.low is None else f"{wrong.low:.1%} to {wrong.high:.1%}"
