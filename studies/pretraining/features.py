"""What teacher and student are compared on: feature maps at every stride, the last map, and its mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from crackscope.training.network import create_backbone
from crackscope.training.weights import load_weights
from studies.pretraining.closed_form import fit_projections
from studies.pretraining.inherit import inherit
from studies.pretraining.plan import PretrainPlan

#: Where the two networks are compared, in order.
TAPS = ("stride4", "stride8", "stride16a", "stride16b", "stride32", "last", "pooled")

#: How much each comparison counts. The pooled vector is what a classifier gets.
TAP_WEIGHTS = {
    "stride4": 0.5,
    "stride8": 1.0,
    "stride16a": 1.0,
    "stride16b": 1.0,
    "stride32": 1.0,
    "last": 1.0,
    "pooled": 2.0,
}

#: The teacher has four blocks at stride 32 and then its last one; the student's first four match them.
_MATCHED_BLOCKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """What a network's weights expect of images in [0, 1], per channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, images: Tensor) -> Tensor:
        """Scale images (N, 3, H, W)."""
        mean, std = (torch.tensor(values).reshape(1, -1, 1, 1) for values in (self.mean, self.std))
        return (images - mean) / std


class Teacher(nn.Module):
    """A frozen EfficientNet-Lite that gives its feature maps."""

    def __init__(self, plan: PretrainPlan) -> None:
        super().__init__()
        state, origin = load_weights(plan.teacher, "imagenet")
        self.scaling = Scaling(mean=origin.mean, std=origin.std)
        self.origin = origin
        self._in_bfloat16 = plan.bfloat16_teacher
        self.network: Any = create_backbone(plan.teacher).to(memory_format=torch.channels_last)
        self.network.load_state_dict(state)
        self.network.bn2.act = nn.Identity()
        self.requires_grad_(False)
        self.eval()

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Images (N, 3, H, W) in [0, 1] to feature maps by tap."""
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._in_bfloat16):
            outputs = self._outputs(images)
        return {tap: values.float() for tap, values in outputs.items()}

    def block_outputs(self, images: Tensor) -> tuple[list[list[Tensor]], Tensor]:
        """The maps after every block by stage, and the last map before its activation."""
        network = self.network
        x = network.bn1(network.conv_stem(self.scaling(images)))
        stages = []
        for stage in network.blocks:
            maps = []
            for block in stage:
                x = block(x)
                maps.append(x)
            stages.append(maps)
        return stages, network.bn2(network.conv_head(x))

    def _outputs(self, images: Tensor) -> dict[str, Tensor]:
        stages, last = self.block_outputs(images)
        four, eight, early, late, deep = (stage[-1] for stage in stages[1:6])
        # The student ends in SiLU; asking the same of the teacher leaves a target that can be met exactly.
        return _named(four, eight, early, late, deep, functional.silu(last))


class Student(nn.Module):
    """EfficientNetV2-B0; its first channels at every tap are the teacher's, so no adapters are needed."""

    def __init__(self, plan: PretrainPlan) -> None:
        super().__init__()
        _, origin = load_weights(plan.student, "none")
        self.scaling = Scaling(mean=origin.mean, std=origin.std)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            self.network: Any = create_backbone(plan.student).to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Images (N, 3, H, W) in [0, 1] to feature maps by tap."""
        network = self.network
        shallow = network.bn1(network.conv_stem(self.scaling(images)))
        four = network.blocks[1](network.blocks[0](shallow))
        eight = network.blocks[2](four)
        early = network.blocks[3](eight)
        late = network.blocks[4](early)
        x = deep = late
        for index, block in enumerate(network.blocks[5]):
            x = block(x)
            if index + 1 == _MATCHED_BLOCKS:
                deep = x
        return _named(four, eight, early, late, deep, network.bn2(network.conv_head(x)))


def fit_to_teacher(student: Student, teacher: Teacher, images: Tensor) -> None:
    """Give a fresh student the teacher's filters and projections fitted on some images."""
    network = student.network
    inherit(network, teacher.network, torch.tensor(student.scaling.std) / torch.tensor(teacher.scaling.std))
    with torch.no_grad():
        first = network.blocks[0](network.bn1(network.conv_stem(student.scaling(images))))
        stages, last = teacher.block_outputs(images)
    fit_projections(network, first, stages, last)


def channel_spread(teacher: Teacher, batches: list[Tensor]) -> dict[str, Tensor]:
    """Standard deviation of the teacher's channels by tap: the unit in which differences are measured."""
    outputs = [teacher(images) for images in batches]
    spread = {}
    for tap in TAPS:
        values = torch.cat([output[tap].transpose(0, 1).flatten(1) for output in outputs], dim=1)
        spread[tap] = values.std(dim=1).clamp_min(1e-3).clone()
    return spread


def differences(
    student: dict[str, Tensor], teacher: dict[str, Tensor], spread: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Smooth-L1 distance by tap, in units of the teacher's channels."""
    found = {}
    for tap in TAPS:
        wanted = teacher[tap]
        unit = spread[tap].reshape(1, -1, *[1] * (wanted.ndim - 2))
        found[tap] = functional.smooth_l1_loss(student[tap][:, : wanted.shape[1]] / unit, wanted / unit)
    return found


def _named(
    four: Tensor, eight: Tensor, early: Tensor, late: Tensor, deep: Tensor, last: Tensor
) -> dict[str, Tensor]:
    return dict(zip(TAPS, (four, eight, early, late, deep, last, last.mean((2, 3))), strict=True))
