from __future__ import annotations

import numpy as np

from crackscope.inference.places import places_to_cells, upsample


def test_a_cell_of_equal_places_has_their_logit() -> None:
    logits = np.repeat(np.repeat(np.arange(4.0, dtype=np.float32).reshape(1, 2, 2), 4, axis=1), 4, axis=2)
    np.testing.assert_allclose(places_to_cells(logits, (2, 2)), [[[0, 1], [2, 3]]], atol=1e-6)


def test_a_thin_crack_is_not_diluted_by_the_rest_of_its_cell() -> None:
    logits = np.full((1, 8, 8), -6, np.float32)
    logits[0, :, 1] = 5
    cells = places_to_cells(logits, (2, 2))[0]
    assert (cells[:, 0] > 4.9).all()
    assert (cells[:, 1] < -5.9).all()


def test_a_coarse_map_is_interpolated() -> None:
    logits = np.array([[[0, 8], [0, 8]]], np.float32)
    np.testing.assert_array_equal(places_to_cells(logits, (4, 4)), upsample(logits, (4, 4)))
    np.testing.assert_allclose(upsample(logits, (4, 4))[0, 0], [0, 2, 6, 8])


def test_a_map_that_does_not_fit_is_interpolated() -> None:
    logits = np.random.default_rng(0).normal(size=(2, 14, 14)).astype(np.float32)
    np.testing.assert_array_equal(places_to_cells(logits, (8, 8)), upsample(logits, (8, 8)))
