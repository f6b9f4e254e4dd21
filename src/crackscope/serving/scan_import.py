"""A scan's folder of the command line as a project: its photos are kept, its results count as they are.

A scan's folder has no heat maps, only its tiles. The grid of such a result is the mean of the tiles over each
cell: coarser than a scan by the server gives, and without the scores of tiles beside it, so that regions at
another threshold are shown as the estimate they are.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from crackscope.errors import DataError
from crackscope.inspection.codec import region_document
from crackscope.inspection.records import BoxLTRB, ScaleSource
from crackscope.reporting.records import PhotoEntry
from crackscope.reporting.results_file import ScanResults
from crackscope.serving.elements import element_named, put_into
from crackscope.serving.models import Job, Photo, Project, Result, now
from crackscope.serving.photo_store import PhotoStore
from crackscope.serving.photos import take_in
from crackscope.serving.settings import ServeSettings
from crackscope.serving.verdicts import settle
from crackscope.storage import sha256_file

KIND = "import"
_TILES_CSV = "tiles.csv"
_CELLS_PER_TILE = 8
_DECIMALS = 4
#: Photos that are named where they are gone or changed.
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedScan:
    """What a scan's folder became.

    Attributes:
        again: Whether it was opened before; then that project is meant.
        model_sha256: Of the network that gave the results.
    """

    project_id: int
    photos: int
    again: bool
    model_sha256: str


def open_scan(
    session: Session,
    store: PhotoStore,
    settings: ServeSettings,
    folder: Path,
    photos: Path | None = None,
) -> OpenedScan:
    """Make a project of a scan's folder, once: the same results are opened again as the project they became.

    Photos are copied, and must have the SHA-256 of what was scanned. One that could not be scanned is a
    failed one where its file is there. Sub-folders become elements.

    Raises:
        DataError: The results can't be read, or photos are gone or changed; says which.
        OutputError: The photos can't be kept.
    """
    results = ScanResults(folder, photos)
    key = f"scan-{sha256_file(results.path)[:56]}"
    if (known := _opened_before(session, key)) is not None:
        count = len(session.scalars(select(Photo.id).where(Photo.project_id == known)).all())
        return OpenedScan(project_id=known, photos=count, again=True, model_sha256=results.model.sha256)
    _require_unchanged(results.photos)
    tiles = _tiles_of(results.path.parent / _TILES_CSV)
    with store.lock:
        project = Project(name=(results.path.parent.resolve().name or "scan")[:200])
        session.add(project)
        session.flush()
        chosen = _server_settings(results.settings)
        job = Job(kind=KIND, status="done", settings=chosen, project_id=project.id, key=key)
        job.started_at = job.finished_at = now()
        session.add(job)
        session.flush()
        kept = 0
        for entry, tile_count in zip(results.photos, results.tile_counts, strict=True):
            scores = list(islice(tiles, tile_count))
            if entry.file is not None and entry.file.is_file():
                _keep(session, store, settings, job, entry, scores, results.model.sha256)
                kept += 1
        job.done = job.total = kept
        session.commit()
    return OpenedScan(project_id=project.id, photos=kept, again=False, model_sha256=results.model.sha256)


def _opened_before(session: Session, key: str) -> int | None:
    job = session.scalar(select(Job).where(Job.key == key))
    if job is None or job.project_id is None:
        return None
    if session.get(Project, job.project_id) is None:  # deleted since
        job.key = None
        session.flush()
        return None
    return job.project_id


def _require_unchanged(entries: Sequence[PhotoEntry]) -> None:
    scanned = [entry for entry in entries if entry.sha256 is not None]
    problems = [f"{entry.name} {problem}" for entry in scanned if (problem := _problem(entry)) is not None]
    if problems:
        more = f" and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
        raise DataError(
            f"{len(problems)} of {len(scanned)} photos of the scan can't be opened: "
            f"{'; '.join(problems[:_NAMED])}{more}. Name the folder where they lie now with --photos, "
            "or scan them again"
        )


def _problem(entry: PhotoEntry) -> str | None:
    if entry.file is None or not entry.file.is_file():
        frame = " (frames of videos are no files)" if "#t=" in entry.name else ""
        return f"is not there any more{frame}"
    return None if sha256_file(entry.file) == entry.sha256 else "is another file than was scanned"


def _server_settings(chosen: dict[str, Any]) -> dict[str, Any]:
    """What the server knows of a scan's settings."""
    return {name: chosen.get(name) for name in ("overlap", "tile_px", "threshold", "mm_per_px")}


def _keep(
    session: Session,
    store: PhotoStore,
    settings: ServeSettings,
    job: Job,
    entry: PhotoEntry,
    tiles: Sequence[tuple[BoxLTRB, float]],
    model_sha256: str,
) -> None:
    assert entry.file is not None
    assert job.project_id is not None
    with entry.file.open("rb") as file:
        ((photo, refusal),) = take_in(
            session, store, settings, job, job.project_id, [(_short(entry.name), file)]
        )
    folder = _short(entry.name).rpartition("/")[0]
    if folder:
        put_into(session, element_named(session, job.project_id, folder[-200:]), [photo])
    if refusal is not None:
        return
    if entry.label is None or entry.photo_hw is None:
        photo.status, photo.error = "failed", entry.error
        return
    photo.status = "done"
    photo.height_px, photo.width_px = entry.photo_hw
    photo.latitude, photo.longitude = entry.latitude, entry.longitude
    session.add(_result(photo, entry, tiles, model_sha256))
    settle(session, photo)


def _short(name: str) -> str:
    printable = "".join(letter if letter.isprintable() else "_" for letter in name)
    return printable.replace("\\", "/").lstrip("/")[-255:] or "photo"


def _result(
    photo: Photo, entry: PhotoEntry, tiles: Sequence[tuple[BoxLTRB, float]], model_sha256: str
) -> Result:
    assert entry.photo_hw is not None
    assert entry.score is not None
    assert entry.threshold is not None
    return Result(
        photo_id=photo.id,
        model_sha256=model_sha256,
        settings={**photo.settings, "mm_per_px": entry.mm_per_px, "scale": str(_scale(photo, entry))},
        label=str(entry.label),
        score=entry.score,
        threshold=entry.threshold,
        reason=None if entry.reason is None else str(entry.reason),
        cracked_share=entry.cracked_share,
        tile_px=entry.tile_px[0],
        regions=[region_document(region, entry.mm_per_px) for region in entry.regions],
        grid=grid_of_tiles(entry.photo_hw, entry.tile_px[0], tiles),
    )


def _scale(photo: Photo, entry: PhotoEntry) -> ScaleSource:
    if entry.mm_per_px is None:
        return ScaleSource.UNCALIBRATED
    return ScaleSource.MAP if photo.settings["mm_per_px"] is None else ScaleSource.USER


def grid_of_tiles(
    photo_hw: tuple[int, int], tile_px: int, tiles: Sequence[tuple[BoxLTRB, float]]
) -> dict[str, Any]:
    """A result's grid: the mean score of the tiles over each cell, 0 where there was none.

    Args:
        photo_hw: In pixels.
        tile_px: Side of the finest tiles.
        tiles: Boxes and scores; several scales are averaged alike.
    """
    height, width = photo_hw
    rows = max(1, math.ceil(_CELLS_PER_TILE * height / tile_px))
    columns = max(1, math.ceil(_CELLS_PER_TILE * width / tile_px))
    total, count = np.zeros((rows, columns)), np.zeros((rows, columns))
    for (left, top, right, bottom), score in tiles:
        over = np.s_[
            top * rows // height : max(top * rows // height + 1, round(bottom * rows / height)),
            left * columns // width : max(left * columns // width + 1, round(right * columns / width)),
        ]
        total[over] += score
        count[over] += 1
    scores = (total / np.maximum(count, 1)).round(_DECIMALS)
    return {"rows": rows, "columns": columns, "scores": scores.tolist()}


def _tiles_of(path: Path) -> Iterator[tuple[BoxLTRB, float]]:
    """Boxes and scores of all tiles, in the order of the photos."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                box = int(row["left"]), int(row["top"]), int(row["right"]), int(row["bottom"])
                yield box, float(row["score"])
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"cannot read {path}: {error}; scan the photos again") from error
