from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from crackscope.errors import BundleError, DataError
from crackscope.inference.open_session import open_session
from crackscope.inference.session import Session
from crackscope.training import embeddings
from crackscope.training.embeddings import EmbeddingJob, embed_photos, make_view
from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.patches import write_patches


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return open_session(write_tiny_bundle(tmp_path_factory.mktemp("bundle")), threads=2)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return tuple(write_patches(tmp_path_factory.mktemp("patches"), 20))


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "_CHUNK", 16)
    monkeypatch.setattr(embeddings, "_BATCH", 4)


def job_of(photos: tuple[Path, ...], **changes: object) -> EmbeddingJob:
    facts = {
        "paths": photos,
        "sha256": tuple(path.name for path in photos),
        "input_hw": (64, 64),
        "views": ("identity", "flip"),
        "network_sha256": "abc",
    }
    return EmbeddingJob(**{**facts, **changes})  # type: ignore[arg-type]


def test_the_order_of_the_result_is_the_order_of_the_photos(
    session: Session, photos: tuple[Path, ...], tmp_path: Path
) -> None:
    found = embed_photos(job_of(photos), session, tmp_path / "a")
    turned = embed_photos(job_of(photos[::-1]), session, tmp_path / "b")
    assert found.shape == (40, 2, 4)
    np.testing.assert_array_equal(found[::-1], turned)


def test_a_second_call_reads_no_photo(session: Session, photos: tuple[Path, ...], tmp_path: Path) -> None:
    found = embed_photos(job_of(photos), session, tmp_path)
    gone = tuple(Path("gone", path.name) for path in photos)
    np.testing.assert_array_equal(embed_photos(job_of(gone), session, tmp_path), found)


def test_only_chunks_that_are_missing_are_embedded_again(
    session: Session, photos: tuple[Path, ...], tmp_path: Path
) -> None:
    found = embed_photos(job_of(photos), session, tmp_path)
    second = sorted(tmp_path.rglob("*.npz"))[1]
    second.unlink()
    # Only the photos of the second chunk are there.
    kept = tuple(path if 16 <= index < 32 else Path("gone", path.name) for index, path in enumerate(photos))
    np.testing.assert_array_equal(embed_photos(job_of(kept), session, tmp_path), found)


def test_features_of_the_trunk_come_from_the_same_pass_and_the_first_view(
    session: Session, photos: tuple[Path, ...], tmp_path: Path
) -> None:
    embedded = embed_photos(job_of(photos), session, tmp_path)
    gone = tuple(Path("gone", path.name) for path in photos)
    found = embed_photos(job_of(gone), session, tmp_path, features="trunk")
    np.testing.assert_allclose(found, embedded[:, 0] * 2)


def test_a_graph_without_a_trunk_is_refused(
    session: Session, photos: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = session.infer
    monkeypatch.setattr(session, "infer", lambda images: dataclasses.replace(whole(images), trunk=None))
    with pytest.raises(BundleError, match="last stage; export it again"):
        embed_photos(job_of(photos), session, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"network_sha256": "other"},
        {"views": ("identity",)},
        {"input_hw": (32, 32)},
        {"sha256": tuple(str(number) for number in range(40))},
    ],
)
def test_everything_it_depends_on_names_the_cache(
    photos: tuple[Path, ...], change: dict[str, object]
) -> None:
    assert job_of(photos).key() != job_of(photos, **change).key()


def test_a_photo_that_vanished_is_an_error_that_names_it(session: Session, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"vanished\.jpg.*put it back"):
        embed_photos(job_of((Path("vanished.jpg"),)), session, tmp_path)


def test_progress_ends_at_the_number_of_photos(
    session: Session, photos: tuple[Path, ...], tmp_path: Path
) -> None:
    told: list[tuple[int, int | None]] = []
    embed_photos(job_of(photos), session, tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told == [(16, 40), (32, 40), (40, 40)]


def test_views_show_the_same_photo_another_way() -> None:
    image = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    np.testing.assert_array_equal(make_view(image, "identity"), image)
    np.testing.assert_array_equal(make_view(image, "flip"), image[:, ::-1])
    np.testing.assert_array_equal(make_view(image, "quarter_turn"), np.rot90(image))
    zoomed = make_view(image, "zoom")
    assert zoomed.shape == image.shape
    assert not np.array_equal(zoomed, image)
