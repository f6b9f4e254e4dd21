"""`verify_bundle` passes whole bundles and names what is wrong with others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest

from crackscope.bundle import Bundle
from crackscope.inference import verify
from crackscope.inference.engines import Engine
from crackscope.inference.verify import verify_bundle
from tests.helpers.bundles import change_config, write_tiny_bundle


def _failed(folder: Path) -> list[str]:
    return [check.name for check in verify_bundle(folder) if check.passed is False]


def test_a_whole_bundle_passes_every_check(tiny_bundle: Bundle) -> None:
    checks = verify_bundle(tiny_bundle.folder)
    assert [check.name for check in checks if check.passed is False] == []
    assert {"files", "graph", "scores", "batches", "calibration", "activation map"} <= {
        check.name for check in checks if check.passed
    }


def test_a_changed_file_fails(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path)
    bundle.onnx_path.write_bytes(bundle.onnx_path.read_bytes() + b"x")
    [check] = verify_bundle(tmp_path)
    assert (check.name, check.passed) == ("files", False)
    assert "SHA-256" in check.detail


def test_a_graph_that_does_not_load_fails(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path)
    bundle.onnx_path.write_bytes(b"not a graph")
    change_config(bundle)
    assert _failed(tmp_path) == ["graph"]


def test_a_calibration_that_is_not_the_graph_s_fails(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path, calibration_scale=0.5, calibration_bias=0.1)
    assert _failed(tmp_path) == []
    other = bundle.config.calibration.__class__(method="platt", scale=0.6, bias=0.1, fitted_on="-")
    change_config(bundle, calibration=other)
    assert _failed(tmp_path) == ["calibration"]


def test_a_promised_distance_that_is_missing_fails(tmp_path: Path) -> None:
    write_tiny_bundle(tmp_path, familiarity_limit=1.0, with_distance=False)
    assert _failed(tmp_path) == ["familiarity"]


@pytest.mark.parametrize(
    ("tensor", "value", "failed"),
    [("scale", float("nan"), {"scores", "calibration", "batches"}), ("weight", 7.0, set())],
)
def test_scores_that_are_no_numbers_fail(tmp_path: Path, tensor: str, value: float, failed: set[str]) -> None:
    bundle = write_tiny_bundle(tmp_path)
    model: Any = onnx.load(bundle.onnx_path)
    target = next(constant for constant in model.graph.initializer if constant.name == tensor)
    target.CopyFrom(onnx.helper.make_tensor(tensor, onnx.TensorProto.FLOAT, [1], [value]))
    onnx.save(model, bundle.onnx_path)
    change_config(bundle)
    assert failed <= set(_failed(tmp_path))
    assert bool(failed) == bool(_failed(tmp_path))


@pytest.mark.parametrize(
    ("training", "passed"),
    [
        ({}, False),
        ({"precision": {"name": "fp16"}}, False),
        ({"precision": {"name": "int8"}}, None),
        ({"adapted_from": {}, "base": {"precision": {"name": "int8"}}}, None),
    ],
)
def test_engines_may_round_integers_differently_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, training: dict[str, Any], passed: bool | None
) -> None:
    bundle = change_config(write_tiny_bundle(tmp_path / "model"), training=training)
    other = write_tiny_bundle(tmp_path / "other", calibration_bias=0.01)
    opened = verify.open_session
    monkeypatch.setattr(verify, "find_spec", lambda name: object())
    monkeypatch.setattr(
        verify,
        "open_session",
        lambda asked, *, engine=Engine.ONNXRUNTIME, **more: opened(
            other if engine == Engine.OPENVINO else asked, **more
        ),
    )
    found = {check.name: check for check in verify_bundle(bundle.folder)}
    assert found[Engine.OPENVINO].passed is passed
    assert "scores differ by" in found[Engine.OPENVINO].detail
