"""A model folder: ``model.onnx``, ``model.json`` (all that is known about it) and ``README.md`` (its card).

The graph has one input, uint8 RGB images (N, H, W, 3) of the model's size, N free, and gives

- ``score`` (N,): calibrated, 0..1
- ``logit`` (N,): before calibration
- ``embedding`` (N, D): the pooled features
- ``cam`` (N, h, w): the class activation map; its mean plus the head's bias is the logit
- ``attention`` (N, h, w), optional: how much each place of the map counts in that mean, or all count alike
- ``trunk`` (N, T), optional: the pooled features of the base's last stage, before its last projection
- ``distance`` (N,), optional: how far the photo lies from the training data (see `Familiarity`)

Scaling, normalisation and calibration are inside the graph, so that no caller can get them wrong.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from crackscope.errors import BundleError
from crackscope.labels import Label
from crackscope.model_card.card import model_card
from crackscope.model_config import SCHEMA_VERSION as SCHEMA_VERSION
from crackscope.model_config import USUAL_CELLS as USUAL_CELLS
from crackscope.model_config import Calibration as Calibration
from crackscope.model_config import Familiarity as Familiarity
from crackscope.model_config import ImageQuality as ImageQuality
from crackscope.model_config import KnownAnswers as KnownAnswers
from crackscope.model_config import ModelConfig as ModelConfig
from crackscope.model_config import ReviewBand as ReviewBand
from crackscope.model_config import Threshold as Threshold
from crackscope.storage import read_versioned_json, sha256_file, write_json, write_text

ONNX_NAME = "model.onnx"
CONFIG_NAME = "model.json"
CARD_NAME = "README.md"

#: Name of the bundle inside ``crackscope/models`` that is used where no model is named.
SHIPPED = "detector"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model folder whose config was read and, unless asked otherwise, whose files were verified."""

    folder: Path
    config: ModelConfig

    @property
    def onnx_path(self) -> Path:
        """The network."""
        return self.folder / ONNX_NAME

    @property
    def identity(self) -> str:
        """The SHA-256 of the network: what results are filed under."""
        return self.config.sha256[ONNX_NAME]


def shipped_bundle_path() -> Path:
    """The folder of the detector that comes with the package."""
    return Path(str(files("crackscope"))) / "models" / SHIPPED


def load_bundle(folder: Path | None = None, *, verify: bool = True) -> Bundle:
    """Read a model folder; ``None`` is the shipped detector.

    >>> from crackscope import load_bundle
    >>> load_bundle().config.labels
    ('Negative', 'Positive')

    Raises:
        BundleError: The folder, a file or a key is missing, a hash differs, or the schema is another one.
    """
    folder = shipped_bundle_path() if folder is None else Path(folder)
    if not folder.is_dir():
        raise BundleError(
            f"no model folder at {folder}; expected a folder with {ONNX_NAME} and {CONFIG_NAME}"
        )
    config = _read_config(folder / CONFIG_NAME)
    bundle = Bundle(folder, config)
    if not bundle.onnx_path.is_file():
        raise BundleError(f"{folder} has no {ONNX_NAME}: the model folder is incomplete")
    if ONNX_NAME not in config.sha256:
        raise BundleError(f"{folder / CONFIG_NAME} records no SHA-256 of {ONNX_NAME}")
    if verify:
        _verify_hashes(bundle)
    return bundle


def write_bundle(folder: Path, config: ModelConfig) -> Bundle:
    """Write ``model.json`` and the card beside an existing ``model.onnx``, recording its SHA-256."""
    config = dataclasses.replace(config, sha256={ONNX_NAME: sha256_file(folder / ONNX_NAME)})
    return write_config(Bundle(folder, config))


def write_config(bundle: Bundle) -> Bundle:
    """Write ``model.json`` and the card anew; the network stays."""
    write_text(bundle.folder / CARD_NAME, model_card(bundle.config))
    # Last, because a folder with a readable config counts as whole.
    write_json(bundle.folder / CONFIG_NAME, dataclasses.asdict(bundle.config))
    return bundle


def _read_config(path: Path) -> ModelConfig:
    document = read_versioned_json(path, SCHEMA_VERSION, error=BundleError, expected="a model folder")
    config: ModelConfig = _from_document(ModelConfig, document, str(path))
    if config.labels != tuple(str(label) for label in Label):
        raise BundleError(f"{path} has labels {config.labels}; expected {[str(label) for label in Label]}")
    _check_values(config, path)
    return config


def _check_values(config: ModelConfig, path: Path) -> None:
    if len(config.input_hw) != 2 or min(config.input_hw) < 1:
        raise BundleError(f"{path}: input_hw is {config.input_hw}; expected a height and a width in pixels")
    if config.patch_px < 1:
        raise BundleError(f"{path}: patch_px is {config.patch_px}; expected 1 or more")
    if not 0 <= config.threshold.value <= 1:
        raise BundleError(f"{path}: the threshold is {config.threshold.value}; expected 0 to 1")
    if config.answers is not None and any(
        len(row) != len(config.answers.features) for row in config.answers.embeddings
    ):
        raise BundleError(f"{path}: answers should have one number for each of its features")
    if not (0 < config.cells.scale < math.inf and math.isfinite(config.cells.bias)):
        raise BundleError(
            f"{path}: cells has scale {config.cells.scale} and bias {config.cells.bias}; expected finite "
            "numbers, and a scale above 0 that keeps the order of scores"
        )


@cache
def _field_types(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _from_document(kind: Any, document: Any, where: str) -> Any:
    """Build a record from JSON, refusing missing, unknown and wrongly typed keys by name."""
    if not isinstance(document, dict):
        raise BundleError(f"{where} should hold an object, found {type(document).__name__}")
    hints = _field_types(kind)
    unknown = sorted(document.keys() - hints.keys())
    if unknown:
        raise BundleError(f"{where} has unknown keys {unknown}; valid keys: {sorted(hints)}")
    values = {key: _convert(hints[key], value, f"{where}: {key}") for key, value in document.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise BundleError(f"{where} is incomplete: {error}") from error


def _convert(hint: Any, value: Any, where: str) -> Any:
    if isinstance(hint, types.UnionType):
        options = [option for option in typing.get_args(hint) if option is not type(None)]
        return None if value is None else _convert(options[0], value, where)
    if dataclasses.is_dataclass(hint):
        return _from_document(hint, value, where)
    if typing.get_origin(hint) is tuple and isinstance(value, list):
        item = typing.get_args(hint)[0]
        return tuple(_convert(item, part, where) for part in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    expected = typing.get_origin(hint) or hint
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        raise BundleError(f"{where} should be {expected.__name__}, found {type(value).__name__}")
    return value


def _verify_hashes(bundle: Bundle) -> None:
    for name, recorded in bundle.config.sha256.items():
        path = bundle.folder / name
        if not path.is_file() or path.parent != bundle.folder:
            raise BundleError(f"{bundle.folder} lacks {name}, which {CONFIG_NAME} names")
        if sha256_file(path) != recorded:
            raise BundleError(f"{path} is not the file that {CONFIG_NAME} describes (SHA-256 differs)")
