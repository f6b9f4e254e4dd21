"""Tiles of healthy photos and what is painted on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crackscope.adaptation.site_features import TILES_PER_PHOTO, embed_healthy, tiles_of, variants_of
from crackscope.evaluation.photos import GroupedPhoto
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label
from tests.helpers.adaptable import write_adaptable_bundle
from tests.helpers.patches import write_patches

GREY = np.full((100, 100, 3), 150, np.uint8)


def test_a_patch_is_one_tile() -> None:
    [tile] = tiles_of(GREY, 64, np.random.default_rng(0))
    assert tile is GREY


def test_a_whole_photo_is_cut_at_its_own_resolution() -> None:
    photo = np.zeros((640, 900, 3), np.uint8)
    tiles = tiles_of(photo, 64, np.random.default_rng(0))
    assert len(tiles) == TILES_PER_PHOTO
    assert {tile.shape for tile in tiles} == {(64, 64, 3)}


def test_only_cracks_are_positive_and_the_tile_comes_first() -> None:
    variants, labels = variants_of(GREY, np.random.default_rng(0))
    assert variants[0] is GREY
    assert labels == [0, 0, 1, 1]
    assert all((crack != GREY).any() for crack in variants[2:])


def test_the_order_of_photos_changes_no_pixel(tmp_path: Path) -> None:
    classifier = CrackClassifier.load(write_adaptable_bundle(tmp_path / "model"))
    files = [path for path in write_patches(tmp_path, 3) if path.parent.name == "Negative"]
    photos = [
        GroupedPhoto(path=file.name, file=file, truth=Label.NEGATIVE, group=file.name) for file in files
    ]
    there, back = (
        embed_healthy(classifier, order, seed=1).evidence.features for order in (photos, photos[::-1])
    )
    np.testing.assert_allclose(there.reshape(3, 4, -1), back.reshape(3, 4, -1)[::-1], atol=1e-6)
