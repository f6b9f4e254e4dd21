from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope.errors import SettingsError
from crackscope.serving.active_learning import CANDIDATES_PER_SUGGESTION, suggest, uncertainty


def test_uncertainty_is_1_at_the_threshold_and_falls_alike_on_both_sides() -> None:
    found = uncertainty(np.array([-800.0, -2.0, 0.0, 2.0, 800.0]))
    assert found[2] == 1
    assert found[1] == found[3] == pytest.approx(4 * 0.8808 * 0.1192, abs=1e-3)
    assert found[0] == found[4] == pytest.approx(0)


def test_the_least_sure_tile_comes_first_and_its_copies_come_last() -> None:
    kinds = np.eye(3)
    embeddings = np.concatenate([kinds[[0, 0, 0]], kinds[[1]], kinds[[2]]])
    margins = np.array([0.1, 0.0, 0.2, 1.0, -2.0])
    assert suggest(margins, embeddings, 3).tolist() == [1, 3, 4]


def test_what_is_known_already_is_not_asked_again() -> None:
    kinds = np.eye(2)
    margins = np.array([0.0, 1.5])
    assert suggest(margins, kinds, 1).tolist() == [0]
    assert suggest(margins, kinds, 1, known=kinds[[0]] * 7).tolist() == [1]


def test_tiles_that_the_model_is_sure_of_are_no_candidates() -> None:
    n_unsure = CANDIDATES_PER_SUGGESTION * 2
    margins = np.concatenate([np.full(n_unsure, 0.5), [6.0]])
    embeddings = np.concatenate([np.tile([1.0, 0.0], (n_unsure, 1)), [[0.0, 1.0]]])
    assert n_unsure not in suggest(margins, embeddings, 2)


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_suggestions_are_different_rows_and_as_many_as_asked_or_all(count: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Few values, so that tiles are often equal.
    margins, embeddings = rng.integers(-2, 3, count), rng.integers(0, 2, (count, 3)).astype(np.float32)
    found = suggest(margins, embeddings, n)
    assert len(set(found.tolist())) == min(n, count)
    assert set(found.tolist()) <= set(range(count))
    assert found.tolist() == suggest(margins, embeddings, n).tolist()


@pytest.mark.parametrize(
    ("margins", "embeddings", "n"), [((3,), (3, 2), 0), ((3,), (2, 2), 1), ((3, 1), (3, 2), 1)]
)
def test_what_does_not_fit_is_said(margins: tuple[int, ...], embeddings: tuple[int, ...], n: int) -> None:
    with pytest.raises(SettingsError, match="expected n from 1 on"):
        suggest(np.zeros(margins), np.zeros(embeddings), n)
