"""The content of ``model.json``: the one home of every fact about a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from crackscope.labels import Label

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Where Positive begins: ``score >= value``, and the rule and photos that chose it."""

    value: float
    rule: str
    fitted_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """``score = sigmoid(scale * logit + bias)``; scale 1 and bias 0 where calibration did not help."""

    method: str
    scale: float
    bias: float
    fitted_on: str
    nll_before: float | None = None
    nll_after: float | None = None


#: How cells of a scan become probabilities in a model folder that does not say: the fit of one detector,
#: which is near that of others like it. ``crackscope model cells`` fits a model's own.
USUAL_CELLS = Calibration(
    method="temperature and bias",
    scale=1.75,
    bias=-4.89,
    fitted_on="an EfficientNet-Lite0 detector, on 15 walls of real crack-free patches with painted cracks",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewBand:
    """Scores in ``low <= score <= high`` are reviewed as ``uncertain``; low > high means none are.

    ``alpha`` is the error rate per class that the band was made for.
    """

    low: float
    high: float
    alpha: float
    fitted_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Familiarity:
    """``distance > limit`` is reviewed as ``unfamiliar``; ``quantile`` of known concrete lies below it."""

    method: str
    limit: float
    quantile: float
    fitted_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageQuality:
    """``measure < limit`` is reviewed as ``poor image quality``; ``quantile`` of known photos lies below."""

    measure: str
    limit: float
    quantile: float
    fitted_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAnswers:
    """What a model of 8-bit integers says of fixed images, see `inference.known_answers`.

    Attributes:
        features: Which entries of the embedding are recorded.
        embeddings: Those entries for each image.
    """

    features: tuple[int, ...]
    embeddings: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """Everything that is known about a model.

    Attributes:
        name: A name for people.
        input_hw: Height and width of the graph's input, in pixels.
        cells: How sure a cell of a scan's heat map is: ``sigmoid(scale * log_odds + bias)`` of its log odds
            for even odds, which the tiles' activation maps give.
        patch_px: Side of the training patches at their photo's resolution, in pixels; a photo larger than
            about this is looked at in tiles.
        backbone: timm's name of the network.
        weights: Where the backbone's starting weights came from, with their licence.
        labels: Class names in the order of their index.
        training: What it was trained on and how: data, counts, recipe (free form).
        measured: Results on photos by name, see `evaluation.recorded_results`; of this network only.
        versions: Versions of the packages that made it.
        answers: Of a model of 8-bit integers: what tells a processor that computes it wrongly.
        sha256: SHA-256 by file name.
    """

    schema_version: int = SCHEMA_VERSION
    name: str
    created: str
    input_hw: tuple[int, int]
    patch_px: int
    backbone: str
    weights: str
    threshold: Threshold
    calibration: Calibration
    cells: Calibration = USUAL_CELLS
    review: ReviewBand | None = None
    familiarity: Familiarity | None = None
    quality: ImageQuality | None = None
    answers: KnownAnswers | None = None
    labels: tuple[str, ...] = tuple(str(label) for label in Label)
    training: dict[str, Any] = field(default_factory=dict)
    measured: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
