"""The same graph with other numbers in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from crackscope.adaptation.graph import read_head
from crackscope.bundle import ONNX_NAME, Bundle, write_bundle
from crackscope.errors import ExportError
from crackscope.inference.open_session import open_session
from crackscope.precision.variants import Precision, write_variant
from tests.helpers.adaptable import INPUT_HW, write_adaptable_bundle

IMAGES = np.random.default_rng(0).integers(0, 256, (24, *INPUT_HW, 3), dtype=np.uint8)


@pytest.fixture
def base(tmp_path: Path) -> Bundle:
    return write_adaptable_bundle(tmp_path / "base")


def variant_of(base: Bundle, folder: Path, precision: Precision) -> Bundle:
    folder.mkdir()
    write_variant(base.onnx_path, folder / ONNX_NAME, precision, IMAGES)
    return write_bundle(folder, base.config)


def constants(bundle: Bundle) -> dict[str, int]:
    return {one.name: one.data_type for one in onnx.load(bundle.onnx_path).graph.initializer}


def test_half_precision_is_stored_and_not_computed(base: Bundle, tmp_path: Path) -> None:
    half = variant_of(base, tmp_path / "half", Precision.FP16)
    assert constants(half)["filters.half"] == TensorProto.FLOAT16
    # What is small, or no number with a fraction, stays.
    assert constants(half)["offset"] == TensorProto.FLOAT
    assert constants(half)["axes"] == TensorProto.INT64
    before, after = (open_session(one, device="cpu").run(IMAGES) for one in (base, half))
    np.testing.assert_allclose(after.logit, before.logit, rtol=0, atol=2e-3)
    assert not np.array_equal(after.embedding, before.embedding)
    read_head(half)


def test_back_to_single_precision_computes_what_half_did(base: Bundle, tmp_path: Path) -> None:
    half = variant_of(base, tmp_path / "half", Precision.FP16)
    single = variant_of(half, tmp_path / "single", Precision.FP32)
    assert constants(single).keys() == constants(base).keys()
    assert TensorProto.FLOAT16 not in constants(single).values()
    for name, value in vars_of(half).items():
        np.testing.assert_array_equal(vars_of(single)[name], value)


def test_single_precision_of_single_precision_changes_nothing(base: Bundle, tmp_path: Path) -> None:
    same = variant_of(base, tmp_path / "same", Precision.FP32)
    for name, value in vars_of(base).items():
        np.testing.assert_array_equal(vars_of(same)[name], value)


def test_weights_too_large_for_half_precision_stay_whole(base: Bundle, tmp_path: Path) -> None:
    model = onnx.load(base.onnx_path)
    filters = next(one for one in model.graph.initializer if one.name == "filters")
    values = onnx.numpy_helper.to_array(filters) * 1e6
    filters.CopyFrom(onnx.numpy_helper.from_array(values, "filters"))
    onnx.save(model, base.onnx_path)
    half = variant_of(base, tmp_path / "half", Precision.FP16)
    assert constants(half)["filters"] == TensorProto.FLOAT


def test_convolutions_become_integers_and_the_outputs_keep_their_scale(base: Bundle, tmp_path: Path) -> None:
    small = variant_of(base, tmp_path / "int8", Precision.INT8)
    kinds = [node.op_type for node in onnx.load(small.onnx_path).graph.node]
    assert "QuantizeLinear" in kinds
    before, after = (open_session(one, device="cpu").run(IMAGES) for one in (base, small))
    np.testing.assert_allclose(after.embedding, before.embedding, rtol=0, atol=0.02)
    np.testing.assert_allclose(after.distance, before.distance, rtol=0, atol=0.05)
    # The head is not quantised: map and embedding still make the logit.
    rest = after.logit - after.cam.mean(axis=(1, 2))
    assert np.ptp(rest) < 1e-4


def test_int8_needs_images_and_is_no_start(base: Bundle, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="needs real images"):
        write_variant(base.onnx_path, tmp_path / "x.onnx", Precision.INT8)
    small = variant_of(base, tmp_path / "int8", Precision.INT8)
    with pytest.raises(ExportError, match="8-bit integers"):
        write_variant(small.onnx_path, tmp_path / "x.onnx", Precision.FP16)


def vars_of(bundle: Bundle) -> dict[str, np.ndarray]:
    outputs = open_session(bundle, device="cpu").run(IMAGES)
    return {name: getattr(outputs, name) for name in ("score", "logit", "embedding", "cam", "distance")}
