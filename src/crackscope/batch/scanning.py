"""``scan`` in shards: its tables as Parquet, GeoJSON, overlays, and each report whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from threading import Event
from typing import Any

import pyarrow

from crackscope import __version__
from crackscope.batch.models import model_facts
from crackscope.batch.photos import PhotoHere
from crackscope.batch.places import Place
from crackscope.batch.records import Job, Kind
from crackscope.batch.shards import Manifest, read_rows, shard_file, table_bytes
from crackscope.batch.tasks import Answer, Outcomes
from crackscope.bundle import Bundle
from crackscope.errors import MissingExtraError, PhotoError
from crackscope.guard import one_photo
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.pipeline import map_in_order
from crackscope.inspection.codec import report_from_json, report_to_json
from crackscope.photos.items import ScanItem
from crackscope.records import Failure
from crackscope.scanning.folder import OVERLAYS, overlay_name, results_header, scan_items
from crackscope.scanning.index_page import write_index
from crackscope.scanning.journal import JOURNAL_NAME
from crackscope.scanning.records import ScanSettings
from crackscope.scanning.results import (
    PHOTO_COLUMNS,
    REGION_COLUMNS,
    TILE_COLUMNS,
    ScanOutcome,
    features,
    photo_rows,
    region_rows,
    tile_rows,
    write_results,
)
from crackscope.scanning.scanner import CrackScanner
from crackscope.storage import write_text
from crackscope.table_text import one_line

PHOTOS, REGIONS, TILES, GEOJSON = "photos", "regions", "tiles", "geojson"

#: The column of ``photos/`` with the whole report; null for a photo that could not be scanned.
_RECORD = "record"
_PATH, _ERROR = "path_whole", "error_whole"

_WHOLE_NUMBERS = frozenset(
    {"regions", "tiles", "width_px", "height_px", "region", "left", "top", "right", "bottom", "area_px"}
)
_REAL_NUMBERS = frozenset(
    {"score", "threshold", "cracked_share", "mm_per_px", "focal_length_mm", "latitude", "longitude"}
    | {"altitude_m", "picture_share", "width_mm", "height_mm", "area_mm2", "distance"}
)


def scan_job(
    bundle: Bundle,
    sources: Sequence[str],
    *,
    folder: str | None,
    settings: ScanSettings,
    overlays: bool,
    every_s: float,
    runs_on: tuple[str, str],
    shard_photos: int,
) -> Job:
    """The job of ``batch scan``; ``runs_on`` are engine and device."""
    engine, device = runs_on
    return Job(
        kind=Kind.SCAN,
        sources=tuple(sources),
        folder=folder,
        model=model_facts(bundle),
        settings={"scan": asdict(settings), "overlays": overlays, "every_s": every_s},
        engine=str(engine),
        device=str(device),
        header=results_header(bundle, settings),
        version=__version__,
        shard_photos=shard_photos,
    )


class ScanTask:
    """`CrackScanner.scan_item` over the photos and frames of a shard."""

    def __init__(self, job: Job, bundle: Bundle, *, threads: int, device: str, scratch: Path) -> None:
        values = job.settings["scan"]
        self.classifier = CrackClassifier.load(bundle, engine=job.engine, device=device, threads=threads)
        settings = ScanSettings(**{**values, "scales": tuple(values["scales"])})
        self._scanner = CrackScanner(self.classifier, settings, threads)
        self._every_s: float = job.settings["every_s"]
        self._overlays = scratch / OVERLAYS
        self._draws: bool = job.settings["overlays"]

    def answer(self, photos: Iterable[PhotoHere | Failure]) -> Generator[Answer]:
        """The rows of each photo, or of each frame, in order, under the photos' names."""
        yield from map_in_order(self._answer, photos, threads=self._scanner.jobs)

    def files(self, shard: int, outcomes: Outcomes) -> dict[str, bytes]:
        """The tables with the columns of ``scan``, and the regions as GeoJSON."""
        whole = [pyarrow.field(name, pyarrow.string()) for name in (_RECORD, _PATH, _ERROR)]
        documents = [feature for outcome in outcomes for feature in features(outcome)]
        collection = {"type": "FeatureCollection", "features": documents}
        return {
            shard_file(PHOTOS, shard): _table(outcomes, _photo_rows, [*_fields(PHOTO_COLUMNS), *whole]),
            shard_file(REGIONS, shard): _table(outcomes, region_rows, _fields(REGION_COLUMNS)),
            shard_file(TILES, shard): _table(outcomes, tile_rows, _fields(TILE_COLUMNS)),
            shard_file(GEOJSON, shard, "geojson"): json.dumps(collection, allow_nan=False).encode(),
        }

    def upload(self, place: Place) -> None:
        """Move the overlays to the destination."""
        # Their own folder is no place to look for photos.
        place.write(JOURNAL_NAME, b"")
        for overlay in sorted(self._overlays.glob("*.jpg")):
            place.upload(f"{OVERLAYS}/{overlay.name}", overlay)
            overlay.unlink()

    def _answer(self, photo: PhotoHere | Failure, stop: Event) -> Answer:
        if isinstance(photo, Failure):
            return photo, [photo]
        items = scan_items(self._scanner, [photo.path], self._every_s)
        return photo, [self._scan(item, photo) for item in items if not stop.is_set()]

    def _scan(self, item: ScanItem | Failure, photo: PhotoHere) -> ScanOutcome:
        if isinstance(item, Failure):
            return photo.failure(item.error)
        _name_after(item, photo)
        try:
            with one_photo(item.name):
                return self._scan_item(item)
        except (PhotoError, MissingExtraError) as error:
            return replace(photo.failure(str(error)), path=item.name)

    def _scan_item(self, item: ScanItem) -> ScanOutcome:
        overlay = self._overlays / overlay_name(item) if self._draws else None
        return replace(self._scanner.scan_item(item, overlay), heat=None)


def merge_scan(place: Place, job: Job, manifests: Iterable[Manifest], output: Path) -> None:
    """Write the files of ``scan``.

    Raises:
        ResumeError: A shard is damaged.
        OutputError: The folder can't be written to.
    """
    columns = [_RECORD, _PATH, _ERROR]
    rows = (row for manifest in manifests for row in read_rows(place, manifest, PHOTOS, columns))
    write_results(output, map(_outcome, rows), job.header)
    write_index(output)
    write_text(output / JOURNAL_NAME, "")
    for name in place.names(OVERLAYS) if job.settings["overlays"] else []:
        target = output / OVERLAYS / name
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            place.download(f"{OVERLAYS}/{name}", target)


def _name_after(item: ScanItem, photo: PhotoHere) -> None:
    """Name an item as the user does, and its overlay after that."""
    item.name = item.name.replace(photo.path, photo.name, 1)
    item.stem = item.stem.replace(Path(photo.path).stem, Path(photo.name).stem, 1)


def _fields(columns: Sequence[str]) -> list[Any]:
    return [pyarrow.field(name, _type(name, columns)) for name in columns]


def _type(name: str, columns: Sequence[str]) -> Any:
    # A photo may have several sizes of tile, a tile has one.
    if name in _WHOLE_NUMBERS or (name == "tile_px" and columns is TILE_COLUMNS):
        return pyarrow.int64()
    if name in _REAL_NUMBERS:
        return pyarrow.float64()
    return pyarrow.bool_() if name == "review" else pyarrow.string()


def _table(
    outcomes: Outcomes, rows_of: Callable[[ScanOutcome], Iterator[dict[str, Any]]], fields: list[Any]
) -> bytes:
    rows = [_one_line(row) for outcome in outcomes for row in rows_of(outcome)]
    return table_bytes(rows, pyarrow.schema(fields))


def _one_line(row: dict[str, Any]) -> dict[str, Any]:
    return {name: one_line(value) if isinstance(value, str) else value for name, value in row.items()}


def _photo_rows(outcome: ScanOutcome) -> Iterator[dict[str, Any]]:
    (row,) = photo_rows(outcome)
    # JSON in ASCII: a file's name need not be UTF-8, which Parquet's text has to be.
    if isinstance(outcome, Failure):
        record, error = None, json.dumps(outcome.error)
    else:
        record, error = json.dumps(report_to_json(outcome), allow_nan=False), None
    yield {**row, _RECORD: record, _PATH: json.dumps(outcome.path), _ERROR: error}


def _outcome(row: dict[str, Any]) -> ScanOutcome:
    path = json.loads(row[_PATH])
    if row[_RECORD] is None:
        return Failure(path=path, error=json.loads(row[_ERROR]))
    return report_from_json(json.loads(row[_RECORD]), path)
