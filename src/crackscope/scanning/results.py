"""The tables and documents of a scan, version 1; studies/scanning.md and ``schemas/`` describe them.

Everything is written from the reports alone, in their order, without clocks or machine names: the same
photos, model and settings give the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from crackscope.errors import PhotoError
from crackscope.guard import one_photo
from crackscope.inspection.codec import (
    RESULTS_JSON,
    SCHEMA_VERSION,
    photo_document,
    region_document,
    region_millimetres,
)
from crackscope.inspection.records import BoxLTRB, PhotoReport, Region
from crackscope.labels import Label
from crackscope.photos.metadata import PhotoMetadata
from crackscope.records import Failure
from crackscope.storage import atomic_path
from crackscope.table_text import one_line, spreadsheet_cell

PHOTO_COLUMNS = (
    "path", "label", "score", "threshold", "review", "reason", "error", "cracked_share", "regions", "tiles",
    "width_px", "height_px", "tile_px", "mm_per_px", "sha256", "taken", "camera", "focal_length_mm",
    "latitude", "longitude", "altitude_m", "crs", "overlay", "picture_share", "scale", "map_problem",
)  # fmt: skip
REGION_COLUMNS = (
    "path", "region", "score", "left", "top", "right", "bottom", "area_px", "width_mm", "height_mm",
    "area_mm2",
)  # fmt: skip
TILE_COLUMNS = ("path", "tile_px", "left", "top", "right", "bottom", "score", "label", "distance")

PHOTOS_CSV, REGIONS_CSV, TILES_CSV = "photos.csv", "regions.csv", "tiles.csv"
REGIONS_GEOJSON = "regions.geojson"

ScanOutcome = PhotoReport | Failure


@dataclass(slots=True)
class Written:
    """What stands in the tables: photos that are Positive, to be reviewed, and those without a score."""

    positive: int = 0
    review: int = 0
    failures: list[Failure] = field(default_factory=list)

    def count(self, outcome: ScanOutcome) -> None:
        """One more row."""
        if isinstance(outcome, Failure):
            self.failures.append(outcome)
            return
        self.positive += outcome.label is Label.POSITIVE
        self.review += outcome.review


def write_results(folder: Path, outcomes: Iterable[ScanOutcome], header: dict[str, Any]) -> Written:
    """Write all tables and documents, each whole or not at all, holding one report at a time.

    A report whose rows can't be made is a failure in all of them.

    Args:
        folder: Where to.
        outcomes: Reports and failures in the order of the rows.
        header: What stands before the photos in ``results.json``: model and settings.

    Raises:
        OutputError: The folder can't be written to, or the disk is full.
    """
    with ExitStack() as stack:

        def new(name: str) -> TextIO:
            return stack.enter_context(_whole_file(folder / name))

        lists = [
            _JsonList(
                new(RESULTS_JSON), {"schema_version": SCHEMA_VERSION, **header}, "photos", photo_documents
            ),
            _JsonList(new(REGIONS_GEOJSON), {"type": "FeatureCollection"}, "features", features),
        ]
        tables = [
            _Table(new(PHOTOS_CSV), PHOTO_COLUMNS, photo_rows),
            _Table(new(REGIONS_CSV), REGION_COLUMNS, region_rows),
            _Table(new(TILES_CSV), TILE_COLUMNS, tile_rows),
        ]
        written = Written()
        parts: list[_Table | _JsonList] = [*tables, *lists]
        for outcome in outcomes:
            shown, texts = _rendered(outcome, parts)
            written.count(shown)
            for part, text in zip(parts, texts, strict=True):
                part.add(text)
        for each in lists:
            each.close()
    return written


def _rendered(
    outcome: ScanOutcome, parts: Sequence[_Table | _JsonList]
) -> tuple[ScanOutcome, list[list[str]]]:
    """Its rows in every file, or those of a failure: nothing is written of a report that breaks half way."""
    try:
        with one_photo(outcome.path):
            return outcome, [part.render(outcome) for part in parts]
    except PhotoError as error:
        failure = Failure(path=outcome.path, error=str(error))
        return failure, [part.render(failure) for part in parts]


def photo_rows(outcome: ScanOutcome) -> Iterator[dict[str, Any]]:
    """The photo's row under `PHOTO_COLUMNS`; a failure has only ``path`` and ``error``."""
    if isinstance(outcome, Failure):
        yield {"path": outcome.path, "error": outcome.error}
        return
    (document,) = photo_documents(outcome)
    flat = {**document, **document["metadata"], "regions": len(outcome.regions)}
    flat["tile_px"] = " ".join(str(side) for side in outcome.tile_px)
    yield {name: flat[name] for name in PHOTO_COLUMNS}


def region_rows(outcome: ScanOutcome) -> Iterator[dict[str, Any]]:
    """A row per region under `REGION_COLUMNS`; millimetres only where the scale is known."""
    if isinstance(outcome, Failure):
        return
    for region in outcome.regions:
        yield {
            "path": outcome.path,
            "region": region.number,
            "score": region.score,
            **_sides(region.box_ltrb),
            "area_px": region.area_px,
            **region_millimetres(region, outcome.mm_per_px),
        }


def tile_rows(outcome: ScanOutcome) -> Iterator[dict[str, Any]]:
    """A row per tile under `TILE_COLUMNS`."""
    if isinstance(outcome, Failure):
        return
    for tile in outcome.tiles:
        yield {
            "path": outcome.path,
            "tile_px": tile.tile_px,
            **_sides(tile.box_ltrb),
            "score": tile.score,
            "label": str(tile.label),
            "distance": tile.distance,
        }


def photo_documents(outcome: ScanOutcome) -> Iterator[dict[str, Any]]:
    """The photo as it stands in ``results.json``; tiles are in ``tiles.csv`` only."""
    if isinstance(outcome, Failure):
        yield {"path": outcome.path, "error": outcome.error}
        return
    yield photo_document(outcome)


def features(outcome: ScanOutcome) -> Iterator[dict[str, Any]]:
    """A GeoJSON feature (RFC 7946) per region.

    The geometry is the region's box where the photo has a coordinate reference system, the camera's position
    where it has only that, and null otherwise; the box in pixels is always in the properties.
    """
    if isinstance(outcome, Failure):
        return
    for region in outcome.regions:
        yield {
            "type": "Feature",
            "geometry": _geometry(region, outcome.metadata),
            "properties": {
                "path": outcome.path,
                "label": str(outcome.label),
                **region_document(region, outcome.mm_per_px),
                "taken": outcome.metadata.taken,
                "position": _position(region, outcome.metadata),
                "crs": outcome.metadata.crs,
                "map_problem": outcome.metadata.map_problem,
                "box_crs": None if region.place is None else [list(xy) for xy in region.place.ring_crs],
            },
        }


def _geometry(region: Region, metadata: PhotoMetadata) -> dict[str, Any] | None:
    if region.place is not None:
        polygons = [[[list(xy) for xy in ring]] for ring in region.place.polygons_wgs84]
        if len(polygons) == 1:
            return {"type": "Polygon", "coordinates": polygons[0]}
        return {"type": "MultiPolygon", "coordinates": polygons}
    if metadata.latitude is not None and metadata.longitude is not None:
        return {"type": "Point", "coordinates": [metadata.longitude, metadata.latitude]}
    return None


def _position(region: Region, metadata: PhotoMetadata) -> str:
    if region.place is not None:
        return "region"
    return "unknown" if metadata.latitude is None else "camera"


def _sides(box_ltrb: BoxLTRB) -> dict[str, int]:
    return dict(zip(("left", "top", "right", "bottom"), box_ltrb, strict=True))


class _Table:
    """A CSV file: UTF-8, LF, one physical line per row."""

    def __init__(
        self, out: TextIO, columns: tuple[str, ...], rows_of: Callable[[Any], Iterable[Any]]
    ) -> None:
        self._out, self._columns, self._rows_of = out, columns, rows_of
        csv.DictWriter(out, columns, lineterminator="\n").writeheader()

    def render(self, outcome: ScanOutcome) -> list[str]:
        lines = io.StringIO()
        writer = csv.DictWriter(lines, self._columns, restval="", lineterminator="\n")
        writer.writerows(
            {name: _cell(name, value) for name, value in row.items()} for row in self._rows_of(outcome)
        )
        return [lines.getvalue()]

    def add(self, lines: list[str]) -> None:
        self._out.writelines(lines)


class _JsonList:
    """A JSON object whose last member is a list that is written item by item."""

    def __init__(
        self, out: TextIO, head: dict[str, Any], name: str, items_of: Callable[[Any], Iterable[Any]]
    ) -> None:
        self._out, self._items_of, self._first = out, items_of, True
        members = "".join(f"{_json(key)}: {_json(value)},\n" for key, value in head.items())
        out.write(f"{{\n{members}{_json(name)}: [")

    def render(self, outcome: ScanOutcome) -> list[str]:
        return [_json(item) for item in self._items_of(outcome)]

    def add(self, items: list[str]) -> None:
        for item in items:
            self._out.write(("\n" if self._first else ",\n") + item)
            self._first = False

    def close(self) -> None:
        self._out.write("\n]\n}\n")


@contextmanager
def _whole_file(path: Path) -> Iterator[TextIO]:
    # Bytes of a file name that are no UTF-8 become \\udcff: valid JSON that reads back as it was.
    with (
        atomic_path(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out,
    ):
        yield out


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _cell(column: str, value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return spreadsheet_cell(column, one_line(value)) if isinstance(value, str) else value
