"""Where crops come from: labelled patches, surfaces to paint on, other things, photos with masks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Role(StrEnum):
    """What a photo teaches.

    ``CRACKED``: a patch that shows a crack somewhere. ``HEALTHY``: concrete without one; cracks and
    look-alikes are painted on it. ``OTHER``: without a crack, and no canvas: masonry, tiles, soft thumbnails.
    ``MASKED``: cracked, and a mask says where.
    """

    CRACKED = "cracked"
    HEALTHY = "healthy"
    OTHER = "other"
    MASKED = "masked"


@dataclass(frozen=True, slots=True, kw_only=True)
class CropSource:
    """Photos that teach the same, and how often they are drawn.

    Attributes:
        name: For records.
        role: What they teach.
        photos: Their paths.
        share: Of all crops, in any unit.
        crop_px: Range of the crop's side in pixels of the photo, log-uniform; a smaller photo is taken whole.
        masks: Of ``MASKED`` photos, in their order.
    """

    name: str
    role: Role
    photos: tuple[Path, ...]
    share: float
    crop_px: tuple[float, float]
    masks: tuple[Path, ...] = ()


def hold_out(paths: Iterable[Path], *, every: int = 5, first: int = 2) -> tuple[list[Path], list[Path]]:
    """Photos to learn from, and every fifth (by name) to be judged on."""
    ordered: Sequence[Path] = sorted(paths, key=lambda path: path.name)
    kept = [path for number, path in enumerate(ordered) if number % every != first]
    return kept, [path for number, path in enumerate(ordered) if number % every == first]
