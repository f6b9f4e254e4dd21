from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope.training.familiarity import fit_familiarity, set_limit


def cloud(count: int, *, seed: int, size: int = 96) -> NDArray[np.float32]:
    """A few wide directions and many narrow ones, far from the origin: as embeddings are."""
    rng = np.random.default_rng(seed)
    widths = np.where(np.arange(size) < 8, 5.0, 0.2)
    return (rng.normal(size=(count, size)) * widths + 3).astype(np.float32)


def test_what_it_was_fitted_on_lies_at_about_one() -> None:
    found = fit_familiarity(cloud(2000, seed=0)).distances(cloud(2000, seed=1))
    assert found.mean() == pytest.approx(1, abs=0.05)


def test_a_step_counts_by_the_spread_in_its_direction() -> None:
    model = fit_familiarity(cloud(2000, seed=0))
    middle = np.full((1, 96), 3, dtype=np.float32)
    along_wide, along_narrow = middle.copy(), middle.copy()
    along_wide[0, 0] += 5
    along_narrow[0, 90] += 5
    assert model.distances(along_narrow)[0] > 5 * model.distances(along_wide)[0]


def test_fewer_photos_than_directions_are_enough() -> None:
    found = fit_familiarity(cloud(10, seed=0)).distances(cloud(5, seed=1))
    assert np.isfinite(found).all()


def test_features_that_never_move_do_no_harm() -> None:
    values = cloud(200, seed=0)
    values[:, 50:] = 0
    assert np.isfinite(fit_familiarity(values).distances(values)).all()


def test_the_limit_leaves_the_wanted_share_inside() -> None:
    distances = np.linspace(0, 1, 1001, dtype=np.float32)
    limit = set_limit(distances, quantile=0.98, fitted_on="calibration")
    assert (distances <= limit.limit).mean() == pytest.approx(0.98, abs=0.002)
    assert (limit.quantile, limit.fitted_on) == (0.98, "calibration")
