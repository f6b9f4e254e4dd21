from __future__ import annotations

from pathlib import Path

import pytest
import torch

from crackscope.training.network import create_backbone
from crackscope.training.weights import load_weights
from studies.pretraining.export import export_weights
from studies.pretraining.plan import PretrainPlan
from studies.pretraining.state import PretrainState


@pytest.fixture(scope="module")
def state() -> PretrainState:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        student = create_backbone("tf_efficientnetv2_b0").state_dict()
    # A variance that float16 cannot hold.
    student["bn1.running_var"][0] = 1e6
    return PretrainState(plan=PretrainPlan(), step=8, student=student, optimizer={}, spread={})


def test_exported_weights_load_as_training_loads_them(state: PretrainState, tmp_path: Path) -> None:
    target = tmp_path / "student.safetensors"
    export_weights(state, target)
    loaded, origin = load_weights("tf_efficientnetv2_b0", str(target))
    for name, tensor in state.student.items():
        torch.testing.assert_close(loaded[name], tensor, rtol=1e-3, atol=1e-6)
    assert origin.mean == (0.485, 0.456, 0.406)
    assert "8 steps (440 images)" in origin.origin
    assert "efficientnet-lite0" in origin.origin
    assert "CC BY 4.0" in origin.licence


def test_exported_weights_fit_in_13_megabytes(state: PretrainState, tmp_path: Path) -> None:
    export_weights(state, tmp_path / "student.safetensors")
    assert (tmp_path / "student.safetensors").stat().st_size < 13e6
