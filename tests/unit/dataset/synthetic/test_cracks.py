from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from crackscope.dataset.synthetic import CrackKind, CrackOptions, CrackTone, make_concrete, paint_crack
from crackscope.dataset.synthetic.finish import MARGIN_PX

SIDE_PX = 160
BLOCK_PX = 8


def _wall(seed: int = 0, size_hw: tuple[int, int] = (SIDE_PX, SIDE_PX)) -> NDArray[np.uint8]:
    return make_concrete(np.random.default_rng(seed), size_hw)


def _blocks(flags_hw: NDArray[np.bool_]) -> NDArray[np.bool_]:
    count = SIDE_PX // BLOCK_PX
    return flags_hw.reshape(count, BLOCK_PX, count, BLOCK_PX).any(axis=(1, 3))


def _borders_touched(mask_hw: NDArray[np.uint8]) -> int:
    return sum(bool(border.any()) for border in (mask_hw[0], mask_hw[-1], mask_hw[:, 0], mask_hw[:, -1]))


@pytest.mark.parametrize("kind", list(CrackKind))
def test_every_kind_darkens_what_its_mask_covers(kind: CrackKind) -> None:
    grey = np.full((SIDE_PX, SIDE_PX, 3), 150, dtype=np.uint8)
    darker = 0
    for seed in range(20):
        options = CrackOptions(kind=kind, width_px=(3.0, 8.0), darkness=(0.4, 0.8), tone=CrackTone.DARK)
        painted = paint_crack(grey, np.random.default_rng(seed), options)
        inside = painted.mask_hw == 255
        assert painted.kind is kind
        darker += painted.pixels_hwc[inside].mean() < 120
    assert darker == 20


@pytest.mark.parametrize("level", [25, 90, 170])
def test_a_light_crack_is_brighter_than_its_wall_however_dark_that_is(level: int) -> None:
    wall = np.full((SIDE_PX, SIDE_PX, 3), level, dtype=np.uint8)
    for seed in range(20):
        options = CrackOptions(kind=CrackKind.THROUGH, width_px=(3.0, 8.0), tone=CrackTone.LIGHT)
        painted = paint_crack(wall, np.random.default_rng(seed), options)
        assert painted.tone is CrackTone.LIGHT
        assert painted.pixels_hwc[painted.mask_hw == 255].mean() > level + 12


def test_one_in_eight_cracks_is_light_and_none_on_a_white_wall() -> None:
    grey, white = (np.full((64, 64, 3), level, dtype=np.uint8) for level in (120, 252))
    of_grey = [paint_crack(grey, np.random.default_rng(seed)).tone for seed in range(300)]
    assert 20 <= of_grey.count(CrackTone.LIGHT) <= 55
    assert {paint_crack(white, np.random.default_rng(seed)).tone for seed in range(60)} == {CrackTone.DARK}


def test_a_straight_crack_hardly_leaves_its_line() -> None:
    grey = np.full((SIDE_PX, SIDE_PX, 3), 150, dtype=np.uint8)
    offs = {}
    for kind in (CrackKind.STRAIGHT, CrackKind.THROUGH):
        offs[kind] = np.median([_off_line(grey, kind, seed) for seed in range(20)])
    assert offs[CrackKind.STRAIGHT] < 3
    assert offs[CrackKind.STRAIGHT] < 0.5 * offs[CrackKind.THROUGH]


def _off_line(wall: NDArray[np.uint8], kind: CrackKind, seed: int) -> float:
    """Deviation of a crack's pixels from the straight line through them."""
    painted = paint_crack(wall, np.random.default_rng(seed), CrackOptions(kind=kind, width_px=(1.0, 2.0)))
    where = np.argwhere(painted.mask_hw > 100).astype(float)
    return float(np.linalg.svd(where - where.mean(axis=0), compute_uv=False)[1] / np.sqrt(len(where)))


def test_the_input_is_left_as_it_is() -> None:
    wall = _wall()
    before = wall.copy()
    wall.flags.writeable = False
    paint_crack(wall, np.random.default_rng(1))
    np.testing.assert_array_equal(wall, before)


def test_the_same_seed_paints_the_same_bytes() -> None:
    one, other = (paint_crack(_wall(), np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one.pixels_hwc, other.pixels_hwc)
    np.testing.assert_array_equal(one.mask_hw, other.mask_hw)


def test_another_seed_paints_another_crack() -> None:
    one, other = (paint_crack(_wall(), np.random.default_rng(seed)) for seed in (1, 2))
    assert (one.mask_hw != other.mask_hw).any()


def test_nothing_changes_far_from_the_crack() -> None:
    wall = _wall()
    for seed in range(12):
        painted = paint_crack(wall, np.random.default_rng(seed))
        crack = Image.fromarray(_blocks(painted.mask_hw > 0).astype(np.uint8))
        near = np.asarray(crack.filter(ImageFilter.MaxFilter(2 * (2 * MARGIN_PX // BLOCK_PX) + 1)))
        assert near[_blocks((painted.pixels_hwc != wall).any(axis=2))].all()


@pytest.mark.parametrize(
    ("kind", "borders"), [(CrackKind.THROUGH, 2), (CrackKind.ENDING, 1), (CrackKind.CORNER, 2)]
)
def test_cracks_meet_the_borders_that_their_kind_says(kind: CrackKind, borders: int) -> None:
    options = CrackOptions(kind=kind, width_px=(4.0, 5.0))
    touched = [
        _borders_touched(paint_crack(_wall(), np.random.default_rng(seed), options).mask_hw)
        for seed in range(40)
    ]
    # Some bend back to the border they came from, some cut a corner on their way.
    assert np.median(touched) == borders
    assert min(touched) >= 1


def test_wide_cracks_cover_more_than_hairlines() -> None:
    def share(width_px: float) -> float:
        options = CrackOptions(kind=CrackKind.THROUGH, width_px=(width_px, width_px))
        masks = [paint_crack(_wall(), np.random.default_rng(seed), options).mask_hw for seed in range(60)]
        return float(np.mean(masks)) / 255

    assert 5 < share(12.0) / share(2.0) < 7.5


def test_a_requested_width_is_reported_and_painted() -> None:
    options = CrackOptions(kind=CrackKind.THROUGH, width_px=(6.0, 6.0))
    grey = np.full((SIDE_PX, SIDE_PX, 3), 150, dtype=np.uint8)
    painted = paint_crack(grey, np.random.default_rng(4), options)
    assert painted.width_px == pytest.approx(6.0)


def test_hairlines_are_sub_pixel_in_the_mask() -> None:
    options = CrackOptions(kind=CrackKind.THROUGH, width_px=(0.4, 0.5), visibility=0.0)
    masks = [paint_crack(_wall(), np.random.default_rng(seed), options).mask_hw for seed in range(10)]
    assert all(0 < np.median(mask[mask > 0]) < 160 for mask in masks)


def test_cracks_stand_out_more_on_rough_surfaces() -> None:
    rough = (
        np.random.default_rng(0).integers(60, 200, (SIDE_PX, SIDE_PX, 1), dtype=np.uint8).repeat(3, axis=2)
    )
    smooth = np.full_like(rough, 130)
    options = CrackOptions(kind=CrackKind.THROUGH, width_px=(2.0, 2.0), darkness=(0.1, 0.3))

    def contrast(surface: NDArray[np.uint8]) -> float:
        drops = []
        for seed in range(20):
            painted = paint_crack(surface, np.random.default_rng(seed), options)
            inside = painted.mask_hw > 200
            drops.append(surface[inside].mean() - painted.pixels_hwc[inside].mean())
        return float(np.median(drops))

    assert contrast(rough) > 2 * contrast(smooth)


@pytest.mark.parametrize("size_hw", [(32, 32), (64, 200), (227, 227), (700, 333)])
def test_any_size_can_be_painted(size_hw: tuple[int, int]) -> None:
    painted = paint_crack(_wall(1, size_hw), np.random.default_rng(2))
    assert painted.pixels_hwc.shape == (*size_hw, 3)
    assert painted.mask_hw.shape == size_hw
    assert painted.mask_hw.any()
