"""Every figure is drawn for easy, hard and odd photos, whole, and shows what it should."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope.bundle import ReviewBand
from crackscope.errors import OutputError
from crackscope.evaluation import figures, photo_figures
from crackscope.evaluation.photos import GroupedPhoto
from crackscope.labels import Label, decide
from crackscope.records import Prediction

BAND = ReviewBand(low=0.3, high=0.6, alpha=0.05, fitted_on="nothing")
DRAWN = {
    "confusion": lambda target, labels, scores: figures.draw_confusion(target, labels, scores, threshold=0.5),
    "roc": lambda target, labels, scores: figures.draw_roc(target, labels, scores, threshold=0.5),
    "precision_recall": lambda target, labels, scores: figures.draw_precision_recall(
        target, labels, scores, threshold=0.5
    ),
    "reliability": figures.draw_reliability,
    "scores": lambda target, labels, scores: figures.draw_scores(
        target, labels, scores, threshold=0.5, band=BAND
    ),
}


def _photos(kind: str) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 300)
    scores = {
        "separable": np.where(labels, 0.9, 0.1) + generator.uniform(-0.09, 0.09, 300),
        "hopeless": generator.uniform(size=300),
        "saturated": labels.astype(float),
        "nothing called Positive": np.full(300, 0.2),
    }
    return (np.array([0, 1, 1]), np.array([0.2, 0.5, 0.9])) if kind == "three" else (labels, scores[kind])


@pytest.mark.parametrize("kind", ["separable", "hopeless", "saturated", "nothing called Positive", "three"])
@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_is_a_readable_png_without_a_warning(name: str, kind: str, tmp_path: Path) -> None:
    target = tmp_path / "figures" / f"{name}.png"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DRAWN[name](target, *_photos(kind))

    with Image.open(target) as image:
        assert image.format == "PNG"
        assert min(image.size) >= 400
        assert len(image.convert("RGB").getcolors(1 << 20) or []) > 20
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("name", ["confusion", "reliability", "scores"])
@pytest.mark.parametrize("label", [0, 1])
def test_figures_that_need_no_second_class_are_drawn_without_one(
    name: str, label: int, tmp_path: Path
) -> None:
    DRAWN[name](tmp_path / "figure.png", np.full(30, label), np.linspace(0, 1, 30))

    assert (tmp_path / "figure.png").stat().st_size > 5000


def test_a_figure_that_cannot_be_written_is_our_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot write"):
        figures.draw_reliability(tmp_path / "file" / "figure.png", *_photos("three"))


def test_drawing_leaves_no_global_state() -> None:
    import sys

    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def _judged(folder: Path, scores: list[float], truths: list[Label]) -> list[photo_figures.Judged]:
    judged = []
    for index, (score, truth) in enumerate(zip(scores, truths, strict=True)):
        file = folder / f"{index}.png"
        Image.new("RGB", (300, 200), (int(255 * score), 80, 80)).save(file)
        photo = GroupedPhoto(path=f"Wand $ü^{index}.png", file=file, truth=truth, group=str(index))
        label = decide(score, 0.5)
        judged.append((photo, Prediction(path=photo.path, label=label, score=score, threshold=0.5)))
    return judged


def test_sample_predictions_show_both_classes_whatever_their_shares(tmp_path: Path) -> None:
    truths = [Label.POSITIVE] * 3 + [Label.NEGATIVE] * 60
    judged = _judged(tmp_path, np.linspace(0, 1, 63).tolist(), truths)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        photo_figures.draw_sample_predictions(tmp_path / "samples.png", judged)

    assert (tmp_path / "samples.png").stat().st_size > 20_000


def test_samples_are_half_of_each_class_or_all_that_there_are(tmp_path: Path) -> None:
    many, few = [Label.NEGATIVE] * 60, [Label.POSITIVE] * 3
    for truths, expected in (
        ([*few, *many], (21, 3)),
        ([*many, *[Label.POSITIVE] * 60], (12, 12)),
        ([Label.POSITIVE] * 40, (0, 24)),
        (few, (0, 3)),
    ):
        judged = [
            (GroupedPhoto(path=str(index), file=tmp_path, truth=truth, group="g"), None)
            for index, truth in enumerate(truths)
        ]
        chosen = photo_figures.choose_samples(judged, seed=0)  # type: ignore[arg-type]
        counts = tuple(sum(photo.truth is label for photo, _ in chosen) for label in Label)
        assert counts == expected


def test_the_worst_mistakes_are_the_surest_wrong_labels(tmp_path: Path) -> None:
    scores = [0.1, 0.45, 0.55, 0.9, 0.95]
    truths = [Label.POSITIVE, Label.POSITIVE, Label.NEGATIVE, Label.POSITIVE, Label.NEGATIVE]
    judged = _judged(tmp_path, scores, truths)

    worst = photo_figures.worst_mistakes(judged)
    assert [pair[1].score for pair in worst] == [0.95, 0.1, 0.45, 0.55]
    photo_figures.draw_worst_mistakes(tmp_path / "worst.png", judged)
    photo_figures.draw_worst_mistakes(tmp_path / "none.png", judged[3:4])
    assert (tmp_path / "worst.png").stat().st_size > (tmp_path / "none.png").stat().st_size


def test_a_photo_that_is_gone_by_now_leaves_a_gap_not_an_error(tmp_path: Path) -> None:
    judged = _judged(tmp_path, [0.2], [Label.POSITIVE])
    judged[0][0].file.unlink()

    photo_figures.draw_sample_predictions(tmp_path / "samples.png", judged)
    assert (tmp_path / "samples.png").is_file()
