"""One photo, one answer: every look at a photo, and the score that follows from all of them.

A photo's score is not the maximum of its tiles. A tile's score is calibrated for even odds; but in a photo of
n independent tiles that has a crack somewhere with even odds, the odds that a given tile shows it are about 1
to n (Bayes' rule for the changed prior). Tiles of one wall are not independent: what makes one of them look
cracked is on its neighbours too. So the odds of the strongest place are divided by n to the power of
`INDEPENDENCE`, n being the tiles that lie side by side without overlap. The score of a place is the mean of
the tiles over it, so that one tile against its neighbours does not raise an alarm. For a photo that is one
look the score is that look's own.

On mosaics of a source that the model was not trained on (9, 35 and 96 patches) the strongest tile alone would
raise an alarm in up to 5 of 6 crack-free photos; studies/scanning.md has the numbers of this rule, and
``studies/photo_decision.py`` measures them and those of others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import ModelConfig
from crackscope.errors import PhotoError
from crackscope.inference.outputs import ScoredPhoto
from crackscope.inference.review import typical_distance, typical_sharpness
from crackscope.inference.settings import ScanSettings
from crackscope.inference.stitching import blend, whole_tiles
from crackscope.inference.tile_scores import RunModel, TileEvidence, score_tiles
from crackscope.inference.tiling import TileGrid, plan_looks
from crackscope.photos.pixels import PixelSource
from crackscope.records import SCORE_DECIMALS

F32 = NDArray[np.float32]

#: A score of 1 in single precision is no certainty.
_LEAST_DOUBT = 2.0**-24
_LEAST_ODDS = 1e-300

#: 1: tiles that know nothing of each other; 0: tiles that are all alike. From studies/photo_decision.py.
INDEPENDENCE = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """All tiles of one scale.

    Attributes:
        grid: Where they lie.
        evidence: What the network said of each.
        tile_score: (rows, columns) of cells, float32 0..1: the scores of the tiles over a cell, blended.
    """

    grid: TileGrid
    evidence: TileEvidence
    tile_score: F32

    @property
    def side_by_side(self) -> float:
        """The picture's area in tiles; at least 1."""
        picture = float(self.evidence.picture.sum(dtype=np.float64))
        return max(1.0, picture / math.prod(self.grid.cells_hw))


def look_at(
    source: PixelSource, run: RunModel, config: ModelConfig, settings: ScanSettings
) -> tuple[Look, ...]:
    """Look at a photo at every scale, the finest first.

    Raises:
        PhotoError: Nearly all of it is transparent, or the model gave no number.
    """
    grids = plan_looks(source.photo_hw, config, settings, map_mm_per_px=source.mm_per_px)
    return tuple(_look(run, source, grid) for grid in grids)


def scale_of(source: PixelSource, settings: ScanSettings) -> float | None:
    """Millimetres per pixel as the user gave them, else as a map tells them; ``None`` where neither does."""
    return source.mm_per_px if settings.mm_per_px is None else settings.mm_per_px


def photo_score(looks: Sequence[Look]) -> float:
    """The photo's score, 0..1, of `SCORE_DECIMALS`; see the top of this module."""
    odds = _photo_odds(looks)
    return round(odds / (1 + odds), SCORE_DECIMALS)


def scored_from_looks(path: str, looks: Sequence[Look], config: ModelConfig) -> ScoredPhoto:
    """The record of a photo: embedding, map and trunk are those of the strongest tile."""
    calibration = config.calibration
    strongest = max((look.evidence.strongest for look in looks), key=lambda found: float(found.score[0]))
    distances = [d for look in looks if (d := look.evidence.distances) is not None]
    sharpness = [value for look in looks for value in look.evidence.sharpness]
    return ScoredPhoto(
        path=path,
        photo_hw=looks[0].grid.photo_hw,
        sharpness=typical_sharpness(sharpness) if sharpness else None,
        score=photo_score(looks),
        logit=(math.log(max(_photo_odds(looks), _LEAST_ODDS)) - calibration.bias) / calibration.scale,
        embedding=strongest.embedding[0],
        cam=strongest.cam[0],
        distance=typical_distance(np.concatenate(distances)) if distances else None,
        trunk=None if strongest.trunk is None else strongest.trunk[0],
    )


def _look(run: RunModel, source: PixelSource, grid: TileGrid) -> Look:
    evidence = score_tiles(run, source, grid)
    _require_numbers(evidence.score)
    tile_score = blend(grid, whole_tiles(evidence.score, grid.cells_hw), evidence.looked)
    return Look(grid=grid, evidence=evidence, tile_score=tile_score)


def _require_numbers(score: F32) -> None:
    if not np.isfinite(score).all():
        raise PhotoError(f"the model gave {score[~np.isfinite(score)][0]} instead of a score")


def _photo_odds(looks: Sequence[Look]) -> float:
    strongest = max(float(look.tile_score.max()) for look in looks)
    n_looks = sum(look.side_by_side for look in looks)
    return float(strongest / max(1 - strongest, _LEAST_DOUBT) / n_looks**INDEPENDENCE)
