"""The recipe of a training run: every choice that is not data, with its default, meaning and range."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal

from pydantic import ConfigDict, Field
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
    jpeg: float = _key(0.0, "share of patches that are saved as a JPEG of low quality", ge=0, le=1)
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
class PlacesRecipe:
    """Teaching where cracks run, in place of both stages: a feature pyramid, crops of photos, and masks."""

    steps: int = _key(0, "batches of crops; 0 trains in two stages instead", ge=0)
    data: str = _key("", "folder with surfaces/, uav-cc0/ and caltech101/ (docs/data-card.md)")
    start: str = _key("", 'model whose base is taken over: a folder, or "shipped"; empty: network.weights')
    width: int = _key(64, "features of a place", ge=8, le=512)
    dropout: float = _key(0.1, "of those features", ge=0, lt=1)
    unfreeze: int = _key(6, "last blocks of the base that learn", ge=0)
    head_learning_rate: float = _key(0.002, "of pyramid and head", gt=0)
    warmup_share: float = _key(0.05, "of the steps, while the rate rises", ge=0, lt=1)
    ema: float = _key(0.997, "decay of the moving average of weights that is kept", ge=0, lt=1)


@dataclass(frozen=True, kw_only=True, slots=True, config=_STRICT)
class DecisionRecipe:
    """From logit to decision; all of it is fitted on calibration photos only."""

    calibrate: bool = _key(True, "temperature and bias, kept only if they help out of fold")
    threshold_rule: str = _key(
        "balanced_accuracy",
        '"balanced_accuracy", "recall>=0.99", "fixed:0.5", or what mistakes cost: "cost:fn=10,fp=1"',
    )
    review_alpha: float = _key(0.05, "error rate per class that the review band is made for", gt=0, lt=0.5)
    review_share: float = _key(
        0.02, "share it may take of the calibration photos of the source that needs it least", ge=0, le=1
    )
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
    places: PlacesRecipe = field(default_factory=PlacesRecipe)
    decision: DecisionRecipe = field(default_factory=DecisionRecipe)
    card: CardRecipe = field(default_factory=CardRecipe)
    run: RunRecipe = field(default_factory=RunRecipe)
