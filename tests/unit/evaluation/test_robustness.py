"""Distorted photos are scored as photos are, chosen evenly, and told per condition."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from crackscope.cli.app import app
from crackscope.errors import MissingClassError, NoPhotosError, SettingsError
from crackscope.evaluation.distortions import DISTORTIONS
from crackscope.evaluation.evaluate import evaluate
from crackscope.evaluation.photos import GroupedPhoto
from crackscope.evaluation.robustness import choose_photos, measure_robustness
from crackscope.evaluation.robustness_report import (
    robustness_document,
    robustness_table,
    write_robustness,
)
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label
from tests.helpers.bundles import write_tiny_bundle


@pytest.fixture
def classifier(tmp_path: Path) -> CrackClassifier:
    """Its score is the photo's mean darkness; see `write_tiny_bundle`."""
    return CrackClassifier.load(write_tiny_bundle(tmp_path / "model"))


@pytest.fixture
def photos(tmp_path: Path) -> list[GroupedPhoto]:
    """Dark Positive and bright Negative photos, two to a group."""
    rng = np.random.default_rng(0)
    found = []
    for label, level in ((Label.POSITIVE, 60), (Label.NEGATIVE, 200)):
        for number in range(8):
            pixels = np.clip(rng.normal(level, 12, (48, 48, 3)), 0, 255).astype(np.uint8)
            file = tmp_path / "photos" / label / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(file)
            found.append(
                GroupedPhoto(
                    path=f"{label}/{number}.png", file=file, truth=label, group=f"{label} {number // 2}"
                )
            )
    return found


def test_the_first_condition_is_what_evaluate_says(
    classifier: CrackClassifier, photos: list[GroupedPhoto]
) -> None:
    found = measure_robustness(classifier, photos, n_resamples=50)
    clean, expected = found.conditions[0], evaluate(classifier, photos, n_resamples=50)
    assert clean.values == {
        name: getattr(expected.metrics, name) for name in ("recall", "specificity", "auroc")
    }
    assert clean.review_share == expected.review.share
    assert len(found.conditions) == 1 + sum(len(one.strengths) for one in DISTORTIONS)


def test_a_model_of_darkness_fails_where_the_light_changes(
    classifier: CrackClassifier, photos: list[GroupedPhoto]
) -> None:
    found = measure_robustness(classifier, photos, n_resamples=20)
    by_condition = {(one.distortion, one.strength): one.values for one in found.conditions}
    assert by_condition["none", None]["specificity"] == 1
    assert by_condition["brightness", 0.5]["specificity"] == 0
    assert by_condition["brightness", 0.5]["recall"] == 1
    assert by_condition["rotation", 180]["specificity"] == 1


def test_the_same_seed_gives_the_same_numbers_in_any_order(
    classifier: CrackClassifier, photos: list[GroupedPhoto]
) -> None:
    one = measure_robustness(classifier, photos, n_resamples=20, seed=3)
    other = measure_robustness(classifier, photos[::-1], n_resamples=20, seed=3)
    assert [item.values for item in one.conditions] == [item.values for item in other.conditions]


def test_a_limit_takes_every_group_before_a_second_of_any(photos: list[GroupedPhoto]) -> None:
    chosen = choose_photos(photos, 5, seed=0)
    assert len(chosen) == 10
    for label in Label:
        groups = [photo.group for photo in chosen if photo.truth is label]
        assert (len(groups), len(set(groups))) == (5, 4)
    assert choose_photos(photos, 100, seed=0) == photos
    with pytest.raises(SettingsError, match="the limit is 0 photos"):
        choose_photos(photos, 0, seed=0)


def test_photos_that_can_not_be_read_are_left_out_and_told(
    classifier: CrackClassifier, photos: list[GroupedPhoto]
) -> None:
    photos[3].file.write_bytes(b"no image")
    found = measure_robustness(classifier, photos, n_resamples=20)
    assert (found.photos, [failure.path for failure in found.failures]) == (15, ["Positive/3.png"])


def test_one_class_or_none_is_an_error(classifier: CrackClassifier, photos: list[GroupedPhoto]) -> None:
    with pytest.raises(MissingClassError, match="all 8 photos are Positive"):
        measure_robustness(classifier, photos[:8])
    with pytest.raises(NoPhotosError, match="none of 0 photos can be read"):
        measure_robustness(classifier, [])


def test_json_and_figure_are_written(
    classifier: CrackClassifier, photos: list[GroupedPhoto], tmp_path: Path
) -> None:
    found = measure_robustness(classifier, photos, limit=2, n_resamples=20)
    document, figure = write_robustness(tmp_path / "out", found)
    assert json.loads(document.read_text(encoding="utf-8")) == json.loads(
        json.dumps(robustness_document(found))
    )
    with Image.open(figure) as image:
        assert min(image.size) > 500


def test_a_metric_that_never_falls_is_not_said_to_fall(
    classifier: CrackClassifier, photos: list[GroupedPhoto]
) -> None:
    found = measure_robustness(classifier, photos, n_resamples=20)
    turned = tuple(one for one in found.conditions if one.distortion in ("none", "rotation"))
    notes = robustness_table(dataclasses.replace(found, conditions=turned)).notes
    assert notes[-1] == "recall falls nowhere; specificity falls nowhere"


def test_the_command_prints_one_line_per_condition(
    classifier: CrackClassifier, photos: list[GroupedPhoto], tmp_path: Path
) -> None:
    arguments = ["robustness", tmp_path / "photos", "-m", classifier.bundle.folder, "--resamples", "20"]
    result = CliRunner().invoke(app, [*map(str, arguments), "--limit", "3"])
    assert result.exit_code == 0, result.output
    assert "motion blur" in result.stdout
    assert "6 photos (3 Positive) in 6 groups" in result.stdout
    assert "specificity falls most, by 1.000, under brightness" in result.stdout
