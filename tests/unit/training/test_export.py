from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from crackscope.bundle import Bundle, Calibration, ModelConfig, Threshold, load_bundle
from crackscope.errors import ExportError
from crackscope.inference.open_session import open_session
from crackscope.slots import Slot, read_slots
from crackscope.training import export
from crackscope.training.export import ExportedGraph, export_bundle
from crackscope.training.familiarity import FamiliarityModel, fit_familiarity
from crackscope.training.network import CrackNetwork

INPUT_HW = (64, 96)


@pytest.fixture(scope="module")
def network() -> CrackNetwork:
    torch.manual_seed(0)
    network = CrackNetwork("test_efficientnet", mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4))
    torch.nn.init.normal_(network.head.weight, std=1.0)
    return network.eval()


@pytest.fixture(scope="module")
def images() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (40, *INPUT_HW, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def familiarity(network: CrackNetwork, images: NDArray[np.uint8]) -> FamiliarityModel:
    with torch.inference_mode():
        outputs = network.outputs(torch.from_numpy(images).permute(0, 3, 1, 2) / 255)
    return fit_familiarity(outputs.trunk.numpy())


def config() -> ModelConfig:
    return ModelConfig(
        name="a test",
        created="today",
        input_hw=INPUT_HW,
        patch_px=100,
        backbone="test_efficientnet",
        weights="none",
        threshold=Threshold(value=0.4, rule="fixed:0.4", fitted_on="nothing"),
        calibration=Calibration(method="temperature and bias", scale=0.5, bias=0.3, fitted_on="nothing"),
        training={"note": "kept"},
    )


@pytest.fixture(scope="module")
def bundle(
    network: CrackNetwork,
    familiarity: FamiliarityModel,
    images: NDArray[np.uint8],
    tmp_path_factory: pytest.TempPathFactory,
) -> Bundle:
    folder = tmp_path_factory.mktemp("run") / "model"
    return export_bundle(folder, network, config(), familiarity, images)


@pytest.fixture(scope="module")
def plain(
    network: CrackNetwork, images: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory
) -> Bundle:
    """Without a familiarity model."""
    folder = tmp_path_factory.mktemp("run") / "model"
    return export_bundle(folder, network, config(), None, images[:4])


@torch.inference_mode()
def test_every_output_is_what_pytorch_says(
    bundle: Bundle, network: CrackNetwork, familiarity: FamiliarityModel, images: NDArray[np.uint8]
) -> None:
    outputs = open_session(bundle).run(images)
    expected = network.outputs(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255)
    logit = expected.logit.numpy()
    np.testing.assert_allclose(outputs.logit, logit, atol=1e-4)
    np.testing.assert_allclose(outputs.score, 1 / (1 + np.exp(-(0.5 * logit + 0.3))), atol=1e-5)
    np.testing.assert_allclose(outputs.embedding, expected.embedding.numpy(), atol=1e-4)
    np.testing.assert_allclose(outputs.cam, expected.cam.numpy(), atol=1e-3)
    np.testing.assert_allclose(outputs.trunk, expected.trunk.numpy(), atol=1e-4)
    np.testing.assert_allclose(outputs.distance, familiarity.distances(expected.trunk.numpy()), rtol=1e-3)


def test_the_batch_is_free_and_the_image_size_is_not(bundle: Bundle) -> None:
    [images] = onnx.load(bundle.onnx_path).graph.input
    batch, *rest = [
        dimension.dim_param or dimension.dim_value for dimension in images.type.tensor_type.shape.dim
    ]
    assert batch == "batch"
    assert rest == [*INPUT_HW, 3]
    assert images.type.tensor_type.elem_type == onnx.TensorProto.UINT8


@pytest.mark.parametrize("count", [0, 1, 33])
def test_any_number_of_images_can_be_scored(bundle: Bundle, images: NDArray[np.uint8], count: int) -> None:
    assert open_session(bundle).run(images[:count]).score.shape == (count,)


def test_the_folder_holds_three_files_and_verifies(bundle: Bundle) -> None:
    assert sorted(path.name for path in bundle.folder.iterdir()) == ["README.md", "model.json", "model.onnx"]
    assert load_bundle(bundle.folder).config == bundle.config


def test_what_adapting_swaps_has_its_name(bundle: Bundle, network: CrackNetwork) -> None:
    slots = read_slots(onnx.load(bundle.onnx_path))
    assert slots.keys() == set(Slot)
    np.testing.assert_array_equal(slots[Slot.HEAD_WEIGHT], network.head.weight.detach().numpy())
    np.testing.assert_array_equal(slots[Slot.MAP_WEIGHT], slots[Slot.HEAD_WEIGHT][0])
    assert not slots[Slot.TRUNK_WEIGHT].any()
    assert (float(slots[Slot.SCALE]), float(slots[Slot.OFFSET])) == (0.5, np.float32(0.3))
    names = {one.name for one in onnx.load(bundle.onnx_path).graph.initializer}
    statistics = ("mean", "directions", "by_direction", "deviations", "residual_std")
    assert {f"distance.{name}" for name in statistics} <= names


def test_the_gates_numbers_are_in_the_config(bundle: Bundle) -> None:
    parity = json.loads((bundle.folder / "model.json").read_text(encoding="utf-8"))["training"]["parity"]
    assert parity["images"] == 40
    assert 0 < parity["score_difference"] < 1e-4
    assert parity["labels_changed"] == 0
    assert bundle.config.training["note"] == "kept"


def test_the_graph_tells_nothing_of_this_machine(bundle: Bundle) -> None:
    content = bundle.onnx_path.read_bytes()
    for trace in (b"site-packages", b"/crackscope/", b"\\crackscope\\", str(Path.home()).encode() + b"/"):
        assert trace not in content


def test_a_network_that_disagrees_is_not_written(
    network: CrackNetwork, images: NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crooked(ExportedGraph):
        def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
            outputs = super().forward(images)
            # While it is exported, the graph learns another score than it gives afterwards.
            shift = 2e-4 if torch.compiler.is_exporting() else 0.0
            return {**outputs, "score": outputs["score"] + shift}

    monkeypatch.setattr(export, "ExportedGraph", Crooked)
    with pytest.raises(ExportError, match=r"disagree on 40 images: scores by up to 0\.0002"):
        export_bundle(tmp_path / "run" / "model", network, config(), None, images)
    assert list((tmp_path / "run").iterdir()) == []


def test_an_older_model_survives_a_failed_export_and_gives_way_to_a_good_one(
    network: CrackNetwork,
    plain: Bundle,
    images: NDArray[np.uint8],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The same network as in `plain`, so the same graph; writing one takes seconds.
    monkeypatch.setattr(export, "export_onnx", lambda graph, path, hw: shutil.copy(plain.onnx_path, path))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old.txt").write_text("old", encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(export, "TOLERANCE", 0.0)
        with pytest.raises(ExportError, match="ONNX and PyTorch disagree on 40 images"):
            export_bundle(folder, network, config(), None, images)
    assert [path.name for path in folder.iterdir()] == ["old.txt"]
    export_bundle(folder, network, config(), None, images)
    assert not (folder / "old.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_without_a_familiarity_model_there_is_no_distance(plain: Bundle, images: NDArray[np.uint8]) -> None:
    assert open_session(plain).run(images[:2]).distance is None


def test_scores_that_are_no_numbers_are_refused(
    network: CrackNetwork, images: NDArray[np.uint8], tmp_path: Path
) -> None:
    import copy

    broken = copy.deepcopy(network)
    with torch.no_grad():
        broken.head.bias.fill_(float("nan"))
    with pytest.raises(ExportError, match="disagree"):
        export_bundle(tmp_path / "model", broken, config(), None, images[:4])
