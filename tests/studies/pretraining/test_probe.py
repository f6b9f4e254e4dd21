from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope.errors import NoPhotosError, WeightsError
from studies.pretraining.probe import ProbeRow, probe


def _patch(path: Path, rng: np.random.Generator, cracked: bool) -> None:
    pixels = rng.integers(120, 180, (48, 48, 3), dtype=np.uint8)
    if cracked:
        column = rng.integers(10, 34)
        pixels[:, column : column + 5] = rng.integers(0, 30, (48, 5, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def _source(folder: Path, names: dict[str, bool], files: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    for name, cracked in names.items():
        for file in files:
            _patch(folder / name / file, rng, cracked)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    blocks = [f"{1 + 250 * block + copy:05}.png" for block in range(22) for copy in range(3)]
    _source(root / "metu", {"Positive": True, "Negative": False}, blocks, 0)
    photos = [f"{7000 + photo}-{patch}.png" for photo in range(20) for patch in range(2)]
    _source(root / "sdnet2018" / "W", {"CW": True, "UW": False}, photos, 1)
    return root


@pytest.fixture(scope="module")
def rows(data: Path) -> list[ProbeRow]:
    return probe("tf_efficientnet_lite0", "imagenet", data, side_px=48)


def test_only_pairs_with_photos_are_measured(rows: list[ProbeRow]) -> None:
    assert [(row.train, row.test) for row in rows] == [("metu", "sdnet2018"), ("sdnet2018", "metu")]


def test_bold_cracks_are_told_from_one_source_to_another(rows: list[ProbeRow]) -> None:
    for row in rows:
        assert row.auroc is not None
        assert row.auroc > 0.95
        assert row.auroc_95 is not None
        assert row.auroc_95[0] <= row.auroc <= row.auroc_95[1]


@pytest.mark.slow
def test_labels_that_mean_nothing_are_not_learned(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    for source, names in (("metu", ("Positive", "Negative")), ("sdnet2018", ("W/CW", "W/UW"))):
        for name in names:
            for number in range(40):
                file = f"{1 + 250 * number:05}.png" if source == "metu" else f"{7000 + number}-1.png"
                _patch(tmp_path / source / name / file, rng, cracked=bool(number % 2))
    found = probe("tf_efficientnet_lite0", "imagenet", tmp_path, side_px=48)
    assert all(row.auroc is not None and 0.2 < row.auroc < 0.8 for row in found)


@pytest.mark.slow
def test_copies_of_a_test_photo_count_once(data: Path, rows: list[ProbeRow], tmp_path: Path) -> None:
    for path in data.rglob("*.png"):
        target = tmp_path / path.relative_to(data)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
        # Two more numbers in the same block: the same group, so the same part.
        twin = f"{int(path.stem) + 100:05}.png" if path.stem.isdigit() else f"{path.stem}9.png"
        (target.parent / twin).write_bytes(path.read_bytes())
    found = probe("tf_efficientnet_lite0", "imagenet", tmp_path, side_px=48)
    assert [row.n_test for row in found] == [row.n_test for row in rows]


def test_categories_are_told_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    for name, colour in (("red", (200, 30, 30)), ("blue", (30, 30, 200))):
        for number in range(60):
            pixels = np.clip(np.array(colour) + rng.integers(-30, 30, (48, 48, 3)), 0, 255).astype(np.uint8)
            path = tmp_path / "caltech101" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    (row,) = probe("tf_efficientnet_lite0", "imagenet", tmp_path, side_px=48)
    assert row.auroc is None
    assert row.accuracy == 1.0


def test_nothing_to_probe_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoPhotosError, match="nothing to probe"):
        probe("tf_efficientnet_lite0", "imagenet", tmp_path, side_px=48)


def test_missing_weights_are_said_before_any_photo_is_read(data: Path) -> None:
    with pytest.raises(WeightsError, match=r"nothing.safetensors"):
        probe("tf_efficientnetv2_b0", str(data / "nothing.safetensors"), data, side_px=48)
