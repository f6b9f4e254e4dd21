"""Where tiles begin must not decide what is found.

Tolerance, stated beforehand: the photo's label is unchanged, and 95 % of all cells keep their score within
0.1, when the grid of tiles is shifted. Here the model sees every place alike, so that a seam can only come
from the stitching; ``studies/seams.py`` measures how alike the shipped network sees a place in different
tiles.
"""

from __future__ import annotations

import numpy as np
import pytest

from crackscope import CrackScanner, ScanSettings
from crackscope.bundle import Bundle
from crackscope.dataset.synthetic import make_photo


@pytest.mark.parametrize("shift_cells", [1, 2, 3])
@pytest.mark.parametrize("cracks", [0, 2])
def test_shifting_the_tiles_keeps_labels_and_cells(
    dark_bundle: Bundle, shift_cells: int, cracks: int
) -> None:
    pixels = make_photo(np.random.default_rng(cracks), (400, 600), cracks=cracks).pixels_hwc
    plain, shifted = (
        CrackScanner.load(
            dark_bundle.folder, settings=ScanSettings(tile_px=64, shift_cells=shift), jobs=1
        ).scan(pixels)
        for shift in (0, shift_cells)
    )
    assert [tile.box_ltrb for tile in plain.tiles] != [tile.box_ltrb for tile in shifted.tiles]
    assert plain.label == shifted.label
    assert plain.heat is not None
    assert shifted.heat is not None
    assert (np.abs(plain.heat.scores - shifted.heat.scores) <= 0.1).mean() >= 0.95
