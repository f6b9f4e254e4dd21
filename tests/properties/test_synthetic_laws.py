"""Laws of the painters, whatever the size of the photo and the seed."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope.dataset.synthetic import (
    CrackKind,
    CrackOptions,
    CrackTone,
    DistractorKind,
    WallKind,
    dress_wall,
    paint_crack,
    paint_distractor,
)
from crackscope.dataset.synthetic.noise import field, lumps

SIZES = st.tuples(st.integers(32, 150), st.integers(32, 150))
SEEDS = st.integers(0, 2**32 - 1)
GREYS = st.integers(0, 255)


@settings(deadline=None, max_examples=60)
@given(
    size_hw=SIZES,
    seed=SEEDS,
    grey=GREYS,
    kind=st.sampled_from(CrackKind),
    tone=st.sampled_from((None, *CrackTone)),
)
def test_a_crack_is_always_in_the_mask(
    size_hw: tuple[int, int], seed: int, grey: int, kind: CrackKind, tone: CrackTone | None
) -> None:
    surface = np.full((*size_hw, 3), grey, dtype=np.uint8)
    painted = paint_crack(surface, np.random.default_rng(seed), CrackOptions(kind=kind, tone=tone))
    assert painted.pixels_hwc.shape == surface.shape
    assert painted.pixels_hwc.dtype == painted.mask_hw.dtype == np.uint8
    assert painted.mask_hw.shape == size_hw
    assert painted.mask_hw.any()
    assert painted.width_px > 0


@settings(deadline=None, max_examples=60)
@given(size_hw=SIZES, seed=SEEDS, grey=GREYS, kind=st.sampled_from(DistractorKind))
def test_a_distractor_keeps_the_shape(
    size_hw: tuple[int, int], seed: int, grey: int, kind: DistractorKind
) -> None:
    surface = np.full((*size_hw, 3), grey, dtype=np.uint8)
    painted = paint_distractor(surface, np.random.default_rng(seed), kind)
    assert painted.shape == surface.shape
    assert painted.dtype == np.uint8
    assert (surface == grey).all()


@settings(deadline=None, max_examples=40)
@given(size_hw=SIZES, seed=SEEDS, grey=GREYS, kind=st.sampled_from(WallKind))
def test_a_dressed_wall_keeps_the_shape(
    size_hw: tuple[int, int], seed: int, grey: int, kind: WallKind
) -> None:
    surface = np.full((*size_hw, 3), grey, dtype=np.uint8)
    dressed, again = (dress_wall(surface, np.random.default_rng(seed), kind) for _ in range(2))
    assert dressed.shape == surface.shape
    assert dressed.dtype == np.uint8
    assert (surface == grey).all()
    np.testing.assert_array_equal(dressed, again)


@settings(deadline=None, max_examples=40)
@given(size_hw=SIZES, seed=SEEDS, cell_px=st.floats(1.2, 60), stretch=st.floats(1, 40))
def test_random_fields_have_the_size_asked_for(
    size_hw: tuple[int, int], seed: int, cell_px: float, stretch: float
) -> None:
    rng = np.random.default_rng(seed)
    assert lumps(rng, size_hw, cell_px, stretch=stretch).shape == size_hw
    assert np.isfinite(field(rng, size_hw, (cell_px, 2 * cell_px), stretch=stretch)).all()
