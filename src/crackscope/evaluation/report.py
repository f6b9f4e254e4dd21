"""An evaluation as files: ``metrics.json``, ``predictions.csv`` and ``figures/``."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crackscope import __version__
from crackscope.errors import OutputError
from crackscope.evaluation.as_seen import EvaluationAsSeen
from crackscope.evaluation.compare import Comparison
from crackscope.evaluation.evaluate import Evaluation, ScoredPhotos
from crackscope.evaluation.figures import (
    draw_confusion,
    draw_precision_recall,
    draw_reliability,
    draw_roc,
    draw_scores,
)
from crackscope.evaluation.metrics import METRICS
from crackscope.evaluation.photo_figures import draw_sample_predictions, draw_worst_mistakes
from crackscope.records import COLUMNS, SCORE_DECIMALS
from crackscope.storage import atomic_path, refuse_output_in_data, write_json
from crackscope.table_text import one_line, spreadsheet_cell

#: The columns of ``crackscope predict``, with the truth and the group.
PREDICTION_COLUMNS = ("path", "truth", "group", *COLUMNS[1:])


def claim_folder(folder: Path, data: Sequence[Path]) -> None:
    """Make an output folder, before the work; never among the photos, where its pictures would be data.

    Raises:
        OutputError: It lies in a data folder, or can't be made.
    """
    refuse_output_in_data(folder, data)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make {folder}: {error.strerror or error}") from error


def write_evaluation(
    folder: Path, evaluation: Evaluation, as_seen: EvaluationAsSeen | None = None
) -> list[Path]:
    """Write everything below ``folder`` and say which files there are now.

    With corrections, ``metrics.json`` has the results as seen too, and ``predictions.csv`` what was seen;
    figures are by the labels as published.

    Raises:
        OutputError: The folder can't be written to.
    """
    metrics, predictions = folder / "metrics.json", folder / "predictions.csv"
    write_json(metrics, evaluation_document(evaluation, as_seen))
    write_predictions(predictions, evaluation.scored)
    return [metrics, predictions, *draw_figures(folder / "figures", evaluation)]


def evaluation_document(evaluation: Evaluation, as_seen: EvaluationAsSeen | None = None) -> dict[str, Any]:
    """The content of ``metrics.json``: every number with its interval, and what it was made from.

    With corrections, ``as_seen`` holds the same by corrected labels, and what the corrections did.
    """
    document = _document(evaluation)
    if as_seen is not None:
        counts = as_seen.corrections.as_dict()
        document["as_seen"] = {"corrections": counts, **_document(as_seen.evaluation)}
    return document


def _document(evaluation: Evaluation) -> dict[str, Any]:
    scored, metrics = evaluation.scored, evaluation.metrics
    return {
        "crackscope": __version__,
        "model": {"name": scored.model, "sha256": scored.identity},
        "threshold": metrics.threshold,
        "prior": metrics.prior,
        "photos": metrics.n,
        "positive": metrics.n_positive,
        "groups": evaluation.n_groups,
        "failures": len(scored.failures()),
        "resamples": evaluation.n_resamples,
        "seed": evaluation.seed,
        "metrics": {
            name: {"value": getattr(metrics, name), **asdict(evaluation.intervals[name])} for name in METRICS
        },
        "confusion": asdict(metrics.confusion),
        "always_positive": metrics.always_positive,
        "review": asdict(evaluation.review),
    }


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """A comparison for JSON, with its verdict in words."""
    return {"crackscope": __version__, **asdict(comparison), "verdict": comparison.verdict()}


def write_predictions(target: Path, scored: ScoredPhotos) -> None:
    """One row and one physical line per photo, failures too, in UTF-8 with LF."""
    with atomic_path(target) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        # Whoever asked for corrections wants to know which photos they are.
        corrected = any(photo.sha256 for photo in scored.photos)
        columns = (*PREDICTION_COLUMNS, "seen") if corrected else PREDICTION_COLUMNS
        writer.writerow(columns)
        for photo, outcome in zip(scored.photos, scored.outcomes, strict=True):
            row = {**outcome.as_row(), "truth": photo.truth, "group": photo.group, "seen": photo.seen}
            writer.writerow(_cell(column, row[column]) for column in columns)


def draw_figures(folder: Path, evaluation: Evaluation) -> list[Path]:
    """Draw every figure that the photos allow; curves need both classes."""
    scored = evaluation.scored
    labels, scores, judged = scored.labels(), scored.scores(), scored.predictions()
    threshold = scored.threshold
    draw_confusion(folder / "confusion.png", labels, scores, threshold=threshold)
    draw_reliability(folder / "reliability.png", labels, scores)
    draw_scores(folder / "scores.png", labels, scores, threshold=threshold, band=scored.band)
    draw_sample_predictions(folder / "sample_predictions.png", judged, seed=evaluation.seed)
    draw_worst_mistakes(folder / "worst_mistakes.png", judged)
    names = ["confusion", "reliability", "scores", "sample_predictions", "worst_mistakes"]
    if evaluation.metrics.auroc is not None:
        draw_roc(folder / "roc.png", labels, scores, threshold=threshold)
        draw_precision_recall(folder / "precision_recall.png", labels, scores, threshold=threshold)
        names += ["roc", "precision_recall"]
    return [folder / f"{name}.png" for name in names]


def _cell(column: str, value: object) -> str:
    if value is None:
        return ""
    if column == "score":
        return f"{value:.{SCORE_DECIMALS}f}"
    return str(value).lower() if isinstance(value, bool) else spreadsheet_cell(column, one_line(str(value)))
