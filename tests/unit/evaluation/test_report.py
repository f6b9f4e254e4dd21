"""An evaluation as files, tables and JSON: whole, valid, and the same numbers everywhere."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from crackscope.errors import OutputError
from crackscope.evaluation.compare import compare
from crackscope.evaluation.evaluate import Evaluation, evaluate, score_photos
from crackscope.evaluation.metrics import METRICS
from crackscope.evaluation.photos import GroupedPhoto, find_labelled_photos
from crackscope.evaluation.report import (
    PREDICTION_COLUMNS,
    claim_folder,
    comparison_document,
    evaluation_document,
    write_evaluation,
)
from crackscope.evaluation.tables import comparison_table, evaluation_table, limits_text, number_text
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label


@pytest.fixture(scope="module")
def evaluation(
    data: Path, classifier: CrackClassifier, tmp_path_factory: pytest.TempPathFactory
) -> Evaluation:
    broken = tmp_path_factory.mktemp("broken") / "a, b.png"
    broken.write_bytes(b"no image")
    photo = GroupedPhoto(path="a,\nb.png", file=broken, truth=Label.NEGATIVE, group="broken")
    return evaluate(classifier, (*find_labelled_photos([data]), photo), prior=0.05, n_resamples=100)


@pytest.fixture(scope="module")
def files(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    written = write_evaluation(tmp_path_factory.mktemp("written") / "out", evaluation)
    return {path.name: path for path in written}


def test_everything_is_written_and_named(files: dict[str, Path]) -> None:
    folder = files["metrics.json"].parent
    assert sorted(files.values()) == sorted(path for path in folder.rglob("*") if path.is_file())
    assert set(files) == {
        "metrics.json",
        "predictions.csv",
        "confusion.png",
        "roc.png",
        "precision_recall.png",
        "reliability.png",
        "scores.png",
        "sample_predictions.png",
        "worst_mistakes.png",
    }


def test_predictions_have_one_row_per_photo_failures_too(
    evaluation: Evaluation, files: dict[str, Path]
) -> None:
    raw = files["predictions.csv"].read_bytes()
    rows = list(csv.DictReader(raw.decode("utf-8").splitlines()))

    assert b"\r" not in raw
    assert raw.count(b"\n") == 14
    assert tuple(rows[0]) == PREDICTION_COLUMNS
    assert [row["path"] for row in rows[:-1]] == [photo.path for photo in evaluation.scored.photos[:-1]]
    scored = [row for row in rows if not row["error"]]
    assert sum(row["label"] == row["truth"] for row in scored) == 10
    assert {row["review"] for row in scored} == {"true", "false"}
    assert all((row["reason"] == "uncertain") is (row["review"] == "true") for row in scored)
    [failed] = [row for row in rows if row["error"]]
    assert (failed["path"], failed["truth"], failed["score"]) == (r"a,\nb.png", "Negative", "")


def test_the_json_holds_every_metric_with_its_interval(
    evaluation: Evaluation, files: dict[str, Path]
) -> None:
    document = json.loads(files["metrics.json"].read_text(encoding="utf-8"))

    assert document == json.loads(json.dumps(evaluation_document(evaluation)))
    assert tuple(document["metrics"]) == METRICS
    accuracy = document["metrics"]["accuracy"]
    assert accuracy["value"] == pytest.approx(10 / 12)
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert (document["photos"], document["positive"], document["groups"], document["failures"]) == (
        12,
        6,
        11,
        1,
    )
    assert document["always_positive"]["accuracy"] == 0.5
    assert document["review"]["photos"] == 2


def test_curves_are_left_out_where_a_class_is_missing(
    data: Path, classifier: CrackClassifier, tmp_path: Path
) -> None:
    photos = [photo for photo in find_labelled_photos([data]) if photo.truth is Label.NEGATIVE]
    files = write_evaluation(tmp_path, evaluate(classifier, photos, n_resamples=20))

    assert not {"roc.png", "precision_recall.png"} & {path.name for path in files}
    document = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert document["metrics"]["recall"] == {"value": None, "low": None, "high": None, "method": "none"}


def test_a_folder_that_cannot_be_made_is_our_error(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(OutputError, match="cannot write"):
        write_evaluation(tmp_path / "file" / "out", evaluation)
    with pytest.raises(OutputError, match="cannot make"):
        claim_folder(tmp_path / "file" / "out", [])


def test_results_are_never_written_among_the_photos(tmp_path: Path) -> None:
    for inside in (tmp_path / "data", tmp_path / "data" / "results", tmp_path / "data" / ".." / "data" / "x"):
        with pytest.raises(OutputError, match="lies in the data folder"):
            claim_folder(inside, [tmp_path / "other", tmp_path / "data"])
    claim_folder(tmp_path / "results", [tmp_path / "data"])
    assert (tmp_path / "results").is_dir()
    assert not (tmp_path / "data").exists()


def test_the_table_shows_each_metric_and_what_it_was_made_from(evaluation: Evaluation) -> None:
    table = evaluation_table(evaluation)
    values = {row[0]: row[1:] for row in table.rows}

    assert len(table.rows) == len(METRICS)
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert values["accuracy"][0] == "0.8333"
    assert values["accuracy"][2] == "0.5000"
    assert values["log loss"][2] == "-"
    assert "precision at prior 0.05" in values
    assert table.notes[0] == (
        "12 photos (6 Positive, 6 Negative) in 11 groups; 1 photo without a score left out"
    )
    assert table.notes[1] == "1 missed crack, 1 false alarm"
    assert table.notes[2].startswith("review: 2 photos (16.7%): 2 uncertain; wrong labels in it 100.00%")
    assert table.notes[3].startswith("labelled rightly or reviewed: 1.0000 [")
    assert "only 11 groups" in table.notes[4]


def test_a_prior_that_was_not_given_is_not_shown(data: Path, classifier: CrackClassifier) -> None:
    table = evaluation_table(evaluate(classifier, find_labelled_photos([data]), n_resamples=20))

    assert not any("prior" in row[0] for row in table.rows)


def test_a_comparison_is_a_table_and_a_document(
    data: Path, classifier: CrackClassifier, other_model: Path
) -> None:
    photos = find_labelled_photos([data])
    found = compare(
        score_photos(classifier, photos),
        score_photos(CrackClassifier.load(other_model), photos),
        n_resamples=50,
    )
    table, document = comparison_table(found), json.loads(json.dumps(comparison_document(found)))

    assert all(len(row) == len(table.columns) for row in table.rows)
    assert table.notes[-1] == document["verdict"] == found.verdict()
    auroc = next(row for row in table.rows if row[0] == "AUROC")
    assert auroc[3:] == ("+0.0000", "-", "-")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.12345, "0.1235"),
        (1.0, "1.0000"),
        (0.99997, "0.999970"),
        (0.0, "0.0000"),
        (1.2, "1.2000"),
    ],
)
def test_a_number_below_one_is_never_shown_as_one(value: float | None, text: str) -> None:
    assert number_text(value) == text


def test_limits_are_shown_together_or_not_at_all() -> None:
    assert limits_text(0.5, 1.0) == "[0.5000, 1.0000]"
    assert limits_text(-0.01, 0.02, "+") == "[-0.0100, +0.0200]"
    assert limits_text(None, None) == "-"
