"""How sure the cells of a scan may be: a model's own numbers, fitted on walls with painted cracks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation
from scipy.special import expit

from crackscope.bundle import Calibration
from crackscope.evaluation.calibration import IDENTITY, fit_calibration
from crackscope.evaluation.tables import Table, number_text
from crackscope.images import Photo
from crackscope.inference.find_photos import photo_files
from crackscope.inference.stitching import cell_log_odds
from crackscope.inference.tile_scores import score_tiles
from crackscope.inference.tiling import plan_looks
from crackscope.photos.pixels import DecodedPhoto
from crackscope.scan_calibration.painted_walls import Wall, paint_wall
from crackscope.scanning.analysis import blend_cells
from crackscope.scanning.scanner import CrackScanner

#: Every second wall is cracked, and folds need cracks on both sides.
LEAST_WALLS = 4

Progress = Callable[[int, int | None], None]
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFit:
    """What was fitted, and the cells it was fitted on.

    Attributes:
        cells: For `ModelConfig.cells`.
        n_walls: How many walls were scanned.
        log_odds: (N,) of all their cells, for even odds.
        cracked: (N,) bool.
    """

    cells: Calibration
    n_walls: int
    log_odds: F64
    cracked: NDArray[np.bool_]

    def mean_score(self, cells: Calibration) -> float:
        """Of the walls' cells; it should be the share of them that is cracked."""
        return float(expit(cells.scale * self.log_odds + cells.bias).mean())

    def log_loss(self, cells: Calibration) -> float:
        """Per cell, in nats."""
        logit = cells.scale * self.log_odds + cells.bias
        return float(np.mean(np.logaddexp(0, logit) - self.cracked * logit))


def fit_cells(
    scanner: CrackScanner,
    healthy: Sequence[Path],
    *,
    walls_per_source: int = 10,
    seed: int = 0,
    progress: Progress | None = None,
) -> CellFit:
    """Scan walls of intact concrete with painted cracks, and fit scale and bias of the cells' log odds.

    Args:
        scanner: With the model whose cells are fitted.
        healthy: Folders, each a source: patches, or photos many patches large. No crack must be in them.
        walls_per_source: At least `LEAST_WALLS`.
        seed: Of walls and cracks.
        progress: Told (walls scanned, walls).

    Raises:
        NoPhotosError: A folder is missing or without a photo.
        DataError: A photo can't be read, or there are too few patches for a wall.
    """
    sources = [photo_files([folder]) for folder in healthy]
    n_walls = len(sources) * walls_per_source
    log_odds, cracked, groups = [], [], []
    patch_px = scanner.classifier.bundle.config.patch_px
    for number, wall in enumerate(paint_walls(sources, patch_px, walls_per_source, seed)):
        found, coarse = scan_log_odds(scanner, wall)
        found = found.ravel()
        log_odds.append(found)
        cracked.append(cracked_cells(wall.crack_hw, scanner, coarse=coarse).ravel())
        groups += [f"wall {number}"] * found.size
        if progress is not None:
            progress(number + 1, n_walls)
    known, even = np.concatenate(cracked), np.concatenate(log_odds)
    names = ", ".join("/".join(folder.resolve().parts[-2:]) for folder in healthy)
    what = (
        f"{n_walls} walls of intact concrete ({names}), every second one with a painted crack: "
        f"{known.mean():.1%} of cells cracked"
    )
    return CellFit(
        cells=fit_calibration(even, known, groups, seed=seed, fitted_on=what),
        n_walls=n_walls,
        log_odds=even,
        cracked=known,
    )


def cells_table(fit: CellFit, before: Calibration) -> Table:
    """What the walls' cells get for even odds, with the numbers of ``before``, and with the fitted ones."""
    even = Calibration(method=IDENTITY, scale=1.0, bias=0.0, fitted_on="")
    rows = {"even odds": even, "the model now": before, "fitted": fit.cells}
    return Table(
        title=f"Cells of {fit.cells.fitted_on}",
        columns=("", "scale", "bias", "mean score", "log loss"),
        rows=tuple(
            (
                name,
                f"{cells.scale:.2f}",
                f"{cells.bias:.2f}",
                f"{fit.mean_score(cells):.1%}",
                number_text(fit.log_loss(cells)),
            )
            for name, cells in rows.items()
        ),
        notes=(f"Log loss on walls left out of the fit: {number_text(fit.cells.nll_after)}.",),
    )


def paint_walls(
    sources: Sequence[Sequence[Path]], patch_px: int, walls_per_source: int, seed: int
) -> Iterator[Wall]:
    """Walls of one source after another, every second one cracked; see `paint_wall`.

    One crack on every second wall: some 3 of 100 cells are cracked, as in photos of an inspection.
    """
    for source, photos in enumerate(sources):
        for number in range(walls_per_source):
            rng = np.random.default_rng([seed, source, number])
            yield paint_wall(photos, patch_px, rng, cracked=number % 2 == 1)


def scan_log_odds(scanner: CrackScanner, wall: Wall) -> tuple[F64, bool]:
    """(rows, columns) log odds of a wall's cells for even odds, at the finest scale; is the map coarse?"""
    config, photo_hw = scanner.classifier.bundle.config, wall.crack_hw.shape
    grid = plan_looks(photo_hw, config, scanner.settings)[0]
    source = DecodedPhoto(Photo(wall.pixels_hwc, photo_hw))
    evidence = score_tiles(scanner.classifier.infer_each, source, grid)
    log_odds = cell_log_odds(blend_cells(grid, evidence, config), coarse=evidence.coarse)
    return log_odds.astype(np.float64), evidence.coarse


def cracked_cells(
    crack_hw: NDArray[np.bool_], scanner: CrackScanner, *, coarse: bool = True
) -> NDArray[np.bool_]:
    """(rows, columns) bool: where a crack covers a quarter of a cell's side in pixels.

    There or, for a ``coarse`` map, beside it: that is what a map whose places are two cells wide can tell.
    """
    photo_hw = (crack_hw.shape[0], crack_hw.shape[1])
    rows, columns = plan_looks(photo_hw, scanner.classifier.bundle.config, scanner.settings)[0].shape
    side_px = photo_hw[0] / rows
    covered = Image.fromarray(crack_hw.astype(np.float32)).resize((columns, rows), Image.Resampling.BOX)
    found = np.asarray(covered) * side_px >= 1 / 4
    return np.asarray(binary_dilation(found, np.ones((3, 3))) if coarse else found)
