from __future__ import annotations

import pytest

from crackscope.training.architecture import trace_layers
from crackscope.training.network import CrackNetwork


def network(backbone: str) -> CrackNetwork:
    return CrackNetwork(backbone, mean=(0.5,) * 3, std=(0.5,) * 3)


def test_the_layers_of_efficientnetv2_b0_are_those_of_the_paper() -> None:
    titles = [layer.title for layer in trace_layers(network("tf_efficientnetv2_b0"), (64, 64))]
    assert titles == [
        "Conv 3×3, stride 2",
        "Conv 3×3",
        "2 × Fused-MBConv 3×3, stride 2",
        "2 × Fused-MBConv 3×3, stride 2",
        "3 × MBConv 3×3 with squeeze-excite, stride 2",
        "5 × MBConv 3×3 with squeeze-excite",
        "8 × MBConv 3×3 with squeeze-excite, stride 2",
        "Conv 1×1",
    ]


@pytest.mark.parametrize("backbone", ["test_efficientnet", "resnet18", "test_convnext", "regnety_002"])
def test_no_weight_and_no_map_is_forgotten(backbone: str) -> None:
    model = network(backbone)
    layers = trace_layers(model, (64, 64))
    # Norms of an unused classifier are not run, and so are no part of the picture.
    used = sum(p.numel() for name, p in model.backbone.named_parameters() if not name.startswith("head."))
    assert sum(layer.parameters for layer in layers) == used
    assert layers[-1].channels == model.embedding_size


def test_what_is_frozen_is_told_apart() -> None:
    model = network("test_efficientnet")
    model.unfreeze(2)
    learning = [layer.trained for layer in trace_layers(model, (64, 64))]
    assert learning == sorted(learning)
    assert set(learning) == {False, True}


def test_tracing_leaves_the_network_as_it_was() -> None:
    model = network("test_efficientnet").train()
    trace_layers(model, (32, 64))
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())
