from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope.dataset.synthetic import make_concrete
from crackscope.training.places.crops import STRIDE_PX, UNKNOWN, draw_crop
from crackscope.training.places.sources import CropSource, Role, hold_out

SIDE = 64


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("walls") / "wall.png"
    Image.fromarray(make_concrete(np.random.default_rng(0), (200, 260))).save(path)
    return path


@pytest.fixture(scope="module")
def mask(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("masks") / "mask.png"
    crack = np.zeros((200, 260), np.uint8)
    crack[:, 128:134] = 255
    Image.fromarray(crack).save(path)
    return path


def _source(role: Role, photo: Path, masks: tuple[Path, ...] = ()) -> CropSource:
    return CropSource(name="test", role=role, photos=(photo,), share=1.0, crop_px=(60.0, 180.0), masks=masks)


@pytest.mark.parametrize("role", [Role.CRACKED, Role.HEALTHY, Role.OTHER])
def test_the_same_seed_draws_the_same_crop(role: Role, wall: Path) -> None:
    one, other = (draw_crop(_source(role, wall), np.random.default_rng(3), SIDE) for _ in range(2))
    np.testing.assert_array_equal(one.pixels_hwc, other.pixels_hwc)
    np.testing.assert_array_equal(one.places_hw, other.places_hw)
    assert one.pixels_hwc.shape == (SIDE, SIDE, 3)
    assert one.places_hw.shape == (SIDE // STRIDE_PX, SIDE // STRIDE_PX)


def test_what_is_known_of_a_crop_fits_its_role(wall: Path, mask: Path) -> None:
    cracked = draw_crop(_source(Role.CRACKED, wall), np.random.default_rng(0), SIDE)
    other = draw_crop(_source(Role.OTHER, wall), np.random.default_rng(0), SIDE)
    assert (cracked.places_hw == UNKNOWN).all()
    assert cracked.label == 1
    assert cracked.doubted
    assert (other.places_hw == 0).all()
    assert other.label == 0
    for seed in range(20):
        masked = draw_crop(_source(Role.MASKED, wall, (mask,)), np.random.default_rng(seed), SIDE)
        assert masked.label == 1
        assert (masked.places_hw == 1).any()
        assert (masked.places_hw == 0).any()


def test_healthy_concrete_is_painted_on_more_often_than_not(wall: Path) -> None:
    crops = [draw_crop(_source(Role.HEALTHY, wall), np.random.default_rng(seed), SIDE) for seed in range(60)]
    cracked = [crop for crop in crops if crop.label]
    assert 20 < len(cracked) < 50
    assert all((crop.places_hw != 0).any() for crop in cracked)
    assert all((crop.places_hw == 0).all() for crop in crops if not crop.label)


def test_every_fifth_photo_is_held_out() -> None:
    paths = [Path(f"wall-{number:02d}.jpg") for number in range(10)]
    kept, held = hold_out(reversed(paths))
    assert [path.stem for path in held] == ["wall-02", "wall-07"]
    assert sorted(kept + held) == paths
