from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from crackscope.training.frozen_norms import FoldedBackbone
from crackscope.training.network import CrackNetwork

BACKBONES = ["test_efficientnet", "test_resnet", "test_convnext", "tf_efficientnet_lite0"]


def make_network(backbone: str, *, train_norm: bool = False) -> CrackNetwork:
    torch.manual_seed(0)
    network = CrackNetwork(backbone, mean=(0.5,) * 3, std=(0.5,) * 3, train_norm=train_norm)
    for name, buffer in network.backbone.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.3)
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 2)
    network.unfreeze("all")
    return network.train()


def some_images(count: int = 2) -> Tensor:
    return torch.randn(count, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def gradients(network: CrackNetwork, features: Tensor) -> dict[str, Tensor]:
    network.zero_grad(set_to_none=True)
    features.square().mean().backward()  # type: ignore[no-untyped-call]
    return {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}


def norms(module: nn.Module) -> int:
    return sum(isinstance(part, nn.BatchNorm2d) for part in module.modules())


@pytest.mark.parametrize("backbone", BACKBONES)
def test_features_and_gradients_are_those_of_the_plain_backbone(backbone: str) -> None:
    network, images = make_network(backbone), some_images()
    folded = FoldedBackbone(network.backbone)
    plain = network.backbone.forward_features(images)
    wanted = gradients(network, plain)
    features = folded(images)
    found = gradients(network, features)
    torch.testing.assert_close(features, plain, rtol=1e-3, atol=1e-4)
    assert wanted.keys() == found.keys()
    assert len(wanted) > 5
    for name, gradient in wanted.items():
        assert (found[name] - gradient).norm() <= 0.01 * gradient.norm() + 1e-9, name


def test_frozen_norms_are_gone_and_the_backbone_keeps_its_own() -> None:
    network = make_network("test_efficientnet")
    before = norms(network.backbone)
    assert norms(FoldedBackbone(network.backbone).backbone) == 0
    assert norms(network.backbone) == before > 5


def test_what_the_backbone_learns_shows_at_once() -> None:
    network, images = make_network("test_efficientnet"), some_images()
    folded = FoldedBackbone(network.backbone)
    with torch.no_grad():
        for parameter in network.backbone.parameters():
            parameter.mul_(1.2 if parameter.requires_grad else 1.0)
    torch.testing.assert_close(
        folded(images), network.backbone.forward_features(images), rtol=1e-3, atol=1e-4
    )


def test_norms_that_learn_stay_and_gather_their_statistics_in_the_backbone() -> None:
    network = make_network("test_efficientnet", train_norm=True)
    folded = FoldedBackbone(network.backbone)
    assert norms(folded.backbone) == norms(network.backbone)
    before = network.backbone.bn1.running_mean.clone()
    folded(some_images())
    assert not torch.equal(network.backbone.bn1.running_mean, before)


def test_finding_the_pairs_changes_neither_modes_nor_statistics() -> None:
    network = make_network("test_efficientnet", train_norm=True)
    state = {name: value.clone() for name, value in network.state_dict().items()}
    modes = [module.training for module in network.modules()]
    FoldedBackbone(network.backbone)
    assert [module.training for module in network.modules()] == modes
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())


def test_frozen_blocks_are_folded_once_and_get_no_gradient() -> None:
    network = make_network("test_efficientnet")
    network.unfreeze(2)
    folded = FoldedBackbone(network.backbone)
    found = gradients(network, folded(some_images()))
    assert found
    assert found.keys() == {name for name, p in network.named_parameters() if p.requires_grad} - {
        "head.weight",
        "head.bias",
    }


class _Tricky(nn.Module):
    """Reads a convolution's weight besides calling it, which no fold can know of."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)

    def forward_features(self, images: Tensor) -> Tensor:
        normalised: Tensor = self.norm(self.conv(images))
        return normalised * self.conv.weight.square().mean()


def test_a_backbone_that_would_change_is_left_alone() -> None:
    backbone = _Tricky().eval().requires_grad_(False)
    assert backbone.norm.running_var is not None
    backbone.norm.running_var.fill_(3.0)
    images = some_images()
    folded = FoldedBackbone(backbone)
    assert torch.equal(folded(images), backbone.forward_features(images))
