from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from crackscope.dataset.synthetic import make_concrete
from crackscope.errors import ResumeError
from crackscope.training.places.sources import CropSource, Role
from crackscope.training.places.teach import TeachOptions, teach
from crackscope.training.pyramid import PyramidNetwork

OPTIONS = TeachOptions(steps=4, batch_size=2, input_px=64, unfreeze=1, workers=0, checkpoint_every_s=0.0)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[CropSource]:
    path = tmp_path_factory.mktemp("walls") / "wall.png"
    Image.fromarray(make_concrete(np.random.default_rng(0), (100, 100))).save(path)
    return [CropSource(name="wall", role=Role.HEALTHY, photos=(path,), share=1.0, crop_px=(64.0, 90.0))]


def _network() -> PyramidNetwork:
    torch.manual_seed(0)
    return PyramidNetwork("tf_efficientnet_lite0", mean=(0.5,) * 3, std=(0.5,) * 3, width=8).eval()


class _StopError(Exception):
    pass


def test_a_killed_training_goes_on_to_the_same_weights(sources: list[CropSource], tmp_path: Path) -> None:
    def stop(step: int, loss: float) -> None:
        if step == 2:
            raise _StopError

    whole = teach(_network(), sources, OPTIONS, tmp_path / "whole")
    with pytest.raises(_StopError):
        teach(_network(), sources, OPTIONS, tmp_path / "killed", report=stop, report_every=1)
    resumed = teach(_network(), sources, OPTIONS, tmp_path / "killed")
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(value, resumed.state_dict()[name], msg=name)


def test_a_checkpoint_of_another_training_is_refused(sources: list[CropSource], tmp_path: Path) -> None:
    teach(_network(), sources, replace(OPTIONS, steps=1), tmp_path)
    with pytest.raises(ResumeError, match="other options"):
        teach(_network(), sources, OPTIONS, tmp_path)
