from __future__ import annotations

import pytest
import torch
from torch import Tensor

from crackscope.errors import RecipeError, WeightsError
from crackscope.training.network import CrackNetwork

BACKBONE = "test_efficientnet"


def make_network(backbone: str = BACKBONE, *, train_norm: bool = False) -> CrackNetwork:
    torch.manual_seed(0)
    network = CrackNetwork(
        backbone, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4), dropout=0.5, train_norm=train_norm
    )
    # Batch statistics as after some training, so that eval mode differs from training mode.
    for name, buffer in network.backbone.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.1)
    return network.eval()


def some_images(count: int = 3, side: int = 64) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    "backbone", ["test_efficientnet", "test_resnet", "test_convnext", "mobilenetv3_small_050"]
)
@torch.inference_mode()
def test_the_mean_of_the_activation_map_and_the_bias_are_the_logit(backbone: str) -> None:
    network = make_network(backbone)
    network.head.bias.fill_(0.25)
    outputs = network.outputs(some_images())
    torch.testing.assert_close(outputs.cam.mean((1, 2)) + 0.25, outputs.logit)


@torch.inference_mode()
def test_all_ways_to_the_logit_agree() -> None:
    network, images = make_network(), some_images()
    outputs = network.outputs(images)
    torch.testing.assert_close(network(images), outputs.logit)
    torch.testing.assert_close(network.embed(images), outputs.embedding)
    assert outputs.embedding.shape == (3, network.embedding_size)
    assert outputs.cam.ndim == 3


@pytest.mark.parametrize(
    ("backbone", "projects"),
    [("test_efficientnet", True), ("test_resnet", False), ("mobilenetv3_small_050", False)],
)
@torch.inference_mode()
def test_the_trunk_is_what_comes_before_a_last_projection(backbone: str, projects: bool) -> None:
    network, images = make_network(backbone), some_images()
    outputs = network.outputs(images)
    if projects:
        [trunk] = network.backbone.forward_intermediates(
            network.normalise(images), indices=1, intermediates_only=True
        )
        torch.testing.assert_close(outputs.trunk, trunk.mean((2, 3)))
        assert outputs.trunk.shape[1] < network.embedding_size
    else:
        torch.testing.assert_close(outputs.trunk, outputs.embedding)


@torch.inference_mode()
def test_a_base_that_tells_no_stages_has_its_features_for_a_trunk() -> None:
    network, images = make_network(), some_images()
    whole = network.backbone

    class Features(torch.nn.Module):
        def forward_features(self, images: Tensor) -> Tensor:
            return whole.forward_features(images)

    network.backbone = Features()
    outputs = network.outputs(images)
    torch.testing.assert_close(outputs.trunk, outputs.embedding)


@torch.inference_mode()
def test_normalisation_is_inside() -> None:
    network, images = make_network(), some_images()
    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in ((0.4, 0.5, 0.6), (0.2, 0.3, 0.4)))
    expected = network.backbone.forward_features((images - mean) / std)
    torch.testing.assert_close(network.feature_map(images), expected)


def test_frozen_batch_norm_stays_as_it_is_in_training() -> None:
    network = make_network()
    before = {name: buffer.clone() for name, buffer in network.backbone.named_buffers()}
    network.unfreeze("all")
    network.train()
    network(some_images()).sum().backward()
    assert all(torch.equal(buffer, before[name]) for name, buffer in network.backbone.named_buffers())
    norms = [module for module in network.backbone.modules() if "BatchNorm" in type(module).__name__]
    assert norms
    assert not any(module.training for module in norms)
    assert not any(parameter.requires_grad for norm in norms for parameter in norm.parameters())


def test_batch_norm_learns_where_it_is_asked_to() -> None:
    network = make_network(train_norm=True)
    network.unfreeze("all")
    before = {name: buffer.clone() for name, buffer in network.backbone.named_buffers()}
    network.train()
    network(some_images())
    assert any(not torch.equal(buffer, before[name]) for name, buffer in network.backbone.named_buffers())


def test_a_frozen_base_keeps_its_batch_norm_even_where_norms_learn() -> None:
    network = make_network(train_norm=True)
    network.freeze_backbone()
    before = {name: buffer.clone() for name, buffer in network.backbone.named_buffers()}
    network.train()
    network(some_images())
    assert all(torch.equal(buffer, before[name]) for name, buffer in network.backbone.named_buffers())


def test_blocks_hold_every_parameter_once_input_first() -> None:
    network = make_network()
    names = [name for block in network.blocks() for name in block]
    assert sorted(names) == sorted(name for name, _ in network.backbone.named_parameters())
    assert any(name.startswith("conv_stem") for name in network.blocks()[0])
    assert any(name.startswith("conv_head") for name in network.blocks()[-1])


def test_unfreezing_opens_the_last_blocks_only() -> None:
    network = make_network()
    network.unfreeze(1)
    open_names = {name for name, p in network.backbone.named_parameters() if p.requires_grad}
    assert open_names
    assert open_names <= set(network.blocks()[-1])
    network.freeze_backbone()
    assert not any(p.requires_grad for p in network.backbone.parameters())
    assert all(p.requires_grad for p in network.head.parameters())


def test_unfreezing_more_blocks_than_there_are_opens_all() -> None:
    some, every = make_network(), make_network()
    some.unfreeze(1000)
    every.unfreeze("all")
    assert [p.requires_grad for p in some.parameters()] == [p.requires_grad for p in every.parameters()]


def test_blocks_nearer_the_input_learn_slower() -> None:
    network = make_network()
    network.unfreeze("all")
    groups = network.parameter_groups(
        learning_rate=0.1, head_learning_rate=1.0, layer_decay=0.5, weight_decay=0.01
    )
    rates = {group["name"]: group["lr"] for group in groups}
    assert rates["block -1"] == 0.1
    assert rates["block -2"] == 0.05
    assert rates["head"] == rates["head (vectors)"] == 1.0
    learning = [p for p in network.parameters() if p.requires_grad]
    grouped = [p for group in groups for p in group["params"]]
    assert {id(p) for p in grouped} == {id(p) for p in learning}
    assert len(grouped) == len(learning)


def test_vectors_have_no_weight_decay() -> None:
    network = make_network(train_norm=True)
    network.unfreeze("all")
    groups = network.parameter_groups(
        learning_rate=0.1, head_learning_rate=1.0, layer_decay=1.0, weight_decay=0.01
    )
    for group in groups:
        for parameter in group["params"]:
            assert group["weight_decay"] == (0.01 if parameter.ndim > 1 else 0.0)


def test_weights_of_another_network_are_refused_with_the_keys() -> None:
    network, other = make_network(), make_network("test_resnet")
    with pytest.raises(WeightsError, match=r"missing \(conv_stem.weight.*unexpected"):
        network.load_backbone(other.backbone.state_dict())


def test_weights_of_another_shape_are_refused() -> None:
    network = make_network()
    state = dict(network.backbone.state_dict())
    state["conv_stem.weight"] = state["conv_stem.weight"][:, :1]
    with pytest.raises(WeightsError, match=r"1 of another shape \(conv_stem.weight\)"):
        network.load_backbone(state)


def test_an_unknown_backbone_is_refused_with_similar_ones() -> None:
    with pytest.raises(RecipeError, match="tf_efficientnetv2_b0"):
        make_network("tf_efficientnetv2_bo")


def test_a_backbone_without_a_feature_map_is_refused() -> None:
    with pytest.raises(RecipeError, match="convolutional"):
        make_network("test_vit")
