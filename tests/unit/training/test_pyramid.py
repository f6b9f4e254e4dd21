from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from crackscope.adaptation.graph import read_head, write_graph
from crackscope.adaptation.head import Head
from crackscope.bundle import Bundle, Calibration, ModelConfig, Threshold
from crackscope.inference.open_session import open_session
from crackscope.training.export import ExportedGraph, export_onnx
from crackscope.training.pyramid import PyramidNetwork, attention

SIDE = 64
UNCALIBRATED = Calibration(method="none", scale=1.0, bias=0.0, fitted_on="nothing")


@pytest.fixture(scope="module")
def network() -> PyramidNetwork:
    torch.manual_seed(0)
    network = PyramidNetwork("tf_efficientnet_lite0", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), width=16)
    torch.nn.init.normal_(network.head.weight)
    torch.nn.init.constant_(network.head.bias, 0.25)
    return network.eval()


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.rand(3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def exported(network: PyramidNetwork, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("pyramid")
    config = ModelConfig(
        name="pyramid",
        created="",
        input_hw=(SIDE, SIDE),
        patch_px=SIDE,
        backbone=network.backbone_name,
        weights="none",
        threshold=Threshold(value=0.5, rule="fixed:0.5", fitted_on="nothing"),
        calibration=UNCALIBRATED,
    )
    bundle = Bundle(folder, config)
    export_onnx(ExportedGraph(network, UNCALIBRATED, None), bundle.onnx_path, config.input_hw)
    return bundle


def test_every_door_to_the_logit_gives_the_same(network: PyramidNetwork, images: Tensor) -> None:
    with torch.inference_mode():
        found = network.outputs(images)
        assert found.attention is not None
        pooled = (found.cam * found.attention).sum((1, 2)) + 0.25
        torch.testing.assert_close(pooled, found.logit)
        torch.testing.assert_close(network(images), found.logit)
        torch.testing.assert_close(network.head(network.embed(images))[:, 0], found.logit)
    assert found.cam.shape == (3, SIDE // 4, SIDE // 4)


def test_one_cracked_place_outweighs_the_healthy_rest() -> None:
    places = torch.full((1, 16, 16), -6.0)
    places[0, 3, 4] = 6.0
    assert float((attention(places) * places).sum()) > 5.9
    assert float(attention(torch.zeros(1, 4, 4)).std()) == 0


def test_the_exported_graph_keeps_the_law_and_its_attention(
    exported: Bundle, images: Tensor, tmp_path: Path
) -> None:
    pixels = (images.permute(0, 2, 3, 1).numpy() * 255).astype(np.uint8)
    before = open_session(exported, device="cpu").infer(pixels)
    np.testing.assert_allclose(before.bias, 0.25, atol=1e-4)
    np.testing.assert_allclose(before.place_logits, before.cam + before.bias[:, None, None], atol=1e-6)
    head = read_head(exported)
    assert head.trunk_size == 320
    swapped = Head(weight=np.linspace(-1, 1, head.weight.size), bias=-0.5, trunk_size=head.trunk_size)
    target = Bundle(tmp_path, exported.config)
    write_graph(exported, swapped, UNCALIBRATED, target.onnx_path)
    after = open_session(target, device="cpu").infer(pixels)
    assert before.attention is not None
    assert after.attention is not None
    np.testing.assert_allclose(after.attention, before.attention, atol=1e-6)
    np.testing.assert_allclose(after.bias, -0.5, atol=1e-3)
    assert np.abs(after.logit - before.logit).max() > 1e-3
    assert read_head(target).weight == pytest.approx(swapped.weight, abs=1e-6)
