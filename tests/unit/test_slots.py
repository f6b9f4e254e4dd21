"""What adapts a model is other arrays in the same graph, also in graphs of earlier versions."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest

from crackscope.adaptation.graph import read_head, write_graph
from crackscope.adaptation.head import Head
from crackscope.bundle import ONNX_NAME, Bundle, Calibration, load_bundle, write_bundle
from crackscope.errors import BundleError
from crackscope.inference.open_session import open_session
from crackscope.precision.variants import Precision, write_variant
from crackscope.slot_surgery import with_slots
from crackscope.slots import REQUIRED, Slot, has_slots, read_slots, swap_slots
from tests.helpers.adaptable import FILTERS, INPUT_HW, write_adaptable_bundle
from tests.helpers.bundles import write_tiny_bundle

IMAGES = np.random.default_rng(0).integers(0, 256, (24, *INPUT_HW, 3), dtype=np.uint8)
OUTPUTS = ("score", "logit", "embedding", "cam", "trunk", "distance")


@pytest.fixture
def old(tmp_path: Path) -> Bundle:
    """A bundle as earlier versions exported it."""
    return write_adaptable_bundle(tmp_path / "old", with_trunk=True)


@pytest.fixture
def slotted(old: Bundle, tmp_path: Path) -> Bundle:
    (tmp_path / "new").mkdir()
    model = with_slots(onnx.load(old.onnx_path), "old")
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, tmp_path / "new" / ONNX_NAME)
    return write_bundle(tmp_path / "new", old.config)


def outputs(bundle: Bundle) -> dict[str, np.ndarray]:
    found = open_session(bundle, device="cpu").run(IMAGES)
    return {name: getattr(found, name) for name in OUTPUTS}


def test_an_old_graph_gets_its_slots_and_computes_the_same(old: Bundle, slotted: Bundle) -> None:
    assert not has_slots(onnx.load(old.onnx_path))
    assert read_slots(onnx.load(slotted.onnx_path)).keys() == set(Slot)
    before, after = outputs(old), outputs(slotted)
    for name in OUTPUTS:
        np.testing.assert_allclose(after[name], before[name], rtol=0, atol=1e-6, err_msg=name)
    np.testing.assert_array_equal(read_head(slotted).weight, read_head(old).weight)
    assert read_head(slotted).bias == read_head(old).bias


def test_the_model_that_ships_can_be_adapted(tmp_path: Path) -> None:
    shipped = load_bundle()
    head = read_head(shipped)
    write_graph(shipped, head, shipped.config.calibration, tmp_path / ONNX_NAME)
    same = write_bundle(tmp_path, shipped.config)
    images = np.random.default_rng(1).integers(0, 256, (3, *shipped.config.input_hw, 3), dtype=np.uint8)
    before, after = (open_session(one, device="cpu").run(images) for one in (shipped, same))
    np.testing.assert_allclose(after.logit, before.logit, rtol=0, atol=1e-4)
    np.testing.assert_allclose(after.score, before.score, rtol=0, atol=1e-5)
    np.testing.assert_allclose(after.cam, before.cam, rtol=0, atol=1e-4)


def test_adapting_swaps_arrays_and_nothing_else(slotted: Bundle, tmp_path: Path) -> None:
    head = Head(weight=np.linspace(-2, 3, 2 * FILTERS), bias=0.7, trunk_size=FILTERS)
    calibration = Calibration(method="test", scale=0.5, bias=-1.25, fitted_on="nothing")
    write_graph(slotted, head, calibration, tmp_path / ONNX_NAME)
    before, after = onnx.load(slotted.onnx_path), onnx.load(tmp_path / ONNX_NAME)
    assert list(before.graph.node) == list(after.graph.node)
    changed = {
        one.name
        for one, other in zip(before.graph.initializer, after.graph.initializer, strict=True)
        if one != other
    }
    assert changed == set(Slot)


@pytest.mark.parametrize("precision", [Precision.FP16, Precision.INT8])
def test_every_precision_keeps_the_slots(slotted: Bundle, tmp_path: Path, precision: Precision) -> None:
    (tmp_path / "variant").mkdir()
    write_variant(slotted.onnx_path, tmp_path / "variant" / ONNX_NAME, precision, IMAGES)
    variant = write_bundle(tmp_path / "variant", slotted.config)
    model = onnx.load(variant.onnx_path)
    assert has_slots(model)
    for slot, array in read_slots(onnx.load(slotted.onnx_path)).items():
        np.testing.assert_array_equal(read_slots(model)[slot], array)
    found = outputs(variant)
    weight, bias = (read_slots(model)[slot] for slot in (Slot.HEAD_WEIGHT, Slot.HEAD_BIAS))
    np.testing.assert_allclose(found["logit"], found["embedding"] @ weight[0] + bias, rtol=0, atol=1e-4)


def test_an_array_of_another_shape_is_refused(slotted: Bundle) -> None:
    with pytest.raises(ValueError, match=r"head\.map_weight has the shape \(8,\), found \(9,\)"):
        swap_slots(onnx.load(slotted.onnx_path), {Slot.MAP_WEIGHT: np.zeros(9)})


def test_a_head_on_a_trunk_that_is_not_there_is_refused(tmp_path: Path) -> None:
    bundle = write_adaptable_bundle(tmp_path / "old")
    head = Head(weight=np.ones(2 * FILTERS), bias=0.0, trunk_size=FILTERS)
    with pytest.raises(BundleError, match="no trunk that a head could listen to"):
        write_graph(bundle, head, bundle.config.calibration, tmp_path / ONNX_NAME)


def test_a_calibrated_graph_keeps_its_calibration(slotted: Bundle, tmp_path: Path) -> None:
    calibration = Calibration(method="test", scale=0.5, bias=-1.25, fitted_on="nothing")
    write_graph(slotted, read_head(slotted), calibration, tmp_path / ONNX_NAME)
    found = read_slots(onnx.load(tmp_path / ONNX_NAME))
    assert (float(found[Slot.SCALE]), float(found[Slot.OFFSET])) == (0.5, -1.25)
    bundle = write_bundle(tmp_path, dataclasses.replace(slotted.config, calibration=calibration))
    answer = outputs(bundle)
    np.testing.assert_allclose(
        answer["score"], 1 / (1 + np.exp(1.25 - 0.5 * answer["logit"])), rtol=0, atol=1e-6
    )


def test_a_foreign_graph_has_no_slots(tmp_path: Path) -> None:
    model = onnx.load(write_tiny_bundle(tmp_path).onnx_path)
    assert not has_slots(model)
    assert set(Slot) - {Slot.TRUNK_WEIGHT} == REQUIRED
    with pytest.raises(BundleError, match="one dense output"):
        with_slots(model, "tiny")
