"""Another head in the same graph."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from crackscope.adaptation.graph import read_head, write_graph
from crackscope.adaptation.head import Head
from crackscope.bundle import ONNX_NAME, Bundle, Calibration, load_bundle, write_bundle
from crackscope.errors import BundleError
from crackscope.inference.open_session import open_session
from crackscope.inference.verify import verify_bundle
from tests.helpers.adaptable import FILTERS, INPUT_HW, write_adaptable_bundle
from tests.helpers.bundles import write_tiny_bundle

IMAGES = np.random.default_rng(0).integers(0, 256, (6, *INPUT_HW, 3), dtype=np.uint8)
NEW_HEAD = Head(weight=np.linspace(-2, 3, FILTERS), bias=0.7)
CALIBRATION = Calibration(method="test", scale=0.5, bias=-1.25, fitted_on="nothing")


def rewrite(bundle: Bundle, folder: Path, head: Head = NEW_HEAD) -> Bundle:
    folder.mkdir()
    write_graph(bundle, head, CALIBRATION, folder / ONNX_NAME)
    return write_bundle(folder, dataclasses.replace(bundle.config, calibration=CALIBRATION))


@pytest.mark.parametrize("half_precision", [False, True])
def test_the_head_is_read_as_the_graph_uses_it(tmp_path: Path, half_precision: bool) -> None:
    bundle = write_adaptable_bundle(tmp_path / "old", half_precision=half_precision)
    head = read_head(bundle)
    outputs = open_session(bundle, device="cpu").run(IMAGES)
    np.testing.assert_allclose(head.logits(outputs.embedding), outputs.logit, atol=1e-5)


@pytest.mark.parametrize("half_precision", [False, True])
def test_logit_map_and_score_follow_the_new_head(tmp_path: Path, half_precision: bool) -> None:
    old = write_adaptable_bundle(tmp_path / "old", half_precision=half_precision)
    before = open_session(old, device="cpu").run(IMAGES)
    after = open_session(rewrite(old, tmp_path / "new"), device="cpu").run(IMAGES)
    np.testing.assert_array_equal(after.embedding, before.embedding)
    np.testing.assert_array_equal(after.distance, before.distance)
    np.testing.assert_allclose(after.logit, NEW_HEAD.logits(before.embedding), atol=1e-5)
    np.testing.assert_allclose(after.cam.mean(axis=(1, 2)) + NEW_HEAD.bias, after.logit, atol=1e-5)
    np.testing.assert_allclose(after.score, 1 / (1 + np.exp(1.25 - 0.5 * after.logit)), atol=1e-6)


def test_the_new_bundle_keeps_every_promise(tmp_path: Path) -> None:
    new = rewrite(write_adaptable_bundle(tmp_path / "old"), tmp_path / "new")
    assert all(check.passed is not False for check in verify_bundle(new.folder))


def test_an_adapted_model_can_be_adapted_again(tmp_path: Path) -> None:
    once = rewrite(write_adaptable_bundle(tmp_path / "old"), tmp_path / "once")
    other = Head(weight=np.linspace(1, 2, FILTERS), bias=-0.1)
    twice = rewrite(once, tmp_path / "twice", other)
    np.testing.assert_allclose(read_head(once).weight, NEW_HEAD.weight, atol=1e-6)
    np.testing.assert_allclose(read_head(twice).weight, other.weight, atol=1e-6)
    assert twice.onnx_path.stat().st_size == once.onnx_path.stat().st_size


TRUNK_HEAD = Head(weight=np.linspace(-2, 3, 2 * FILTERS), bias=0.7, trunk_size=FILTERS)


@pytest.mark.parametrize("half_precision", [False, True])
def test_a_head_may_listen_to_the_trunk(tmp_path: Path, half_precision: bool) -> None:
    old = write_adaptable_bundle(tmp_path / "old", half_precision=half_precision, with_trunk=True)
    before = open_session(old, device="cpu").run(IMAGES)
    start = read_head(old)
    assert start.trunk_size == FILTERS
    assert not start.trunk_weight.any()
    new = rewrite(old, tmp_path / "new", TRUNK_HEAD)
    after = open_session(new, device="cpu").run(IMAGES)
    features = np.concatenate([before.embedding, before.trunk], axis=1)
    np.testing.assert_allclose(after.logit, TRUNK_HEAD.logits(features), atol=1e-5)
    np.testing.assert_allclose(after.cam.mean(axis=(1, 2)) + TRUNK_HEAD.bias, after.logit, atol=1e-5)
    np.testing.assert_allclose(after.score, 1 / (1 + np.exp(1.25 - 0.5 * after.logit)), atol=1e-6)
    np.testing.assert_array_equal(after.trunk, before.trunk)
    assert all(check.passed is not False for check in verify_bundle(new.folder))


def test_a_head_on_the_trunk_can_be_read_replaced_and_taken_out_again(tmp_path: Path) -> None:
    once = rewrite(write_adaptable_bundle(tmp_path / "old", with_trunk=True), tmp_path / "once", TRUNK_HEAD)
    assert read_head(once).weight == pytest.approx(TRUNK_HEAD.weight, abs=1e-6)
    other = dataclasses.replace(TRUNK_HEAD, weight=TRUNK_HEAD.weight[::-1], bias=-0.1)
    twice = rewrite(once, tmp_path / "twice", other)
    assert read_head(twice).weight == pytest.approx(other.weight, abs=1e-6)
    assert twice.onnx_path.stat().st_size == once.onnx_path.stat().st_size
    silent = dataclasses.replace(other, weight=np.r_[other.embedding_weight, np.zeros(FILTERS)])
    without = rewrite(twice, tmp_path / "without", silent)
    outputs = open_session(without, device="cpu").run(IMAGES)
    np.testing.assert_allclose(
        outputs.logit, outputs.embedding @ other.embedding_weight + other.bias, atol=1e-5
    )


def test_a_graph_without_a_dense_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="one dense output"):
        read_head(write_tiny_bundle(tmp_path / "foreign"))


def test_the_old_folder_is_left_alone(tmp_path: Path) -> None:
    old = write_adaptable_bundle(tmp_path / "old")
    rewrite(old, tmp_path / "new")
    shutil.rmtree(tmp_path / "new")
    assert load_bundle(old.folder).identity == old.identity
