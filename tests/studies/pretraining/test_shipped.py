"""The weights that come with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from crackscope.training.network import CrackNetwork
from crackscope.training.weights import load_weights
from studies.pretraining.images import held_out, list_images, read_square
from studies.pretraining.probe import _classifier

BACKBONE = "tf_efficientnetv2_b0"


def test_the_shipped_weights_are_small_and_say_where_they_come_from() -> None:
    folder = Path(str(files("crackscope"))) / "models" / "backbones"
    assert (folder / f"{BACKBONE}.safetensors").stat().st_size < 13e6
    assert (folder / "README.md").is_file()
    state, origin = load_weights(BACKBONE, "crackscope")
    assert all(torch.isfinite(tensor).all() for tensor in state.values())
    assert "EfficientNet-Lite" in origin.origin


def test_the_shipped_features_tell_cracks_on_held_out_metu_blocks(real_data: Path) -> None:
    state, origin = load_weights(BACKBONE, "crackscope")
    network = CrackNetwork(BACKBONE, mean=origin.mean, std=origin.std).eval()
    network.load_backbone(state)
    features: dict[bool, list[np.ndarray]] = {False: [], True: []}
    for name in ("Negative", "Positive"):
        folder = real_data / "metu" / name
        for test in (False, True):
            photos = [path for path in list_images(folder) if held_out("metu", f"{name}/{path}") == test]
            pixels = np.stack([read_square(folder / path, 64) for path in photos[:: len(photos) // 50][:50]])
            with torch.inference_mode():
                images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
                features[test].append(network.embed(images).numpy())
    classes = np.repeat([0, 1], 50)
    classifier = _classifier(1e-3).fit(np.concatenate(features[False]), classes)
    scores = classifier.decision_function(np.concatenate(features[True]))
    # Random weights give 0.92 here, these 1.00.
    assert roc_auc_score(classes, scores) > 0.98
