"""When a person should look at a photo before its label is used."""

from __future__ import annotations

from crackscope.bundle import ModelConfig
from crackscope.labels import ReviewReason

#: A photo whose longer side is more than this many training patches is squeezed beyond what was learned.
PATCHES_PER_SIDE = 4


def review_reason(
    config: ModelConfig,
    *,
    photo_hw: tuple[int, int],
    sharpness: float,
    score: float,
    distance: float | None,
) -> ReviewReason | None:
    """The most fundamental reason for a review, or ``None``.

    Args:
        config: Holds the patch size, the limits of sharpness and distance and the band of uncertain scores.
        photo_hw: Of the photo itself, before it was resized.
        sharpness: At the model's size, see `inference.quality`.
        score: Calibrated, 0..1.
        distance: From the training data; ``None`` where the model does not give it.
    """
    if max(photo_hw) > PATCHES_PER_SIDE * config.patch_px:
        return ReviewReason.LARGER_THAN_A_PATCH
    if config.quality is not None and sharpness < config.quality.limit:
        return ReviewReason.POOR_IMAGE_QUALITY
    if config.familiarity is not None and distance is not None and distance > config.familiarity.limit:
        return ReviewReason.UNFAMILIAR
    if config.review is not None and config.review.low <= score <= config.review.high:
        return ReviewReason.UNCERTAIN
    return None
