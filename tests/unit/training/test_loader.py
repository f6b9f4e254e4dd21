from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from crackscope.errors import DataError
from crackscope.images import read_photo
from crackscope.resizing import resize_rgb
from crackscope.training.batches import Draw, Paint, plan_once, split_batches
from crackscope.training.loader import PhotoBatches, load_draw
from tests.helpers.patches import write_patches
from tests.helpers.small_finetune import photo_set


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return sorted(write_patches(tmp_path, 10))


@pytest.mark.parametrize("workers", [1, 4])
def test_batches_come_in_order_with_the_pixels_that_inference_sees(paths: list[Path], workers: int) -> None:
    photos = photo_set(paths)
    loader = PhotoBatches(photos, split_batches(plan_once(photos), 3), (40, 40), seed=0, workers=workers)
    batches = list(loader)
    assert len(batches) == len(loader) == 7
    assert torch.cat([batch.photos for batch in batches]).tolist() == list(range(20))
    assert torch.cat([batch.labels for batch in batches]).tolist() == photos.labels.tolist()
    wanted = np.stack([resize_rgb(read_photo(path).pixels_hwc, (40, 40)) for path in paths])
    assert np.array_equal(torch.cat([batch.images for batch in batches]).numpy(), wanted)


def test_it_can_be_iterated_again_and_left_early(paths: list[Path]) -> None:
    photos = photo_set(paths)
    loader = PhotoBatches(photos, split_batches(plan_once(photos), 2), (32, 32), seed=0, workers=2)
    threads = threading.active_count()
    iterator = iter(loader)
    first = next(iterator)
    iterator.close()  # type: ignore[attr-defined]
    assert threading.active_count() == threads
    assert torch.equal(next(iter(loader)).images, first.images)


def test_a_painted_photo_differs_and_depends_on_seed_epoch_and_photo_only(paths: list[Path]) -> None:
    def load(seed: int, epoch: int, photo: int) -> bytes:
        draw = Draw(photo=photo, epoch=epoch, label=1, paint="crack")
        return load_draw(paths[0], draw, (48, 48), seed=seed).tobytes()

    plain = load_draw(paths[0], Draw(photo=0, epoch=0, label=0), (48, 48), seed=0).tobytes()
    assert load(0, 0, 0) == load(0, 0, 0)
    assert len({plain, load(0, 0, 0), load(1, 0, 0), load(0, 1, 0), load(0, 0, 1)}) == 5


def test_a_photo_can_be_a_poor_jpeg_painted_or_not(paths: list[Path]) -> None:
    def load(quality: int | None, paint: Paint | None) -> np.ndarray:
        draw = Draw(photo=0, epoch=0, label=1, paint=paint, jpeg_quality=quality)
        return load_draw(paths[0], draw, (48, 48), seed=0).astype(int)

    paints: list[Paint | None] = [None, "crack"]
    for paint in paints:
        poor, fair, whole = (load(quality, paint) for quality in (10, 60, None))
        assert np.abs(poor - whole).mean() > np.abs(fair - whole).mean() > 0


def test_a_look_alike_can_be_painted(paths: list[Path]) -> None:
    draw = Draw(photo=0, epoch=0, label=0, paint="distractor")
    painted = load_draw(paths[0], draw, (48, 48), seed=0)
    assert not np.array_equal(painted, read_photo(paths[0]).pixels_hwc)


def test_a_crack_can_be_painted_over_a_look_alike(paths: list[Path]) -> None:
    alike, both = (
        load_draw(
            paths[0], Draw(photo=0, epoch=0, label=int(paint != "distractor"), paint=paint), (48, 48), seed=0
        )
        for paint in ("distractor", "crack over distractor")
    )
    changed = np.abs(alike.astype(int) - both).max(axis=2) > 8
    assert 0 < changed.mean() < 0.5


def test_a_photo_too_small_for_the_painter_is_enlarged_first(tmp_path: Path) -> None:
    path = tmp_path / "small.png"
    Image.new("RGB", (16, 16), "grey").save(path)
    painted = load_draw(path, Draw(photo=0, epoch=0, label=1, paint="crack"), (64, 64), seed=0)
    assert painted.shape == (64, 64, 3)
    assert painted.std() > 0


@pytest.mark.parametrize("paint", [None, "crack"])
def test_a_photo_that_can_not_be_read_any_more_is_named(tmp_path: Path, paint: str | None) -> None:
    with pytest.raises(DataError, match=r"gone\.png.*when the data was split"):
        load_draw(tmp_path / "gone.png", Draw(photo=0, epoch=0, label=0, paint=paint), (32, 32), seed=0)  # type: ignore[arg-type]
