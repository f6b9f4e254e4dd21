"""The network: a timm backbone, global average pooling, one dense output, and an activation map for free."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import timm
import torch
from timm.models import group_parameters
from torch import Tensor, nn

from crackscope.errors import RecipeError, WeightsError


@dataclass(frozen=True, slots=True)
class NetworkOutputs:
    """What the network says of one batch.

    Attributes:
        logit: (N,).
        embedding: (N, D), the pooled features that the dense output sees.
        cam: (N, h, w); its mean, weighted by ``attention`` where there is one, plus the head's bias is the
            logit.
        trunk: (N, T), the pooled output of the base's last stage, before the projection that many families of
            networks end in. Fine-tuning leaves more in it of what is no crack.
        attention: (N, h, w), how much each place counts, 1 in sum; ``None`` where all count alike.
    """

    logit: Tensor
    embedding: Tensor
    cam: Tensor
    trunk: Tensor
    attention: Tensor | None = None


class CrackNetwork(nn.Module):
    """Images in [0, 1], float (N, 3, H, W), to one logit each.

    Args:
        backbone: timm's name of a convolutional network.
        mean: Per channel, of images in [0, 1], as the backbone's weights expect it.
        std: The same.
        dropout: Of the embedding, in training only.
        train_norm: Let batch norm learn and gather statistics. Off for pretrained weights: their statistics
            are better than those of a small data set (https://keras.io/guides/transfer_learning).

    Raises:
        RecipeError: timm does not know the backbone, or its features are not a map (N, C, h, w).
    """

    #: How places become an image, for people.
    pooling = "global average pooling"

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        backbone: str,
        *,
        mean: Sequence[float],
        std: Sequence[float],
        dropout: float = 0.0,
        train_norm: bool = False,
    ) -> None:
        super().__init__()
        self.backbone_name = backbone
        self.train_norm = train_norm
        self.backbone = create_backbone(backbone)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(int(self.backbone.num_features), 1)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("mean", torch.tensor(mean).reshape(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(1, 3, 1, 1))

    @property
    def embedding_size(self) -> int:
        """D, the number of pooled features."""
        return self.head.in_features

    def neck(self) -> list[nn.Module]:
        """What lies between base and pooling."""
        return []

    def features_state(self) -> dict[str, Tensor]:
        """All that makes the embedding: the weights to tell cached features by."""
        return dict(self.backbone.state_dict())

    def normalise(self, images: Tensor) -> Tensor:
        """Images in [0, 1] as the backbone expects them."""
        return (images - self.mean) / self.std

    def feature_map(self, images: Tensor) -> Tensor:
        """The last feature map, (N, D, h, w)."""
        features: Tensor = self.backbone.forward_features(self.normalise(images))
        return features

    def embed(self, images: Tensor) -> Tensor:
        """The pooled features, (N, D)."""
        return self.feature_map(images).mean((2, 3))

    def forward(self, images: Tensor) -> Tensor:
        """The logits, (N,)."""
        return self.classify(self.feature_map(images))

    def classify(self, features: Tensor) -> Tensor:
        """Feature maps (N, D, h, w) to logits (N,)."""
        logit: Tensor = self.head(self.dropout(features.mean((2, 3))))[:, 0]
        return logit

    def outputs(self, images: Tensor) -> NetworkOutputs:
        """Logit, embedding and activation map; the map costs one projection more."""
        features, trunk = self._feature_maps(images)
        embedding = features.mean((2, 3))
        cam = torch.einsum("nchw,c->nhw", features, self.head.weight[0])
        return NetworkOutputs(self.head(embedding)[:, 0], embedding, cam, trunk.mean((2, 3)))

    def _feature_maps(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The last feature map, and the one of the last stage; a base without stages has but one."""
        if not hasattr(self.backbone, "forward_intermediates"):
            features = self.feature_map(images)
            return features, features
        features, [trunk] = self.backbone.forward_intermediates(self.normalise(images), indices=1)
        return features, trunk

    def train(self, mode: bool = True) -> CrackNetwork:
        """As in PyTorch, but frozen parts and (without ``train_norm``) all batch norms stay in eval mode."""
        super().train(mode)
        for module in self.backbone.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and not self._norm_learns(module):
                module.eval()
        return self

    def blocks(self) -> list[list[str]]:
        """Names of the base's parameters (without ``backbone.``), block by block, input first."""
        groups: Mapping[int, list[str]] = group_parameters(
            self.backbone, self.backbone.group_matcher(coarse=True)
        )
        return [groups[index] for index in sorted(groups)]

    def freeze_backbone(self) -> None:
        """Stage 1: only the dense output learns."""
        self.unfreeze(0)

    def unfreeze(self, blocks: int | str) -> None:
        """Let the last ``blocks`` blocks of the base learn, or ``"all"``; the rest is frozen."""
        groups = self.blocks()
        count = len(groups) if blocks == "all" else min(int(blocks), len(groups))
        open_names = {name for group in groups[len(groups) - count :] for name in group}
        for name, parameter in self.backbone.named_parameters():
            parameter.requires_grad_(name in open_names)
        if not self.train_norm:
            self._freeze_norm_parameters()
        self.train(self.training)

    def parameter_groups(
        self, *, learning_rate: float, head_learning_rate: float, layer_decay: float, weight_decay: float
    ) -> list[dict[str, Any]]:
        """Optimizer groups of what may learn: the nearer to the input, the slower; no decay of vectors.

        The last block learns at ``learning_rate``, the one before at ``layer_decay`` times that, and so on.
        """
        parameters = dict(self.backbone.named_parameters())
        groups: list[dict[str, Any]] = []
        for depth, names in enumerate(reversed(self.blocks())):
            block = [parameters[name] for name in names if parameters[name].requires_grad]
            groups += decayed_groups(
                block, f"block -{depth + 1}", learning_rate * layer_decay**depth, weight_decay
            )
        return groups + decayed_groups(list(self.head.parameters()), "head", head_learning_rate, weight_decay)

    def load_backbone(self, state: Mapping[str, Tensor]) -> None:
        """Take a base's weights under timm's keys.

        Raises:
            WeightsError: Keys are missing, left over, or of another shape.
        """
        load_strictly(self.backbone, state, self.backbone_name)

    def _norm_learns(self, norm: nn.Module) -> bool:
        return self.train_norm and any(parameter.requires_grad for parameter in norm.parameters())

    def _freeze_norm_parameters(self) -> None:
        # Scale and shift of a frozen norm stay too: with fixed statistics they only fight the convolutions.
        for module in self.backbone.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                for parameter in module.parameters():
                    parameter.requires_grad_(False)


def create_backbone(name: str) -> Any:
    """The base without its classifier, with random weights.

    Raises:
        RecipeError: timm does not know it, or its features are not a map (N, C, h, w).
    """
    try:
        backbone = timm.create_model(name, num_classes=0, global_pool="")
    except (RuntimeError, AssertionError, TypeError, ValueError) as error:
        raise RecipeError(f"no backbone {name!r}: {error}; timm knows {_similar_backbones(name)}") from error
    shape = _feature_shape(backbone)
    if shape is None or len(shape) != 4 or shape[1] != backbone.num_features:
        raise RecipeError(
            f"the features of {name!r} are no map of (N, channels, height, width) for any input size; "
            "expected a convolutional network such as tf_efficientnetv2_b0 or convnext_atto"
        )
    return backbone


def load_strictly(module: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    """Load a state dict that must fit in keys and shapes.

    Raises:
        WeightsError: It does not; the message names the first keys of each kind.
    """
    wanted = module.state_dict()
    missing = [key for key in wanted if key not in state]
    unexpected = [key for key in state if key not in wanted]
    misshapen = [key for key in wanted if key in state and wanted[key].shape != state[key].shape]
    if missing or unexpected or misshapen:
        raise WeightsError(
            f"the weights do not fit {name}: {_listed('missing', missing)}, "
            f"{_listed('unexpected', unexpected)}, {_listed('of another shape', misshapen)}; "
            "expected timm's keys for this backbone, with or without its classifier"
        )
    module.load_state_dict(dict(state))


def decayed_groups(
    parameters: list[nn.Parameter], name: str, rate: float, decay: float
) -> list[dict[str, Any]]:
    """Optimizer groups of parameters that learn at one rate; vectors do not decay."""
    matrices = [parameter for parameter in parameters if parameter.ndim > 1]
    vectors = [parameter for parameter in parameters if parameter.ndim <= 1]
    groups = [(matrices, name, decay), (vectors, f"{name} (vectors)", 0.0)]
    return [
        {"params": members, "name": label, "lr": rate, "weight_decay": weight_decay}
        for members, label, weight_decay in groups
        if members
    ]


def _feature_shape(backbone: Any) -> tuple[int, ...] | None:
    training = backbone.training
    try:
        with torch.inference_mode():
            return tuple(backbone.eval().forward_features(torch.zeros(1, 3, 64, 64)).shape)
    except (AssertionError, RuntimeError, AttributeError):
        return None
    finally:
        backbone.train(training)


def _similar_backbones(name: str) -> str:
    known = timm.list_models()
    near = difflib.get_close_matches(name, known, n=8) or ["tf_efficientnetv2_b0", "tf_efficientnet_lite0"]
    return f"{len(known)} others, such as {', '.join(near)}"


def _listed(kind: str, keys: list[str]) -> str:
    shown = ", ".join(keys[:3]) + (" ..." if len(keys) > 3 else "")
    return f"{len(keys)} {kind}" + (f" ({shown})" if keys else "")
