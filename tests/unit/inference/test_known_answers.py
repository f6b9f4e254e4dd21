"""A model of 8-bit integers answers as recorded on this processor, or is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crackscope.bundle import Bundle, load_bundle
from crackscope.errors import BundleError
from crackscope.inference import open_session as room
from crackscope.inference.known_answers import MAX_STRAY, known_answers, known_images, stray
from crackscope.inference.open_session import answers_stray, open_session
from crackscope.inference.session import Session
from crackscope.inference.verify import verify_bundle
from tests.helpers.bundles import change_config


def embeddings_of(bundle: Bundle) -> np.ndarray:
    images = known_images(bundle.config.input_hw)
    return open_session(bundle, device="cpu").infer(images).embedding


def with_answers(bundle: Bundle, folder: Path, *, factor: float = 1.0) -> Bundle:
    """A copy whose recorded answers are those of the bundle, times a factor."""
    folder.mkdir()
    for file in bundle.folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    answers = known_answers((factor * embeddings_of(bundle)).astype(np.float32))
    change_config(Bundle(folder, bundle.config), answers=answers)
    return load_bundle(folder)


def kernels(session: Session) -> str:
    options = session._session.get_session_options()  # type: ignore[attr-defined]
    return {"0": "fast", "1": "exact"}[options.get_session_config_entry("session.x64quantprecision")]


def test_the_images_are_the_same_on_every_machine() -> None:
    images = known_images((64, 48))
    assert images.shape == (12, 64, 48, 3)
    assert hashlib.sha256(images.tobytes()).hexdigest()[:16] == "1cd53016efe08b15"


def test_answers_survive_the_file_and_the_model_opens_with_fast_kernels(
    tiny_bundle: Bundle, tmp_path: Path
) -> None:
    bundle = with_answers(tiny_bundle, tmp_path / "model")
    session = open_session(bundle, device="cpu")
    assert answers_stray(session) < 1e-3
    assert kernels(session) == "fast"
    assert [check.name for check in verify_bundle(bundle.folder) if check.passed is False] == []


def test_another_answer_is_refused_with_what_to_do(tiny_bundle: Bundle, tmp_path: Path) -> None:
    bundle = with_answers(tiny_bundle, tmp_path / "model", factor=1.2)
    with pytest.raises(BundleError, match=r"features differ by 17% \(at most 8%\)\. Use another engine, or"):
        open_session(bundle, device="cpu")
    [check] = [check for check in verify_bundle(bundle.folder) if check.passed is False]
    assert "does not compute them as recorded" in check.detail


def test_kernels_that_stray_a_little_give_way_to_exact_ones(tiny_bundle: Bundle, tmp_path: Path) -> None:
    bundle = with_answers(tiny_bundle, tmp_path / "model", factor=1.03)
    session = open_session(bundle, device="cpu")
    assert 0.005 < answers_stray(session) <= MAX_STRAY
    assert kernels(session) == "exact"


def test_a_model_without_answers_has_exact_kernels(tiny_bundle: Bundle) -> None:
    assert kernels(open_session(tiny_bundle, device="cpu")) == "exact"
    assert answers_stray(open_session(tiny_bundle, device="cpu")) == 0


def test_openvino_is_held_to_the_same_answers(tiny_bundle: Bundle, tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    right, wrong = (
        with_answers(tiny_bundle, tmp_path / f"model-{factor}", factor=factor) for factor in (1.0, 1.2)
    )
    assert answers_stray(open_session(right, engine="openvino")) < 1e-3
    with pytest.raises(BundleError, match=r"openvino on this processor .* Use --engine onnxruntime, or"):
        open_session(wrong, engine="openvino")


def test_rows_of_another_length_are_no_answers(tiny_bundle: Bundle, tmp_path: Path) -> None:
    bundle = with_answers(tiny_bundle, tmp_path / "model")
    assert bundle.config.answers is not None
    short = replace(bundle.config.answers, features=bundle.config.answers.features[1:])
    change_config(bundle, answers=short)
    with pytest.raises(BundleError, match="one number for each of its features"):
        load_bundle(bundle.folder)


def test_saturated_sums_stray_further_than_the_limit() -> None:
    """What AVX2 without VNNI does to 8-bit products, in NumPy: sums of two products end at 32,767."""
    random = np.random.default_rng(0)
    activations = random.integers(0, 256, (12, 512)).astype(np.int32)
    weights = random.integers(-128, 128, (512, 96)).astype(np.int32)
    products = activations[:, :, None] * weights[None]
    exact = products.sum(axis=1)
    saturated = np.clip(products[:, ::2] + products[:, 1::2], -32768, 32767).sum(axis=1)
    halved = activations[:, :, None] * (weights // 2)[None]
    assert np.abs(halved[:, ::2] + halved[:, 1::2]).max() <= 32767
    answers = known_answers(exact.astype(np.float32))
    assert stray(answers, exact.astype(np.float32)) == 0
    assert stray(answers, saturated.astype(np.float32)) > MAX_STRAY


def test_the_session_asks_the_engine_of_the_processor_it_runs_on(
    tiny_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = with_answers(tiny_bundle, tmp_path / "model")
    asked: list[str] = []

    def saturates(answers: object, embeddings: object) -> float:
        asked.append("compared")
        return 0.3 if len(asked) == 1 else 0.0

    monkeypatch.setattr(room, "stray", saturates)
    assert kernels(open_session(bundle, device="cpu")) == "exact"
    assert asked == ["compared", "compared"]
