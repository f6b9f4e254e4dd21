"""Places as a drawing (DXF, ezdxf, extra ``[dxf]``): in the map's coordinates, or in pixels side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crackscope.errors import DataError
from crackscope.exporting.records import Exported, ExportedPhoto, ExportedPlace, all_places
from crackscope.extras import needs_extra
from crackscope.inspection.findings import FindingKind, ShapeKind
from crackscope.photos.geo import unit_of_length
from crackscope.table_text import one_line

#: AutoCAD's colour index, readable on black and on white.
_COLOURS = {
    FindingKind.CRACK: 1,
    FindingKind.MAP_CRACKING: 30,
    FindingKind.SPALLING: 5,
    FindingKind.JOINT: 3,
    FindingKind.EFFLORESCENCE: 6,
    FindingKind.OTHER: 8,
}
_PHOTO_LAYER, _PHOTO_COLOUR = "PHOTO", 8
#: DXF's numbers of units, by GDAL's names of them; 0 is none.
_UNITS = {"metre": 6, "meter": 6, "foot": 2, "US survey foot": 21}
#: Of the drawing's shorter side; of a photo's width.
_TEXT_SHARE, _GAP_SHARE = 0.012, 0.1


@dataclass(frozen=True, slots=True)
class _Line:
    """A place as it is drawn: x to the right, y up."""

    layer: str
    text: str
    points_xy: Sequence[tuple[float, float]]
    closed: bool


def write_dxf(target: Path, photos: Sequence[ExportedPhoto], *, pixels: bool = False) -> Exported:
    """A layer per type, every place an outline with its photo's number and its name.

    Where photos are maps of one projected reference system, coordinates are those of it and other photos are
    left out. Otherwise photos lie side by side, a unit is a pixel, and each has its frame.

    Args:
        target: Where to.
        photos: What to draw.
        pixels: Draw in pixels even where maps are known.

    Raises:
        MissingExtraError: ezdxf is not installed.
        DataError: The maps have several reference systems.
    """
    grounds = [place.ground for _, place in all_places(photos) if place.ground is not None]
    systems = sorted({ground.crs for ground in grounds})
    on_map = bool(systems) and not pixels
    if on_map and len(systems) > 1:
        raise DataError(
            f"the maps have {len(systems)} reference systems ({', '.join(systems)}) and a drawing has one; "
            "draw in pixels, or write a GeoPackage"
        )
    unit = _unit(systems[0]) if on_map else 0
    lines = _on_map(photos) if on_map else _side_by_side(photos)
    _draw(target, lines, unit)
    places = sum(len(photo.places) for photo in photos)
    return Exported(
        photos=len(photos),
        places=len(grounds) if on_map else places,
        left_out=places - len(grounds) if on_map else 0,
    )


def _on_map(photos: Sequence[ExportedPhoto]) -> list[_Line]:
    return [
        _Line(_layer(place.kind), _text(photo, place), place.ground.line_crs, place.ground.closed)
        for photo, place in all_places(photos)
        if place.ground is not None
    ]


def _side_by_side(photos: Sequence[ExportedPhoto]) -> list[_Line]:
    lines, left = [], 0.0
    for photo in photos:
        if photo.entry.photo_hw is None:
            continue
        height, width = photo.entry.photo_hw
        frame = ((0, 0), (width, 0), (width, height), (0, height))
        title = one_line(f"{photo.entry.number} {photo.entry.name}")
        lines.append(_Line(_PHOTO_LAYER, title, _moved(frame, left, height), True))
        lines += [
            _Line(
                _layer(place.kind),
                _text(photo, place),
                _moved(place.shape.outline_xy, left, height),
                place.shape.kind is not ShapeKind.POLYLINE,
            )
            for place in photo.places
        ]
        left += width + round(width * _GAP_SHARE)
    return lines


def _moved(points_xy: Sequence[tuple[int, int]], left: float, height: int) -> list[tuple[float, float]]:
    return [(left + x, float(height - y)) for x, y in points_xy]


def _draw(target: Path, lines: Sequence[_Line], unit: int) -> None:
    with needs_extra("dxf"):
        import ezdxf

    drawing = ezdxf.new("R2010")  # type: ignore[attr-defined]
    drawing.header["$INSUNITS"] = unit
    drawing.layers.add(_PHOTO_LAYER, color=_PHOTO_COLOUR)
    for kind, colour in _COLOURS.items():
        drawing.layers.add(_layer(kind), color=colour)
    space: Any = drawing.modelspace()
    height = _text_height(lines)
    for line in lines:
        style = {"layer": line.layer}
        space.add_lwpolyline(_open(line), close=line.closed, dxfattribs=style)
        at = (min(x for x, _ in line.points_xy), max(y for _, y in line.points_xy) + height / 3)
        space.add_text(line.text, height=height, dxfattribs=style).set_placement(at)
    drawing.saveas(target)


def _open(line: _Line) -> list[tuple[float, float]]:
    """Without the point that closes it: the drawing says so itself."""
    points = list(line.points_xy)
    return points[:-1] if line.closed and points[0] == points[-1] else points


def _text_height(lines: Sequence[_Line]) -> float:
    points = [xy for line in lines for xy in line.points_xy] or [(0.0, 0.0)]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    wide, high = max(xs) - min(xs), max(ys) - min(ys)
    # In a row of many photos, their height is what text is read against.
    return max(min(wide, high) * _TEXT_SHARE, max(wide, high) * _TEXT_SHARE / 20, 1e-3)


def _text(photo: ExportedPhoto, place: ExportedPlace) -> str:
    width = None if place.finding is None else place.finding.statement.width_mm
    typed = "" if width is None else f" {width:g} mm"
    return one_line(f"{photo.entry.number}-{place.name}{typed}")


def _layer(kind: FindingKind) -> str:
    return kind.upper().replace(" ", "_")


def _unit(crs: str) -> int:
    """DXF's number of a reference system's unit of length."""
    unit = unit_of_length(crs)
    if unit is None:
        raise DataError(
            f"the map is in degrees ({crs}) and a drawing is not; project it first, or draw in pixels"
        )
    return _UNITS.get(unit, 0)
