"""The recipe of a training run: every choice that is not data, as TOML with nothing hidden.

The defaults of the records below are ``recipes/default.toml``; another file names only what it changes.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from crackscope.dataset.groups import BLOCK_LENGTH
from crackscope.dataset.shares import Shares
from crackscope.errors import DataError, RecipeError
from crackscope.evaluation.thresholds import check_rule

View = Literal["identity", "flip", "quarter_turn", "zoom"]
Balance = Literal["none", "class", "source+class"]

_STRICT = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid")


def _key(
    default: Any,
    doc: str,
    *,
    ge: float | None = None,
    le: float | None = None,
    gt: float | None = None,
    lt: float | None = None,
    pattern: str | None = None,
) -> Any:
    """A recipe key: its default, what it means, and its range."""
    return Field(default=default, description=doc, ge=ge, le=le, gt=gt, lt=lt, pattern=pattern)


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class DataRecipe:
    """Which photo goes where, and how often each kind is seen."""

    seed: int = _key(0, "another seed is another split", ge=0)
    grouping: Literal["auto", "duplicates", "blocks", "source-photo"] = _key(
        "auto",
        'what stays together besides copies: "auto" (patches of a photo, where names tell it), "duplicates" '
        '(nothing), "blocks" (neighbouring file numbers), "source-photo" (names must tell it)',
    )
    block: int = _key(BLOCK_LENGTH, "with blocks: file numbers per block", ge=1)
    balance: Balance = _key(
        "class", '"none", "class" (both weigh the same), "source+class" (and so does every source)'
    )
    shares: str = _key("70/15/15", "per cent of train, validation and test; half of validation calibrates")

    def __post_init__(self) -> None:
        try:
            Shares.parse(self.shares)
        except DataError as error:
            raise RecipeError(f"data.shares: {error}") from error


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class NetworkRecipe:
    """The network and where its weights start."""

    backbone: str = _key("tf_efficientnet_lite0", "timm's name of a convolutional network", pattern=r"\S+")
    weights: str = _key(
        "imagenet", '"imagenet", "none", "crackscope", or a .safetensors or .pth file', pattern=r"\S"
    )
    input_px: int = _key(128, "side of the square the patch is resized to", ge=32, le=1024)
    dropout: float = _key(0.2, "before the dense output, in stage 2", ge=0, lt=1)


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class AugmentRecipe:
    """What stage 2 does to a batch of training patches."""

    rotation_deg: float = _key(180.0, "any angle up to this, either way", ge=0, le=180)
    flips: bool = _key(True, "left-right and up-down")
    zoom_min: float = _key(0.8, "below 1 the patch shrinks and its border is mirrored", gt=0, le=1)
    zoom_max: float = _key(1.3, "above 1 a part of the patch fills the square", ge=1, le=4)
    brightness: float = _key(0.2, "shift, as a share of full scale", ge=0, le=1)
    contrast: float = _key(0.3, "factor between 1 - x and 1 + x", ge=0, lt=1)
    colour: float = _key(0.1, "shift of each channel, as a share of full scale", ge=0, le=1)
    blur: float = _key(0.2, "share of patches that are slightly blurred", ge=0, le=1)
    noise: float = _key(0.2, "share of patches that get sensor noise", ge=0, le=1)
    synthetic_cracks: float = _key(0.0, "share of Negative patches that get a painted crack", ge=0, le=1)
    distractors: float = _key(
        0.0, "share of Negative patches, cracked by paint or not, that get a painted look-alike", ge=0, le=1
    )


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class HeadRecipe:
    """Stage 1: the base is frozen, every photo is embedded once, the dense output is fitted."""

    views: tuple[View, ...] = _key(
        ("identity",), 'embedded views of each photo: "identity", "flip", "quarter_turn", "zoom"'
    )
    epochs: int = _key(200, "at most; early stopping ends it", ge=1, le=100_000)
    batch_size: int = _key(512, "embeddings per step", ge=1)
    learning_rate: float = _key(0.003, "Adam", gt=0, le=1)
    l2: float = _key(0.00003, "weight of the squared norm of the head", ge=0, le=10)
    patience: int = _key(20, "epochs without a better validation loss before it stops", ge=1)

    def __post_init__(self) -> None:
        if not self.views or self.views[0] != "identity" or len(set(self.views)) != len(self.views):
            raise ValueError('views are different, "identity" first')


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class FinetuneRecipe:
    """Stage 2: the base is unfrozen and learns slowly."""

    enabled: bool = _key(True, "false: stop after stage 1")
    take: Literal["if better", "always"] = _key(
        "if better",
        'than stage 1 by its validation loss; "always" where other concrete than validation\'s counts',
    )
    epochs: int = _key(2, "at most; early stopping may end it", ge=1, le=10_000)
    batch_size: int = _key(32, "photos per step", ge=1)
    unfreeze: Literal["all"] | int = _key("all", '"all", or how many of the last blocks')
    learning_rate: float = _key(0.0002, "of the last block of the base", gt=0, le=1)
    head_learning_rate: float = _key(0.001, "of the dense output", gt=0, le=1)
    layer_decay: float = _key(0.9, "each block nearer the input learns slower by this factor", gt=0, le=1)
    optimizer: Literal["adamw", "adam"] = _key("adamw", '"adamw" or "adam"')
    weight_decay: float = _key(0.01, "AdamW; biases and norms get none", ge=0, le=1)
    warmup_share: float = _key(0.1, "of all steps, before the cosine falls to zero", ge=0, lt=1)
    ema: float = _key(0.99, "decay of the averaged weights; 0 is off", ge=0, lt=1)
    label_smoothing: float = _key(0.01, "0 is off", ge=0, lt=0.5)
    doubt: float = _key(
        0.0, "of real cracks that can't be seen, q of the generalised cross-entropy; 0 is off", ge=0, lt=1
    )
    batch_norm: Literal["auto", "frozen", "trained"] = _key(
        "auto", 'statistics of the base: "auto" freezes them unless weights are "none"'
    )
    precision: str = _key("32-true", "Lightning's name, such as 16-mixed or bf16-mixed on a GPU")
    patience: int = _key(3, "epochs without a better validation loss before it stops", ge=1)

    def __post_init__(self) -> None:
        if self.unfreeze != "all" and self.unfreeze < 1:
            raise ValueError('unfreeze is "all" or at least 1')


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class DecisionRecipe:
    """From logit to decision; all of it is fitted on calibration photos only."""

    calibrate: bool = _key(True, "temperature and bias, kept only if they help out of fold")
    threshold_rule: str = _key(
        "balanced_accuracy",
        '"balanced_accuracy", "recall>=0.99", "fixed:0.5", or what mistakes cost: "cost:fn=10,fp=1"',
    )
    review_alpha: float = _key(0.05, "error rate per class that the review band is made for", gt=0, lt=0.5)
    review_share: float = _key(0.02, "share of calibration photos it may send to review", ge=0, le=1)
    familiarity_quantile: float = _key(
        0.99, "share of calibration photos that count as familiar", gt=0.5, lt=1
    )

    def __post_init__(self) -> None:
        check_rule(self.threshold_rule)


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class CardRecipe:
    """What the model's card says of it besides what is measured."""

    name: str = _key("Crack classifier", "the model's name", pattern=r"\S")
    data: str = _key("", "origin and licence of the training photos")
    selection: str = _key("", "what was chosen looking at the test part; empty: nothing was")


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class RunRecipe:
    """What moves no result but the random numbers."""

    seed: int = _key(0, "of weights, batches and augmentation", ge=0)
    workers: int = _key(0, "threads that decode photos; 0 is one per core", ge=0, le=256)


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class Recipe:
    """A whole recipe; one record per TOML table."""

    data: DataRecipe = field(default_factory=DataRecipe)
    network: NetworkRecipe = field(default_factory=NetworkRecipe)
    augment: AugmentRecipe = field(default_factory=AugmentRecipe)
    head: HeadRecipe = field(default_factory=HeadRecipe)
    finetune: FinetuneRecipe = field(default_factory=FinetuneRecipe)
    decision: DecisionRecipe = field(default_factory=DecisionRecipe)
    card: CardRecipe = field(default_factory=CardRecipe)
    run: RunRecipe = field(default_factory=RunRecipe)


def load_recipe(name: str | Path = "default", overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe that ships, by name, or a TOML file, and lay overrides over it.

    Args:
        name: ``default``, ``seed``, ... or the path of a TOML file.
        overrides: Values by dotted key, such as ``{"network.input_px": 64}``; text is read as TOML where it
            is TOML and as itself otherwise.

    Raises:
        RecipeError: No such recipe, not TOML, an unknown key, or a value out of range.
    """
    path = find_recipe(name)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeError(f"cannot read the recipe {path}: {error}") from error
    for key, value in (overrides or {}).items():
        _set(document, key, value)
    return parse_recipe(document, str(name))


def parse_recipe(document: Mapping[str, Any], where: str = "the recipe") -> Recipe:
    """Check a TOML document and build the recipe; keys it lacks take their defaults.

    Raises:
        RecipeError: Unknown keys (with the valid ones and close matches) or values out of range.
    """
    unknown = [key for key in _dotted(document) if key not in recipe_keys()]
    if unknown:
        raise RecipeError(f"{where} has {_describe_unknown(unknown)}")
    try:
        # By way of JSON, because strict records take a TOML array for a tuple only from there.
        recipe: Recipe = TypeAdapter(Recipe).validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        problems = "; ".join(_describe(problem) for problem in error.errors())
        raise RecipeError(f"{where}: {problems}") from error
    return recipe


def recipe_keys() -> list[str]:
    """Every valid dotted key, in the order of the records."""
    return list(_dotted(dataclasses.asdict(Recipe())))


def recipe_names() -> list[str]:
    """The recipes that ship."""
    return sorted(path.stem for path in _shipped_folder().glob("*.toml"))


def recipe_to_toml(recipe: Recipe) -> str:
    """The whole recipe as TOML, each key with its meaning; reads back to the same record."""
    return "\n".join(_tables(recipe, "")).lstrip("\n") + "\n"


def find_recipe(name: str | Path) -> Path:
    """The file of a recipe that ships, by name, or the path itself.

    Raises:
        RecipeError: Neither a shipped name nor a file.
    """
    if str(name) in recipe_names():
        return _shipped_folder() / f"{name}.toml"
    if Path(name).is_file():
        return Path(name)
    raise RecipeError(f"no recipe {str(name)!r}: expected one of {recipe_names()} or a TOML file")


def _shipped_folder() -> Path:
    installed = Path(__file__).parent / "recipes"
    # The wheel carries the checkout's recipes/ folder here (see pyproject.toml).
    return installed if installed.is_dir() else Path(__file__).parents[3] / "recipes"


def _set(document: dict[str, Any], key: str, value: Any) -> None:
    *tables, last = key.split(".")
    for table in tables:
        document = document.setdefault(table, {})
        if not isinstance(document, dict):
            raise RecipeError(f"{key} is no recipe key: {table} is not a table")
    document[last] = _parse_value(value) if isinstance(value, str) else value


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _dotted(document: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _describe_unknown(unknown: list[str]) -> str:
    close = [match for key in unknown for match in difflib.get_close_matches(key, recipe_keys(), n=1)]
    hint = f" (did you mean {', '.join(close)}?)" if close else ""
    return f"unknown keys {', '.join(unknown)}{hint}; valid keys: {', '.join(recipe_keys())}"


def _describe(problem: Any) -> str:
    # A union adds the name of each of its members to the place; nobody needs to read those.
    place = ".".join(str(part) for part in problem["loc"] if part not in ("int", "literal['all']"))
    found = problem["input"]
    return f"{place}: {problem['msg']}" + ("" if isinstance(found, dict) else f", found {found!r}")


def _tables(record: Any, prefix: str) -> Iterator[str]:
    for item in dataclasses.fields(record):
        value = getattr(record, item.name)
        if dataclasses.is_dataclass(value):
            name = f"{prefix}{item.name}"
            yield f"\n[{name}]  # {(type(value).__doc__ or '').strip()}"
            yield from _tables(value, f"{name}.")
        else:
            text = json.dumps(value, ensure_ascii=False)
            yield f"{item.name} = {text}  # {_meaning(type(record), item.name)}"


def _meaning(kind: Any, name: str) -> str:
    return str(kind.__pydantic_fields__[name].description)
