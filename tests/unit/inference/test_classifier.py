"""The classifier: its labels, its order, its failures, and what may be asked of it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from crackscope.bundle import Bundle, ReviewBand
from crackscope.errors import BundleError, PhotoError, SettingsError, UnreadablePhotoError
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.outputs import ScoredPhoto
from crackscope.labels import Label, ReviewReason
from crackscope.records import Failure, Prediction
from tests.helpers.bundles import change_config, write_tiny_bundle

MakePhoto = Callable[..., Path]


def test_dark_is_positive_and_light_is_negative(classifier: CrackClassifier, grey_photo: MakePhoto) -> None:
    dark, light = grey_photo("dark.png", 10), grey_photo("light.png", 240)
    assert classifier.predict(dark).label is Label.POSITIVE
    prediction = classifier.predict(str(light))
    assert prediction == Prediction(
        path=str(light),
        label=Label.NEGATIVE,
        score=round(1 / (1 + np.exp(4 - 8 * 15 / 255)), 6),
        threshold=0.5,
    )


def test_the_threshold_is_inclusive_and_compared_with_the_number_that_is_shown(
    tiny_bundle: Bundle, grey_photo: MakePhoto
) -> None:
    photo = grey_photo("grey.png", 100)
    shown = CrackClassifier.load(tiny_bundle).predict(photo).score
    assert shown == round(shown, 6)
    assert CrackClassifier.load(tiny_bundle, threshold=shown).predict(photo).label is Label.POSITIVE
    above = CrackClassifier.load(tiny_bundle, threshold=shown + 1e-6).predict(photo)
    assert above.label is Label.NEGATIVE
    assert above.threshold == shown + 1e-6


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_outside_0_to_1_is_refused(tiny_bundle: Bundle, threshold: float) -> None:
    with pytest.raises(SettingsError, match="expected 0 to 1"):
        CrackClassifier.load(tiny_bundle, threshold=threshold)


def test_review_reasons_reach_the_prediction(tmp_path: Path, grey_photo: MakePhoto) -> None:
    bundle = write_tiny_bundle(
        tmp_path / "model", review=ReviewBand(low=0.3, high=0.7, alpha=0.05, fitted_on="-"), patch_px=64
    )
    classifier = CrackClassifier.load(bundle)
    assert classifier.predict(grey_photo("mid.png", 128)).reason is ReviewReason.UNCERTAIN
    assert classifier.predict(grey_photo("sure.png", 0)).reason is None
    large = classifier.predict(grey_photo("large.png", 0, (64, 257)))
    assert (large.review, large.reason) == (False, None)


def test_many_paths_come_back_in_their_order(classifier: CrackClassifier, grey_photo: MakePhoto) -> None:
    photos = [grey_photo(f"{index}.png", index * 3 % 256) for index in range(150)]
    outcomes = list(classifier.predict_paths(photos))
    assert [outcome.path for outcome in outcomes] == [str(photo) for photo in photos]
    assert outcomes == [classifier.predict(photo) for photo in photos]


def test_bad_files_are_failures_in_their_place(classifier: CrackClassifier, grey_photo: MakePhoto) -> None:
    photo = grey_photo("good.png", 50)
    missing = photo.with_name("missing.png")
    told = Failure(path="folder", error="can't be searched")
    outcomes = list(classifier.predict_paths([missing, photo, told, str(photo), missing]))
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Failure, Prediction, Failure, Prediction, Failure]
    assert outcomes[2] is told
    assert outcomes[0] == Failure(path=str(missing), error="No such file or directory")


def test_a_batch_of_bad_files_only_is_no_problem(classifier: CrackClassifier, tmp_path: Path) -> None:
    outcomes = list(classifier.predict_paths(tmp_path / f"{index}.jpg" for index in range(99)))
    assert len(outcomes) == 99
    assert all(isinstance(outcome, Failure) for outcome in outcomes)


def test_a_photo_that_vanishes_during_the_run_is_a_failure(
    classifier: CrackClassifier, grey_photo: MakePhoto
) -> None:
    photo = grey_photo("here.png", 50)

    def paths() -> Iterator[Path]:
        for index in itertools.count():
            if index == 40:
                photo.unlink()
            if index == 80:
                return
            yield photo

    outcomes = list(classifier.predict_paths(paths(), batch_size=4))
    assert isinstance(outcomes[0], Prediction)
    assert isinstance(outcomes[-1], Failure)


@pytest.mark.parametrize("batch_size", [1, 2, 7, 64])
def test_no_score_depends_on_the_batch_size(
    classifier: CrackClassifier, grey_photo: MakePhoto, batch_size: int
) -> None:
    photos = [grey_photo(f"{index}.png", index) for index in range(70)]
    assert list(classifier.predict_paths(photos, batch_size=batch_size)) == list(
        classifier.predict_paths(photos)
    )


def test_no_score_depends_on_the_number_of_threads(tiny_bundle: Bundle, grey_photo: MakePhoto) -> None:
    photos = [grey_photo(f"{index}.png", index) for index in range(40)]
    runs = [list(CrackClassifier.load(tiny_bundle, threads=n).predict_paths(photos)) for n in (1, 2, 5)]
    assert runs[0] == runs[1] == runs[2]


def test_the_pixel_limit_makes_failures(classifier: CrackClassifier, grey_photo: MakePhoto) -> None:
    photo = grey_photo("photo.png", 9)
    [outcome] = classifier.predict_paths([photo], limit_pixels=64 * 64 - 1)
    assert isinstance(outcome, Failure)
    assert "limit" in outcome.error


def test_a_fast_decode_is_close_and_keeps_the_photo_s_size(tmp_path: Path) -> None:
    classifier = CrackClassifier.load(write_tiny_bundle(tmp_path / "model", patch_px=1000))
    random = np.random.default_rng(0)
    pixels = np.asarray(Image.fromarray(random.integers(0, 256, (40, 50, 3), np.uint8)).resize((1000, 800)))
    path = tmp_path / "photo.jpg"
    Image.fromarray(pixels).save(path, quality=90)
    [exact] = classifier.run_paths([path])
    [fast] = classifier.run_paths([path], fast_decode=True)
    assert isinstance(exact, ScoredPhoto)
    assert isinstance(fast, ScoredPhoto)
    assert fast.photo_hw == exact.photo_hw == (800, 1000)
    assert 0 < abs(fast.score - exact.score) < 0.01


def test_a_fast_decode_of_a_photo_in_tiles_is_close(classifier: CrackClassifier, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    image = Image.fromarray(random.integers(0, 256, (40, 50, 3), np.uint8)).resize((2500, 2200))
    image.save(tmp_path / "photo.jpg", quality=90)
    [exact] = classifier.run_paths([tmp_path / "photo.jpg"])
    [fast] = classifier.run_paths([tmp_path / "photo.jpg"], fast_decode=True)
    assert isinstance(exact, ScoredPhoto)
    assert isinstance(fast, ScoredPhoto)
    assert exact.photo_hw == fast.photo_hw == (2200, 2500)
    assert 0 < abs(fast.score - exact.score) < 0.01


def test_scored_photos_carry_everything_the_model_gives(
    classifier: CrackClassifier, grey_photo: MakePhoto
) -> None:
    [scored] = classifier.run_paths([grey_photo("photo.png", 51, (100, 200))])
    assert isinstance(scored, ScoredPhoto)
    assert scored.photo_hw == (100, 200)
    assert scored.logit == pytest.approx(8 * 0.8 - 4, abs=1e-5)
    assert scored.embedding == pytest.approx([0.8, 0.2, 0.2, 0.2], abs=1e-4)
    assert scored.cam.shape == (8, 8)
    assert scored.distance == pytest.approx(0.6, abs=1e-4)
    assert classifier.judge(scored).score == scored.score


def test_run_takes_images_of_the_model_s_size(classifier: CrackClassifier) -> None:
    images = np.zeros((3, 64, 64, 3), np.uint8)
    assert classifier.run(images).score.shape == (3,)


def test_paths_are_taken_only_as_outcomes_are(classifier: CrackClassifier, grey_photo: MakePhoto) -> None:
    photo = grey_photo("photo.png", 9)
    taken = 0

    def endless() -> Iterator[Path]:
        nonlocal taken
        while True:
            taken += 1
            yield photo

    outcomes = classifier.predict_paths(endless(), batch_size=4)
    for _ in range(50):
        next(outcomes)
    before = threading.active_count()
    outcomes.close()
    assert taken < 100
    assert threading.active_count() < before


def test_one_bad_photo_raises_and_in_a_list_it_is_a_failure(
    classifier: CrackClassifier, tmp_path: Path
) -> None:
    missing = tmp_path / "missing.jpg"
    with pytest.raises(UnreadablePhotoError, match="No such file"):
        classifier.predict(missing)
    assert classifier.predict([missing]) == [Failure(path=str(missing), error="No such file or directory")]
    assert classifier.predict([]) == []


def test_an_open_image_may_be_given_many_times(classifier: CrackClassifier, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    path = tmp_path / "photo.png"
    Image.fromarray(random.integers(0, 256, (600, 600, 3), dtype=np.uint8)).save(path)
    expected = classifier.predict(path)
    with Image.open(path) as image:
        outcomes = classifier.predict([image] * 20)
    assert [outcome for outcome in outcomes if outcome != expected] == []


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((64, 64, 3), np.float32),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((1, 64, 64, 3), np.uint8),
        np.zeros((64,), np.uint8),
        np.zeros((15, 64, 3), np.uint8),
    ],
)
def test_an_array_that_is_no_photo_is_a_photo_error(classifier: CrackClassifier, array: np.ndarray) -> None:
    with pytest.raises(PhotoError, match=r"expected uint8|shorter than 16"):
        classifier.predict(array)


def test_what_can_never_be_a_photo_is_a_type_error(classifier: CrackClassifier) -> None:
    with pytest.raises(TypeError, match="found int"):
        classifier.predict(5)  # type: ignore[call-overload]


def test_a_model_that_gives_no_number_fails_instead_of_saying_negative(
    tmp_path: Path, grey_photo: MakePhoto
) -> None:
    bundle = write_tiny_bundle(tmp_path / "model")
    model = onnx.load(bundle.onnx_path)
    scale = next(tensor for tensor in model.graph.initializer if tensor.name == "scale")
    scale.CopyFrom(onnx.helper.make_tensor("scale", onnx.TensorProto.FLOAT, [1], [float("nan")]))
    onnx.save(model, bundle.onnx_path)
    classifier = CrackClassifier.load(change_config(bundle))
    with pytest.raises(PhotoError, match="instead of a score"):
        classifier.predict(grey_photo("photo.png", 9))


def test_a_bundle_folder_may_be_named_in_any_way(tiny_bundle: Bundle) -> None:
    for model in (tiny_bundle, tiny_bundle.folder, str(tiny_bundle.folder)):
        assert CrackClassifier.load(model).bundle.identity == tiny_bundle.identity
    with pytest.raises(BundleError, match="no model folder"):
        CrackClassifier.load(tiny_bundle.folder / "nothing")


def test_the_batch_size_is_at_least_one(classifier: CrackClassifier) -> None:
    with pytest.raises(SettingsError, match="1 or more"):
        list(classifier.predict_paths([], batch_size=0))
