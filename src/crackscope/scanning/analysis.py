"""From the pixels of one photo to its heat map, tiles, regions and decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import ModelConfig
from crackscope.inspection.records import Region
from crackscope.labels import Label, ReviewReason, decide
from crackscope.photos.pixels import PixelSource
from crackscope.records import SCORE_DECIMALS
from crackscope.scanning.decision import CellMaps, find_regions, photo_score, review_reason
from crackscope.scanning.records import HeatMap, ScanSettings, TileScore
from crackscope.scanning.scales import tile_sides
from crackscope.scanning.scoring import RunModel, TileEvidence, score_tiles
from crackscope.scanning.stitching import (
    blend,
    cell_log_odds,
    cell_scores,
    crack_probability,
    whole_tiles,
)
from crackscope.scanning.tiling import TileGrid, plan_tiles

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What the pixels of a photo gave; see `PhotoReport` for the fields."""

    label: Label
    score: float
    threshold: float
    reason: ReviewReason | None
    cracked_share: float
    picture_share: float
    tile_px: tuple[int, ...]
    tiles: tuple[TileScore, ...]
    regions: tuple[Region, ...]
    heat: HeatMap


def plan_scales(photo_hw: tuple[int, int], config: ModelConfig, settings: ScanSettings) -> list[TileGrid]:
    """The tile grid of every scale, finest first."""
    return [
        plan_tiles(
            photo_hw, side, config.input_hw, overlap=settings.overlap, shift_cells=settings.shift_cells
        )
        for side in tile_sides(photo_hw, config.patch_px, settings)
    ]


def analyse(source: PixelSource, run: RunModel, config: ModelConfig, settings: ScanSettings) -> Analysis:
    """Scan one photo at every scale and decide."""
    threshold = config.threshold.value if settings.threshold is None else settings.threshold
    grids = plan_scales(source.photo_hw, config, settings)
    evidence = [score_tiles(run, source, grid) for grid in grids]
    scales = [_cell_maps(grid, each, config) for grid, each in zip(grids, evidence, strict=True)]
    score = photo_score(scales)
    label = decide(score, threshold)
    maps = _merge_scales(scales)
    regions = find_regions(maps, threshold) if label is Label.POSITIVE else ()
    height, width = source.photo_hw
    picture_px = height * width * float(maps.picture.mean())
    return Analysis(
        label=label,
        score=score,
        threshold=threshold,
        reason=review_reason(
            score, [e.distance[e.looked] for e in evidence if e.distance is not None], config
        ),
        cracked_share=round(min(1.0, sum(region.area_px for region in regions) / picture_px), SCORE_DECIMALS),
        picture_share=round(picture_px / (height * width), SCORE_DECIMALS),
        tile_px=tuple(grid.tile_px for grid in grids),
        tiles=tuple(
            tile
            for grid, each in zip(grids, evidence, strict=True)
            for tile in _tile_scores(grid, each, threshold)
        ),
        regions=regions,
        heat=HeatMap(scores=maps.score, tile_scores=maps.tile_score, cell_px=height / maps.score.shape[0]),
    )


def blend_cells(grid: TileGrid, evidence: TileEvidence, config: ModelConfig) -> F32:
    """The score of every cell for even odds, float32 (rows, columns)."""
    return blend(grid, cell_scores(evidence, config.calibration), evidence.looked)


def _cell_maps(grid: TileGrid, evidence: TileEvidence, config: ModelConfig) -> CellMaps:
    return CellMaps(
        grid=grid,
        score=crack_probability(
            cell_log_odds(blend_cells(grid, evidence, config), coarse=evidence.coarse), config.cells
        ),
        tile_score=blend(grid, whole_tiles(evidence.score, grid.cells_hw), evidence.looked),
        picture=evidence.picture,
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


def _tile_scores(grid: TileGrid, evidence: TileEvidence, threshold: float) -> Iterator[TileScore]:
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
