"""The network taught where cracks run: a feature pyramid over the base, and attention that pools its places.

Every place of the finest map has features ``f`` and, through the head ``w, b``, a logit ``w·f + b`` of its
own. The photo's logit is their mean, weighted by a softmax over the places' own logits: adaptive pooling for
multiple instance learning (McFee, Salamon and Bello, https://arxiv.org/abs/1804.10070). So a crack of few
places is not diluted by the healthy rest; masks, which say where, and labels, which only say whether, teach
the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from crackscope.training.network import CrackNetwork, NetworkOutputs, decayed_groups

#: Stages of the base that the pyramid reads: strides 4, 8, 16 and 32.
_STAGES = (1, 2, 3, 4)


class FeaturePyramid(nn.Module):
    """Feature maps of strides 4 to 32 to one of stride 4 (Lin et al., https://arxiv.org/abs/1612.03144).

    Args:
        channels: Of the base's four stages, the finest first.
        width: Of the map it makes.
    """

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.laterals = nn.ModuleList([nn.Conv2d(count, width, 1) for count in channels])
        # Depthwise and pointwise: a full convolution at stride 4 would cost as much as the base.
        self.smooth = nn.ModuleList([_Separable(width) for _ in channels[:-1]])
        self.last = _Separable(width)

    def forward(self, stages: Sequence[Tensor]) -> Tensor:
        """Maps (N, C, h, w), the finest first, to one (N, width, h, w) of the finest's size."""
        merged: Tensor = self.laterals[-1](stages[-1])
        for level in range(len(stages) - 2, -1, -1):
            finer: Tensor = self.laterals[level](stages[level])
            merged = self.smooth[level](finer + functional.interpolate(merged, scale_factor=2.0))
        return functional.relu(self.last(merged))


class _Separable(nn.Module):
    """3x3 depthwise and 1x1, added to what comes in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.pointwise = nn.Conv2d(width, width, 1)

    def forward(self, features: Tensor) -> Tensor:
        mixed: Tensor = self.pointwise(functional.relu(self.depthwise(features)))
        return features + mixed


class PyramidNetwork(CrackNetwork):
    """Images in [0, 1], float (N, 3, H, W), to a logit each and one for every place of 4 x 4 pixels.

    Args:
        backbone: timm's name of a network with stages of strides 4, 8, 16 and 32.
        width: D, the features of a place.
        mean, std, dropout, train_norm: As of `CrackNetwork`.
    """

    pooling = "attention pooling"

    def __init__(
        self,
        backbone: str,
        *,
        mean: Sequence[float],
        std: Sequence[float],
        width: int = 64,
        dropout: float = 0.0,
        train_norm: bool = False,
    ) -> None:
        super().__init__(backbone, mean=mean, std=std, dropout=dropout, train_norm=train_norm)
        channels = [int(self.backbone.feature_info[stage]["num_chs"]) for stage in _STAGES]
        self.pyramid = FeaturePyramid(channels, width)
        self.head = nn.Linear(width, 1)
        nn.init.zeros_(self.head.bias)

    def neck(self) -> list[nn.Module]:
        """The pyramid."""
        return [self.pyramid]

    def features_state(self) -> dict[str, Tensor]:
        """Everything: the head's weights are those of the attention that pools."""
        return dict(self.state_dict())

    def feature_map(self, images: Tensor) -> Tensor:
        """The features of every place, (N, D, h, w)."""
        features: Tensor = self.pyramid(self.stages(self.normalise(images)))
        return features

    def stages(self, normalised: Tensor, backbone: Any = None) -> list[Tensor]:
        """The base's four maps, the finest first; ``backbone`` is a stand-in with its weights."""
        base = self.backbone if backbone is None else backbone
        found: list[Tensor] = base.forward_intermediates(
            normalised, indices=list(_STAGES), intermediates_only=True
        )
        return found

    def embed(self, images: Tensor) -> Tensor:
        """The pooled features, (N, D)."""
        features = self.feature_map(images)
        return pool(features, attention(self.places(features)))

    def places(self, features: Tensor) -> Tensor:
        """Features (N, D, h, w) to the logit of every place, (N, h, w)."""
        return torch.einsum("nchw,c->nhw", features, self.head.weight[0]) + self.head.bias

    def classify(self, features: Tensor) -> Tensor:
        """Features (N, D, h, w) to logits (N,)."""
        places = self.places(features)
        return (attention(places) * places).sum((1, 2))

    def outputs(self, images: Tensor) -> NetworkOutputs:
        """Logit, embedding, map, trunk and where it looked."""
        stages = self.stages(self.normalise(images))
        features = self.pyramid(stages)
        cam = torch.einsum("nchw,c->nhw", features, self.head.weight[0])
        # The same numbers as a node of its own: a head swapped in the exported graph must not move it.
        looked = attention(functional.conv2d(features, self.head.weight[:, :, None, None])[:, 0])
        embedding = pool(features, looked)
        return NetworkOutputs(self.head(embedding)[:, 0], embedding, cam, stages[-1].mean((2, 3)), looked)

    def parameter_groups(
        self, *, learning_rate: float, head_learning_rate: float, layer_decay: float, weight_decay: float
    ) -> list[dict[str, Any]]:
        """As of `CrackNetwork`; the pyramid learns as fast as the head."""
        groups = super().parameter_groups(
            learning_rate=learning_rate,
            head_learning_rate=head_learning_rate,
            layer_decay=layer_decay,
            weight_decay=weight_decay,
        )
        pyramid = list(self.pyramid.parameters())
        return decayed_groups(pyramid, "pyramid", head_learning_rate, weight_decay) + groups


def attention(places: Tensor) -> Tensor:
    """Softmax over the places of each photo, (N, h, w); a constant added to all places changes nothing."""
    return places.flatten(1).softmax(1).reshape(places.shape)


def pool(features: Tensor, weights: Tensor) -> Tensor:
    """(N, D, h, w) weighted by (N, h, w) to (N, D)."""
    return torch.einsum("nchw,nhw->nc", features, weights)
