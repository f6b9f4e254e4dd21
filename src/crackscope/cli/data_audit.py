"""``crackscope data audit``: what can't be read, is there twice, contradicts itself or stands out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.cli.bars import photo_bar
from crackscope.cli.data_audit_report import report
from crackscope.cli.labelled_data import Folders, Negative, Positive, find_photos, fingerprint_with_bar
from crackscope.cli.model_options import DeviceName, EngineName, ModelFolder
from crackscope.extras import needs_extra
from crackscope.inference.engines import Device, Engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackscope.dataset.records import Photo


def audit(
    data: Folders = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for tables and contact sheets; without it, none."),
    ] = None,
    labels: Annotated[
        bool, typer.Option("--labels", help="Also say which labels are doubted, and how many are wrong.")
    ] = False,
    model: ModelFolder = None,
    positive: Positive = None,
    negative: Negative = None,
    device: DeviceName = Device.AUTO,
    engine: EngineName = Engine.ONNXRUNTIME,
) -> None:
    """Look a folder of photos over, with labels or without.

    Unreadable files, copies, contradictory labels, odd sizes and colours. Photos without labels are shown to
    the model too: poor, unfamiliar, most and least likely cracked. With --labels: labels that a head which
    has not seen the photo, its neighbours, its copies or the model doubt, ranked, with the expected share of
    wrong ones, and a sheet to look at them. Nothing is moved, renamed or deleted.
    """
    from crackscope.dataset.audit import audit_dataset
    from crackscope.dataset.discover import DEFAULT_FOLDER, discover_unlabelled, is_labelled

    folders = data or [DEFAULT_FOLDER]
    if positive is None and negative is None and not labels and not is_labelled(folders):
        root, photos = discover_unlabelled(folders)
        typer.echo(f"{len(photos):,} photos below {root}, without labels")
        _audit_unlabelled(root, photos, output, model, device, engine)
        return
    dataset = find_photos(data, positive, negative)
    prints = fingerprint_with_bar(dataset)
    if not labels:
        report(audit_dataset(dataset, prints), output)
        return
    with needs_extra("evaluate"):
        from crackscope.cli.data_audit_labels import audit_labels
    audit_labels(dataset, prints, output, model=model, device=device, engine=engine)


def _audit_unlabelled(
    root: Path,
    photos: Sequence[Photo],
    output: Path | None,
    model: Path | None,
    device: Device,
    engine: Engine,
) -> None:
    from crackscope.auditing.features import read_features
    from crackscope.auditing.seen_by_model import findings_of_model
    from crackscope.dataset.audit import audit_photos
    from crackscope.dataset.fingerprints import fingerprint_paths
    from crackscope.inference.classifier import CrackClassifier

    classifier = CrackClassifier.load(model, engine=engine, device=device)
    with photo_bar("reading") as progress:
        prints = fingerprint_paths(root, [photo.path for photo in photos], progress=progress)
    with photo_bar("scoring") as progress:
        features = read_features(classifier, [root / photo.path for photo in photos], progress=progress)
    findings = findings_of_model(photos, features)
    report(audit_photos(root, photos, prints, seen_by_model=findings), output)
