"""From the pixels of one photo to its heat map, tiles, regions and decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import ModelConfig
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.looking import Look, look_at, scored_from_looks
from crackscope.inference.settings import ScanSettings
from crackscope.inference.stitching import blend, cell_log_odds, cell_scores, crack_probability
from crackscope.inference.tile_scores import TileEvidence
from crackscope.inference.tiling import TileGrid
from crackscope.inspection.records import HeatMap, Region, TileScore
from crackscope.labels import Label, decide
from crackscope.photos.pixels import PixelSource
from crackscope.records import SCORE_DECIMALS, Prediction
from crackscope.scanning.decision import CellMaps, find_regions

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What the pixels of a photo gave; see `PhotoReport` for the fields."""

    answer: Prediction
    cracked_share: float
    picture_share: float
    tile_px: tuple[int, ...]
    tiles: tuple[TileScore, ...]
    regions: tuple[Region, ...]
    heat: HeatMap


def analyse(source: PixelSource, path: str, classifier: CrackClassifier, settings: ScanSettings) -> Analysis:
    """Look at one photo as `CrackClassifier` does, and find out where in it the cracks are."""
    config = classifier.bundle.config
    looks = look_at(source, classifier.infer_each, config, settings)
    answer = classifier.judge(scored_from_looks(path, looks, config), threshold=settings.threshold)
    maps = _merge_scales([_cell_maps(look, config) for look in looks])
    regions = find_regions(maps, answer.threshold) if answer.label is Label.POSITIVE else ()
    height, width = source.photo_hw
    picture_px = height * width * float(maps.picture.mean())
    return Analysis(
        answer=answer,
        cracked_share=round(min(1.0, sum(region.area_px for region in regions) / picture_px), SCORE_DECIMALS),
        picture_share=round(picture_px / (height * width), SCORE_DECIMALS),
        tile_px=tuple(look.grid.tile_px for look in looks),
        tiles=tuple(tile for look in looks for tile in _tile_scores(look, answer.threshold)),
        regions=regions,
        heat=HeatMap(scores=maps.score, tile_scores=maps.tile_score, cell_px=height / maps.score.shape[0]),
    )


def blend_cells(grid: TileGrid, evidence: TileEvidence, config: ModelConfig) -> F32:
    """The score of every cell for even odds, float32 (rows, columns)."""
    return blend(grid, cell_scores(evidence, config.calibration), evidence.looked)


def _cell_maps(look: Look, config: ModelConfig) -> CellMaps:
    even_odds = blend_cells(look.grid, look.evidence, config)
    return CellMaps(
        grid=look.grid,
        score=crack_probability(cell_log_odds(even_odds, coarse=look.evidence.coarse), config.cells),
        tile_score=look.tile_score,
        picture=look.evidence.picture,
    )


def _merge_scales(scales: list[CellMaps]) -> CellMaps:
    """The strongest evidence of all scales, on the cells of the finest."""
    shape = scales[0].grid.shape
    return CellMaps(
        grid=scales[0].grid,
        score=np.maximum.reduce([_spread(maps.score, shape) for maps in scales]),
        tile_score=np.maximum.reduce([_spread(maps.tile_score, shape) for maps in scales]),
        picture=scales[0].picture,
    )


def _spread(cells: F32, shape: tuple[int, int]) -> F32:
    rows, columns = (
        np.arange(target) * source // target for target, source in zip(shape, cells.shape, strict=True)
    )
    return cells[np.ix_(rows, columns)]


def _tile_scores(look: Look, threshold: float) -> Iterator[TileScore]:
    grid, evidence = look.grid, look.evidence
    for row, column in np.argwhere(evidence.looked).tolist():
        score = round(float(evidence.score[row, column]), SCORE_DECIMALS)
        distance = None if evidence.distance is None else evidence.distance[row, column]
        yield TileScore(
            tile_px=grid.tile_px,
            box_ltrb=grid.tile_box(row, column),
            score=score,
            label=decide(score, threshold),
            distance=None if distance is None else round(float(distance), SCORE_DECIMALS),
        )
