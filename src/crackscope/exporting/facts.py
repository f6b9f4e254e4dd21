"""What is told of a place in every table: one row, the same names in CSV, GeoJSON and GeoPackage."""

from __future__ import annotations

from crackscope.exporting.records import ExportedPhoto, ExportedPlace
from crackscope.inspection.codec import region_millimetres
from crackscope.inspection.findings import Finding

Cell = str | int | float | None

PLACE_COLUMNS = (
    "path", "photo", "element", "place", "source", "type", "score", "seen_by", "seen_at",
    "left", "top", "right", "bottom", "area_px", "box_width_mm", "box_height_mm", "area_mm2", "mm_per_px",
    "width_mm", "width_method", "length_mm", "condition", "recommendation", "note",
    "taken", "latitude", "longitude", "crs", "sha256",
)  # fmt: skip


def place_row(photo: ExportedPhoto, place: ExportedPlace) -> dict[str, Cell]:
    """The row under `PLACE_COLUMNS`.

    ``latitude`` and ``longitude`` are the camera's, or the middle of a map. ``width_mm`` is a crack's, as a
    person typed it; ``box_width_mm`` follows from the photo's scale.
    """
    entry = photo.entry
    left, top, right, bottom = place.shape.box_ltrb
    return {
        "path": entry.name,
        "photo": entry.number,
        "element": entry.element,
        "place": place.name,
        "source": str(place.source),
        "type": str(place.kind),
        "score": None if place.region is None else place.region.score,
        **_seen(place),
        **{"left": left, "top": top, "right": right, "bottom": bottom},
        **_sizes(photo, place),
        "mm_per_px": entry.mm_per_px,
        **_stated(place.finding),
        "taken": entry.taken,
        "latitude": entry.latitude,
        "longitude": entry.longitude,
        "crs": None if place.ground is None else place.ground.crs,
        "sha256": entry.sha256,
    }


def _seen(place: ExportedPlace) -> dict[str, Cell]:
    last = place.finding or place.act
    if last is None:
        return {"seen_by": None, "seen_at": None}
    return {"seen_by": last.who, "seen_at": last.when.isoformat(timespec="seconds")}


def _sizes(photo: ExportedPhoto, place: ExportedPlace) -> dict[str, Cell]:
    scale = photo.entry.mm_per_px
    left, top, right, bottom = place.shape.box_ltrb
    region = place.region
    return {
        "area_px": None if region is None else region.area_px,
        "box_width_mm": None if scale is None else round((right - left) * scale, 2),
        "box_height_mm": None if scale is None else round((bottom - top) * scale, 2),
        "area_mm2": None if region is None else region_millimetres(region, scale)["area_mm2"],
    }


def _stated(finding: Finding | None) -> dict[str, Cell]:
    if finding is None:
        return dict.fromkeys(("width_mm", "width_method", "length_mm", "condition", "recommendation", "note"))
    said = finding.statement
    return {
        "width_mm": said.width_mm,
        "width_method": None if said.width_method is None else str(said.width_method),
        "length_mm": None if finding.length_mm is None else round(finding.length_mm, 1),
        "condition": "; ".join(map(str, said.ratings)),
        "recommendation": said.recommendation,
        "note": said.note,
    }
