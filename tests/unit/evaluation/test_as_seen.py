from __future__ import annotations

import csv
from pathlib import Path

import pytest

from crackscope.dataset.corrections import Correction, Corrections, Seen
from crackscope.dataset.manifest import write_manifest
from crackscope.dataset.records import Manifest, ManifestRow, Part
from crackscope.evaluation.as_seen import evaluate_as_seen
from crackscope.evaluation.evaluate import evaluate
from crackscope.evaluation.photos import find_labelled_photos
from crackscope.evaluation.report import evaluation_document, write_evaluation
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label
from crackscope.storage import sha256_file


def seen(data: Path, **what: Seen) -> Corrections:
    """Of ``Positive_3``: of data/Positive/3.png."""
    rows = []
    for name, seen in what.items():
        label, _, number = name.partition("_")
        file = data / label / f"{number}.png"
        rows.append(Correction(sha256=sha256_file(file), file=file.name, given=Label(label), seen=seen))
    return Corrections(name="mine.csv", rows=tuple(rows))


def test_scores_are_judged_by_what_was_seen(data: Path, classifier: CrackClassifier) -> None:
    # The model misses Positive/3, which is bright, and calls Negative/3 cracked, which is dark.
    corrections = seen(data, Positive_3=Seen.HEALTHY, Negative_3=Seen.CRACK)
    published = evaluate(classifier, find_labelled_photos([data], corrections=corrections), n_resamples=20)
    found = evaluate_as_seen(published, corrections)
    assert published.metrics.balanced_accuracy == pytest.approx(5 / 6)
    assert found.evaluation.metrics.balanced_accuracy == 1
    assert found.corrections.relabelled == {Label.POSITIVE: 1, Label.NEGATIVE: 1}


def test_what_can_not_be_told_is_left_out_with_its_copies(data: Path, classifier: CrackClassifier) -> None:
    corrections = seen(data, Positive_0=Seen.NOT_TO_BE_TOLD)
    published = evaluate(classifier, find_labelled_photos([data], corrections=corrections), n_resamples=20)
    found = evaluate_as_seen(published, corrections)
    assert (published.metrics.n, found.evaluation.metrics.n) == (12, 10)  # Positive/4 is a copy
    assert found.corrections.left_out == 2


def test_photos_of_a_manifest_are_told_too(data: Path, tmp_path: Path) -> None:
    corrections = seen(data, Positive_0=Seen.HEALTHY)
    names = ["Negative/0.png", "Positive/0.png", "Positive/4.png"]
    rows = tuple(
        ManifestRow(
            path=name,
            label=Label(name.split("/")[0]),
            group=name,
            part=Part.TEST,
            sha256=sha256_file(data / name),
        )
        for name in names
    )
    write_manifest(tmp_path / "manifest.csv", Manifest(root=data, rows=rows))
    photos = find_labelled_photos([data], manifest=tmp_path / "manifest.csv", corrections=corrections)
    assert [photo.seen for photo in photos] == [None, Seen.HEALTHY, Seen.HEALTHY]


def test_both_results_are_written(data: Path, classifier: CrackClassifier, tmp_path: Path) -> None:
    corrections = seen(data, Positive_3=Seen.HEALTHY)
    published = evaluate(classifier, find_labelled_photos([data], corrections=corrections), n_resamples=20)
    as_seen = evaluate_as_seen(published, corrections)
    document = evaluation_document(published, as_seen)
    assert document["metrics"]["recall"]["value"] == pytest.approx(5 / 6)
    assert document["as_seen"]["metrics"]["recall"]["value"] == 1
    write_evaluation(tmp_path, published, as_seen)
    with (tmp_path / "predictions.csv").open(encoding="utf-8", newline="") as stream:
        told = {row["path"]: row["seen"] for row in csv.DictReader(stream)}
    assert told["Positive/3.png"] == "healthy"
    assert told["Positive/1.png"] == ""
