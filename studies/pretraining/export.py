"""Turn a checkpoint into weights that anyone can load: half precision, timm's keys, notes on their origin."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from crackscope.storage import atomic_path
from crackscope.training.weights import load_weights
from studies.pretraining.plan import PretrainPlan
from studies.pretraining.state import PretrainState

#: Of the weights: the teacher's own, and of the photos they were distilled on.
LICENCE = "Apache-2.0; distilled on METU and SDNET2018 (CC BY 4.0) and Caltech-101 (CC BY 4.0)"


def export_weights(state: PretrainState, target: Path) -> None:
    """Write a student as safetensors under timm's keys.

    Kernels are float16. Vectors stay float32: they are 2 % of the file, and running variances can leave the
    range of float16.

    Raises:
        OutputError: The file can't be written.
        WeightsError: timm's own scaling of the student is unknown.
    """
    tensors = {name: _compact(tensor) for name, tensor in state.student.items()}
    with atomic_path(target) as temporary:
        save_file(tensors, temporary, metadata=_notes(state.plan, state.step))


def _compact(tensor: Tensor) -> Tensor:
    kernel = tensor.is_floating_point() and tensor.ndim > 1
    return (tensor.to(torch.float16) if kernel else tensor).contiguous().clone()


def _notes(plan: PretrainPlan, step: int) -> dict[str, str]:
    """What `weights.load_weights` reads back."""
    _, scaling = load_weights(plan.student, "none")
    _, teacher = load_weights(plan.teacher, "imagenet")
    images = sum(plan.images(done) for done in range(step))
    return {
        "origin": f"studies.pretraining, {step:,} steps ({images:,} images), distilled from {teacher.origin}",
        "licence": LICENCE,
        "mean": json.dumps(scaling.mean),
        "std": json.dumps(scaling.std),
    }
