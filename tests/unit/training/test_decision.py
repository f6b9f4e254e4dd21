from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crackscope.dataset.records import Part
from crackscope.training.batches import PhotoSet
from crackscope.training.decision import Decision, Judged, fit_decision
from crackscope.training.listener import Listener
from crackscope.training.painted_evidence import PaintedEvidence, judge_painted
from crackscope.training.parts import PartPhotos
from tests.helpers.patches import write_patches
from tests.helpers.small_finetune import photo_set, small_network, small_recipe

N = 60


def easy_part() -> tuple[np.ndarray, PartPhotos]:
    """Photos that a network all but solves: Positive logits near 9, Negative ones near 3."""
    rng = np.random.default_rng(0)
    labels = np.arange(N) % 2
    logits = np.where(labels == 1, 9.0, 3.0) + rng.normal(0, 1, N)
    photos = PhotoSet(paths=(Path("x"),) * N, labels=labels, sources=("metu",) * N)
    groups = tuple(f"g{i}" for i in range(N))
    part = PartPhotos(name=Part.CALIBRATION, photos=photos, sha256=("",) * N, groups=groups)
    return logits.astype(np.float32), part


def faint_cracks() -> PaintedEvidence:
    """Painted cracks near 4, and look-alikes near 0."""
    rng = np.random.default_rng(1)
    labels = np.repeat([1, 0], 30)
    logits = (np.where(labels == 1, 4.0, 0.0) + rng.normal(0, 0.7, 60)).astype(np.float32)
    return PaintedEvidence(logits=logits, labels=labels, groups=tuple(f"g{2 * (i % 30)}" for i in range(60)))


def decide(painted: PaintedEvidence | None) -> Decision:
    logits, part = easy_part()
    judged = Judged(
        logits=logits,
        distances=np.linspace(1, 2, N).astype(np.float32),
        sharpness=np.linspace(100, 200, N),
    )
    recipe = small_recipe(decision__threshold_rule="fixed:0.5")
    return fit_decision(judged, part, recipe, Listener(), painted)


def boundary(decision: Decision) -> float:
    """The logit of score 0.5."""
    return -decision.calibration.bias / decision.calibration.scale


def test_easy_photos_alone_cut_halfway_between_their_classes() -> None:
    assert boundary(decide(None)) == pytest.approx(6, abs=1.5)


def test_painted_photos_move_the_cut_to_where_faint_cracks_begin() -> None:
    decision = decide(faint_cracks())
    assert boundary(decision) == pytest.approx(3, abs=1)
    assert "60 painted variants of the Negative ones" in decision.threshold.fitted_on
    assert "60 painted variants" in decision.calibration.fitted_on


def test_the_review_band_is_about_real_photos_only() -> None:
    band = decide(faint_cracks()).review
    assert band is None or "painted" not in band.fitted_on


def test_the_least_sharp_calibration_photos_say_what_poor_quality_is() -> None:
    quality = decide(None).quality
    assert 100 < quality.limit < 105
    assert quality.fitted_on == "calibration part of metu (60 photos in 60 groups)"


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> PartPhotos:
    photos = photo_set(sorted(write_patches(tmp_path_factory.mktemp("patches"), 6)))
    groups = tuple(f"g{i}" for i in range(len(photos)))
    return PartPhotos(name=Part.CALIBRATION, photos=photos, sha256=("",) * len(photos), groups=groups)


def test_every_fourth_healthy_photo_is_painted_once_with_a_crack_and_once_with_a_look_alike(
    part: PartPhotos,
) -> None:
    evidence = judge_painted(small_network().eval(), part, small_recipe())
    assert evidence is not None
    healthy = [group for group, label in zip(part.groups, part.photos.labels, strict=True) if label == 0]
    assert evidence.labels.tolist() == [1] * 2 + [0] * 2
    assert list(evidence.groups) == healthy[::4] * 2
    assert np.isfinite(evidence.logits).all()
    again = judge_painted(small_network().eval(), part, small_recipe())
    assert again is not None
    assert np.array_equal(again.logits, evidence.logits)


@pytest.mark.parametrize(
    "changes",
    [
        {"augment__synthetic_cracks": 0.0, "augment__distractors": 0.0},
        {"finetune__enabled": False},
    ],
)
def test_what_was_not_painted_in_training_is_not_painted_here(
    part: PartPhotos, changes: dict[str, object]
) -> None:
    assert judge_painted(small_network().eval(), part, small_recipe(**changes)) is None
