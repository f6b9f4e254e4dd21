"""A bundle's graph runs for any number of images, gives the same numbers, and foreign graphs are refused."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from crackscope.bundle import Bundle
from crackscope.errors import BundleError, MissingExtraError, SettingsError
from crackscope.inference.engines import Device, Engine
from crackscope.inference.open_session import open_session
from crackscope.inference.session import BATCH_SIZE, Session
from tests.helpers.bundles import HEAD_BIAS, change_config, write_tiny_bundle

Images = NDArray[np.uint8]


def _images(count: int, seed: int = 0) -> Images:
    random = np.random.default_rng(seed)
    shades = random.integers(0, 256, (count, 1, 1, 1))
    return np.clip(shades + random.integers(-40, 40, (count, 64, 64, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def session(tiny_bundle: Bundle) -> Session:
    return open_session(tiny_bundle, threads=2)


def test_outputs_are_those_the_bundle_promises(session: Session) -> None:
    images_nhwc = _images(5)
    outputs = session.run(images_nhwc)
    darkness = 1 - images_nhwc.mean(axis=(1, 2, 3)) / 255
    np.testing.assert_allclose(outputs.logit, 8 * darkness - 4, atol=1e-4)
    np.testing.assert_allclose(outputs.score, 1 / (1 + np.exp(-outputs.logit)), atol=1e-6)
    np.testing.assert_allclose(outputs.cam.mean(axis=(1, 2)) + HEAD_BIAS, outputs.logit, atol=1e-5)
    assert outputs.embedding.shape == (5, 4)
    assert outputs.distance is not None
    assert outputs.distance.shape == (5,)


@pytest.mark.parametrize("count", [0, 1, 2, 3, BATCH_SIZE, 2 * BATCH_SIZE + 1, 5 * BATCH_SIZE])
@pytest.mark.parametrize("threads", [1, 3])
def test_any_number_of_images_gives_the_numbers_of_single_ones(
    tiny_bundle: Bundle, count: int, threads: int
) -> None:
    images_nhwc = _images(count)
    session = open_session(tiny_bundle, threads=threads)
    outputs = session.run(images_nhwc)
    assert len(outputs) == count
    assert outputs.cam.shape == (count, 8, 8)
    single = [float(session.infer(images_nhwc[index : index + 1]).score[0]) for index in range(count)]
    np.testing.assert_array_equal(outputs.score, np.array(single, np.float32))


def test_a_view_with_gaps_is_scored_like_its_copy(session: Session) -> None:
    images_nhwc = _images(4)
    mirrored = images_nhwc[:, :, ::-1]
    np.testing.assert_array_equal(session.run(mirrored).cam, session.run(mirrored.copy()).cam)


@pytest.mark.parametrize(
    "images_nhwc",
    [
        np.zeros((1, 64, 64, 3), np.float32),
        np.zeros((1, 32, 64, 3), np.uint8),
        np.zeros((64, 64, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused_by_name(session: Session, images_nhwc: Any) -> None:
    with pytest.raises(SettingsError, match="expected uint8"):
        session.run(images_nhwc)


def test_a_model_without_a_distance_gives_none(tmp_path: Path) -> None:
    outputs = open_session(write_tiny_bundle(tmp_path, with_distance=False)).run(_images(100))
    assert outputs.distance is None


@pytest.mark.parametrize("engine", [Engine.OPENVINO, Engine.OPENVINO_BF16])
def test_engines_agree(tiny_bundle: Bundle, session: Session, engine: Engine) -> None:
    pytest.importorskip("openvino")
    try:
        other = open_session(tiny_bundle, engine=engine, threads=2)
    except SettingsError:
        pytest.skip("this processor has no bf16")
    images_nhwc = _images(70)
    expected, outputs = session.run(images_nhwc), other.run(images_nhwc)
    assert other.threads == 2
    np.testing.assert_allclose(outputs.score, expected.score, atol=1e-4 if engine == "openvino" else 1e-2)
    np.testing.assert_allclose(outputs.cam, expected.cam, atol=1e-4 if engine == "openvino" else 0.1)


def test_an_engine_that_is_not_installed_names_its_extra(
    tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_import = builtins.__import__

    def without_openvino(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "openvino":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_openvino)
    with pytest.raises(MissingExtraError, match=r"crackscope\[openvino\]"):
        open_session(tiny_bundle, engine="openvino")


def test_unknown_names_are_errors_that_list_the_valid_ones(tiny_bundle: Bundle) -> None:
    with pytest.raises(SettingsError, match="onnxruntime, openvino, openvino-bf16"):
        open_session(tiny_bundle, engine="tensorrt")
    with pytest.raises(SettingsError, match="auto, cpu, cuda"):
        open_session(tiny_bundle, device="tpu")
    with pytest.raises(SettingsError, match="1 or more"):
        open_session(tiny_bundle, threads=0)


def test_a_device_that_is_not_here_is_an_error_that_names_those_that_are(tiny_bundle: Bundle) -> None:
    import onnxruntime

    if "DmlExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has DirectML")
    with pytest.raises(SettingsError, match=r"available devices: .*cpu"):
        open_session(tiny_bundle, device="directml")


def test_auto_is_a_device_that_runs(session: Session) -> None:
    assert session.device in (Device.CPU, Device.CUDA)


def _rewrite(bundle: Bundle, change: Any) -> Bundle:
    model = onnx.load(bundle.onnx_path)
    change(model.graph)
    onnx.save(model, bundle.onnx_path)
    return change_config(bundle)


def _fix_batch(graph: onnx.GraphProto) -> None:
    for port in [*graph.input, *graph.output]:
        port.type.tensor_type.shape.dim[0].dim_value = 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda graph: graph.output.remove(graph.output[3]), r"lacks outputs \['cam'\]"),
        (lambda graph: graph.output.append(onnx.helper.make_tensor_value_info("rgb", 1, None)), "'rgb'"),
        (_fix_batch, "expected one input uint8"),
    ],
)
def test_a_graph_with_other_ports_is_refused(tmp_path: Path, change: Any, reason: str) -> None:
    bundle = _rewrite(write_tiny_bundle(tmp_path), change)
    with pytest.raises(BundleError, match=reason):
        open_session(bundle)


def test_a_graph_of_another_size_than_the_config_says_is_refused(tmp_path: Path) -> None:
    bundle = change_config(write_tiny_bundle(tmp_path), input_hw=(32, 32))
    with pytest.raises(BundleError, match=r"expected one input uint8 \(N, 32, 32, 3\)"):
        open_session(bundle)


@pytest.mark.parametrize("engine", [Engine.ONNXRUNTIME, Engine.OPENVINO])
def test_a_file_that_is_no_graph_is_refused(tmp_path: Path, engine: Engine) -> None:
    if engine is Engine.OPENVINO:
        pytest.importorskip("openvino")
    bundle = write_tiny_bundle(tmp_path)
    bundle.onnx_path.write_bytes(b"not a graph")
    with pytest.raises(BundleError, match="can't be loaded"):
        open_session(bundle, engine=engine)
